// What can be done to an order: exactly what the API says would succeed now.

import { ask, get } from "../core/api.js";
import { el } from "../core/dom.js";
import { dateTime, money, number } from "../core/format.js";
import { field } from "../core/frame.js";
import { smallest } from "../desk/amounts.js";
import { doing } from "../desk/doing.js";
import { cancelling, completing, confirming, deleting } from "./words.js";

// As many as anybody looks through.
const TICKETS = 100;

/** A button for each action that is allowed, in the order in which they are mostly needed. */
export function orderActions(known, again) {
  const allowed = new Set(known.order.allowed_actions);
  return ACTIONS.filter(({ name }) => allowed.has(name)).map(({ name, label, start, isDangerous }) =>
    el(
      "button",
      {
        type: "button",
        class: isDangerous ? "danger" : null,
        "data-does": name,
        onclick: () => start(known, again),
      },
      label,
    ),
  );
}

const pathOf = ({ order }) => `/api/orders/${order.id}`;

/** A change that is meant for the order as it was looked at. */
const change = (method, path, known, { key, body }) =>
  ask(method, path, { key, body, headers: { "If-Match": known.tag } });

function toState(status, { title, says, action, done }) {
  return (known, again) =>
    doing(again, {
      title,
      says: says(known),
      action,
      done,
      run: ({ key }) => change("PATCH", `${pathOf(known)}/status`, known, { key, body: { status } }),
    });
}

function cancel(known, again) {
  return doing(again, {
    title: "Cancel the order?",
    says: cancelling(known),
    inputs: [field("Reason", { name: "reason", maxlength: 200 }, { hint: "May be left out." })],
    action: "Cancel the order",
    isDangerous: true,
    done: "The order is cancelled.",
    run: ({ key, values }) =>
      change("POST", `${pathOf(known)}/cancel`, known, {
        key,
        body: { reason: values.reason.trim() || null },
      }),
  });
}

function remove(known, again) {
  return doing(again, {
    title: "Delete the order?",
    says: deleting(known),
    action: "Delete the order",
    isDangerous: true,
    leaves: true,
    done: `Order ${known.order.order_reference} is deleted.`,
    run: ({ key }) => change("DELETE", pathOf(known), known, { key }),
  });
}

function writeNotes(known, again) {
  const text = el("textarea", { name: "notes", rows: 4, maxlength: 2000 });
  text.value = known.order.notes ?? "";
  return doing(again, {
    title: "Notes",
    says: ["Its buyer sees them too; whom it is shared with does not."],
    inputs: [field("Notes", {}, { control: text })],
    action: "Save the notes",
    done: "The notes are saved.",
    run: ({ key, values }) =>
      change("PUT", pathOf(known), known, { key, body: { notes: values.notes.trim() || null } }),
  });
}

async function addTickets(known, again) {
  const onSale = await get("/api/tickets/", { available: true, sort: "event_date", limit: TICKETS });
  const choice = el(
    "select",
    { name: "ticket_id", required: true },
    onSale.map((ticket) =>
      el(
        "option",
        { value: ticket.id },
        `${ticket.event_name}, ${ticket.category}, ${dateTime(ticket.event_date)}: ` +
          `${money(ticket.price, ticket.currency)}, ${number(ticket.available_quantity)} left`,
      ),
    ),
  );
  return doing(again, {
    title: "Add tickets",
    says: [
      "They are held at today's price, until the order's hold ends: " +
        `${dateTime(known.order.expires_at)}.`,
    ],
    inputs: [
      field("Ticket", {}, { control: choice }),
      field("How many", { name: "quantity", type: "number", min: 1, step: 1, value: 1, required: true }),
    ],
    action: "Add to the order",
    done: "The tickets are added.",
    run: ({ key, values }) =>
      change("POST", `${pathOf(known)}/items`, known, {
        key,
        body: { ticket_id: Number(values.ticket_id), quantity: Number(values.quantity) },
      }),
  });
}

/** Money at the counter: announced, and noted as arrived; each of both is done once. */
function takeMoney(known, again) {
  const { order, buyer } = known;
  const due = money(order.balance_due, order.currency);
  // What was announced and could not be settled is put right, and not announced once more.
  let announced = null;
  return doing(again, {
    title: "Take a payment",
    says: [
      `${due} is due from ${buyer.name}. Money that you have in hand is noted as arrived` +
        (order.status === "pending" ? "; all that is due confirms the order." : "."),
    ],
    inputs: [
      field("Amount", {
        name: "amount",
        type: "number",
        inputmode: "decimal",
        min: smallest(order.currency),
        step: smallest(order.currency),
        value: order.balance_due,
        required: true,
      }),
      field("Paid by", { name: "payment_method", value: "cash", maxlength: 50, required: true }),
      field(
        "Reference",
        { name: "transaction_reference", maxlength: 255 },
        { hint: "The number on the receipt, if there is one." },
      ),
    ],
    action: "Note the payment",
    done: "The payment is noted.",
    run: async ({ key, values }) => {
      announced = await announce(announced, order, { key, values });
      return ask("PATCH", `/api/transactions/${announced.id}/status`, {
        key: `${key}-arrived`,
        body: { status: "success", amount: announced.amount },
      });
    },
  });
}

async function announce(announced, order, { key, values }) {
  const said = {
    amount: Number(values.amount),
    payment_method: values.payment_method,
    transaction_reference: values.transaction_reference.trim() || null,
  };
  const answer =
    announced === null
      ? await ask("POST", "/api/transactions/", { key, body: { order_id: order.id, ...said } })
      : await ask("PUT", `/api/transactions/${announced.id}`, { key, body: said });
  return answer.data;
}

const ACTIONS = [
  { name: "pay", label: "Take a payment…", start: takeMoney },
  {
    name: "confirm",
    label: "Confirm…",
    start: toState("confirmed", {
      title: "Confirm the order without payment?",
      says: confirming,
      action: "Confirm the order",
      done: "The order is confirmed.",
    }),
  },
  {
    name: "complete",
    label: "Complete…",
    start: toState("completed", {
      title: "Complete the order?",
      says: completing,
      action: "Complete the order",
      done: "The order is completed.",
    }),
  },
  { name: "add_item", label: "Add tickets…", start: addTickets },
  { name: "update", label: "Notes…", start: writeNotes },
  { name: "cancel", label: "Cancel…", start: cancel, isDangerous: true },
  { name: "delete", label: "Delete…", start: remove, isDangerous: true },
];
