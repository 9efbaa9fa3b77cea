// What can be done with money: settle it by hand, give it back, and ask who takes it.

import { ask } from "../core/api.js";
import { el } from "../core/dom.js";
import { money } from "../core/format.js";
import { field } from "../core/frame.js";
import { smallest } from "../desk/amounts.js";
import { doing, following } from "../desk/doing.js";
import { arriving, endsOrder, held, left, refunding } from "./words.js";

/** The buttons of a payment; who may do it at all is what the order allows. */
export function paymentActions(known, payment, again) {
  const buttons = [];
  const add = (name, label, start, isDangerous = false) =>
    buttons.push(button(`${name}-${payment.id}`, label, () => start(known, payment, again), isDangerous));
  const may = new Set(known.order.allowed_actions);
  if (may.has("refund") && left(payment) > 0) add("refund", "Give back…", refund);
  if (payment.status === "pending" || payment.status === "failed") {
    if (payment.provider !== null) add("sync", `Ask ${payment.provider} now…`, sync);
    add("arrived", "It arrived…", arrived);
  }
  if (payment.status === "pending") add("failed", "It failed…", failed, true);
  return buttons;
}

/** The buttons of a refund: only one that has failed needs anybody. */
export function refundActions(known, payment, given, again) {
  if (given.status !== "failed") return [];
  const about = { payment, given };
  return [
    button(`retry-${given.id}`, `Ask ${given.provider} again…`, () => retry(known, about, again)),
    button(`settle-${given.id}`, "Paid out by hand…", () => settle(known, about, again)),
  ];
}

const button = (does, label, onclick, isDangerous = false) =>
  el("button", { type: "button", class: isDangerous ? "danger" : null, "data-does": does, onclick }, label);

/** A change that is meant for the payment as it was looked at. */
const change = (method, payment, what, key, body) =>
  ask(method, `/api/transactions/${payment.id}/${what}`, {
    key,
    body: { updated_at: payment.updated_at, ...body },
  });

const amountIn = (form) => Number(form.elements.amount.value);

function refund(known, payment, again) {
  const rest = left(payment);
  const restock = el("input", { type: "checkbox", name: "restock", checked: true });
  const restocking = el("label", { class: "check" }, restock, "Put its tickets back on sale");
  return doing(again, {
    title: `Give back money of ${payment.transaction_number}`,
    says: [
      `${money(rest, payment.currency)} of ${money(payment.amount, payment.currency)} is left ` +
        "of this payment.",
    ],
    inputs: [
      field("Amount", {
        name: "amount",
        type: "number",
        inputmode: "decimal",
        min: smallest(payment.currency),
        step: smallest(payment.currency),
        value: rest,
        required: true,
      }),
      field("Reason", { name: "reason", maxlength: 2000 }, { hint: "May be left out; it is kept." }),
      restocking,
      following((form) => {
        restocking.hidden = !endsOrder(known.order, amountIn(form));
        return refunding(known, payment, amountIn(form), restock.checked);
      }),
    ],
    action: "Give the money back",
    isDangerous: true,
    done: "The money goes back.",
    run: ({ key, values }) =>
      change("POST", payment, "refund", key, {
        amount: Number(values.amount),
        reason: values.reason.trim() || null,
        restock: restock.checked,
      }),
  });
}

/** Where a provider would tell, a person has to say why they do. */
const why = (payment) =>
  payment.provider === null
    ? []
    : [
        field(
          `Why it is not left to ${payment.provider}`,
          { name: "reason", maxlength: 500, required: true },
          { hint: "It is kept, and stands in the order's history." },
        ),
      ];

const whyOf = (values) => (values.reason === undefined ? {} : { reason: values.reason.trim() });

function arrived(known, payment, again) {
  return doing(again, {
    title: `Did the money of ${payment.transaction_number} arrive?`,
    says: arriving(known, payment),
    inputs: why(payment),
    action: "It arrived",
    done: "The payment is noted as arrived.",
    run: ({ key, values }) =>
      change("PATCH", payment, "status", key, {
        status: "success",
        amount: payment.amount,
        ...whyOf(values),
      }),
  });
}

function failed({ order, buyer }, payment, again) {
  const sum = money(payment.amount, payment.currency);
  return doing(again, {
    title: `Did ${payment.transaction_number} fail?`,
    says: [
      `${sum} of ${buyer.name} is not waited for any more. No money moves.`,
      `The order stays ${order.status}, and ${money(order.balance_due, order.currency)} is due.`,
    ],
    inputs: [
      field("What happened", { name: "failure_reason", maxlength: 2000 }, { hint: "May be left out." }),
      ...why(payment),
    ],
    action: "It failed",
    isDangerous: true,
    done: "The payment is noted as failed.",
    run: ({ key, values }) =>
      change("PATCH", payment, "status", key, {
        status: "failed",
        failure_reason: values.failure_reason.trim() || null,
        ...whyOf(values),
      }),
  });
}

function sync(known, payment, again) {
  return doing(again, {
    title: `Ask ${payment.provider}?`,
    says: [
      `${payment.provider} is asked what became of ${money(payment.amount, payment.currency)} ` +
        `(${payment.transaction_number}), and what it says is done: if the money came, ` +
        "the order is paid.",
    ],
    action: "Ask now",
    done: `${payment.provider} was asked.`,
    run: ({ key }) => ask("POST", `/api/transactions/${payment.id}/sync`, { key }),
  });
}

function retry({ buyer }, { payment, given }, again) {
  const sum = money(given.amount, given.currency);
  return doing(again, {
    title: "Ask for the refund again?",
    says: [
      `${given.provider} is asked once more to give ${sum} back to ${buyer.name}, as for something new.`,
      "Make sure that the money has not gone back in another way.",
    ],
    action: "Ask again",
    done: `${given.provider} is asked again.`,
    run: ({ key }) =>
      ask("POST", `/api/transactions/${payment.id}/refunds/${given.id}/retry`, { key }),
  });
}

function settle({ order, buyer }, { payment, given }, again) {
  const sum = money(given.amount, given.currency);
  return doing(again, {
    title: "Was the refund paid out by hand?",
    says: [
      `${sum} is noted as given back to ${buyer.name} without ${given.provider}, ` +
        "which is not asked again.",
      `The order stays ${order.status}; ${money(held(order), order.currency)} of its money stays here.`,
    ],
    inputs: [
      field(
        "How it went back",
        { name: "reason", maxlength: 500, required: true },
        { hint: "It is kept." },
      ),
    ],
    action: "It was paid out",
    done: "The refund is settled.",
    run: ({ key, values }) =>
      ask("POST", `/api/transactions/${payment.id}/refunds/${given.id}/settle`, {
        key,
        body: { reason: values.reason.trim() },
      }),
  });
}
