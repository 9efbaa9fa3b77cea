// Paying an order, by whichever way its provider goes: on a page of its own, or in this one.

import { root } from "../core/deployment.js";
import { announce, el, fill } from "../core/dom.js";
import { field } from "../core/frame.js";
import { money } from "../core/format.js";
import { CARDS, confirm, isTest } from "../purchase/test-cards.js";
import { whyNotPaid } from "../purchase/words.js";
import { ask, purchase } from "./buyer.js";
import { busy, doing } from "./parts.js";
import { refusal } from "./refusal.js";

const LOOK_EVERY = 3_000;
const NAMES = {
  test: "Test card, on a page of the provider",
  test_confirm: "Test card, here",
  stripe: "Card",
  stripe_checkout: "Card, on a page of Stripe",
};

export const nameOfMethod = (method) => NAMES[method] ?? method;

/** Offer the ways to pay, and tell what became of an earlier try. */
export async function paying(part, order, payments, shown) {
  const methods = (await purchase().methods()).filter(isOffered);
  const [latest] = payments;
  const waiting = latest?.status === "pending" && latest.next_action ? latest : null;
  const said = el("div", { class: "stack" }, earlier(latest, waiting));
  if (methods.length === 0) return fill(part, said, byBoxOffice(order));
  const form = el("div", { class: "stack" });
  const choose = (method) => fill(form, wayToPay(method, { order, said, ...shown }));
  const first = methods.find((one) => one.payment_method === latest?.payment_method) ?? methods[0];
  fill(part, el("section", { class: "card stack", "aria-label": "Payment" }, said, el("h2", {}, "Pay"), choice(methods, first, choose), form));
  choose(first);
  if (waiting) watch(waiting, shown);
  return part;
}

/** What is confirmed in the page needs the provider's own library, which is here for tests alone. */
const isOffered = ({ next_action: next, payment_method: method }) =>
  next === "redirect" || isTest(method);

const byBoxOffice = (order) =>
  el("p", { class: "notice warn" }, `This order is paid at the box office: ${money(order.balance_due, order.currency)}, by its reference ${order.order_reference}.`);

function earlier(latest, waiting) {
  if (latest?.status === "failed") {
    return el("div", { class: "notice bad", role: "alert" }, el("p", {}, whyNotPaid(latest.failure_reason)));
  }
  if (!waiting) return null;
  return el("div", { class: "notice" }, el("p", {}, `A payment of ${money(waiting.amount, waiting.currency)} has begun. Go on with it here; if you have paid already, this page notices in a moment.`));
}

function choice(methods, first, choose) {
  if (methods.length === 1) return null;
  return el(
    "fieldset",
    { class: "methods" },
    el("legend", { class: "visually-hidden" }, "Way to pay"),
    methods.map((one) =>
      el(
        "label",
        { class: "row" },
        el("input", { type: "radio", name: "method", checked: one === first, onchange: () => choose(one) }),
        nameOfMethod(one.payment_method),
      ),
    ),
  );
}

function wayToPay(method, context) {
  return method.next_action === "redirect" ? elsewhere(method, context) : inHere(method, context);
}

const payLabel = (order) => `Pay ${money(order.balance_due, order.currency)}`;

/** On the provider's page, which leads back here. */
function elsewhere({ payment_method: method }, { order, said }) {
  const leave = async () => {
    fill(said);
    try {
      const payment = await purchase().pay(order, method);
      location.assign(payment.next_action.url);
      // Until the other page is there.
      await new Promise(() => {});
    } catch (refused) {
      fill(said, refusal(refused, { again: leave, order: order.id }));
    }
  };
  return [
    el("p", { class: "small muted" }, "You pay on the provider’s page, and come back here."),
    doing(payLabel(order), { class: "primary wide" }, leave),
    isTest(method) && hint(),
  ];
}

/** By a card that is asked for here. */
function inHere({ payment_method: method }, context) {
  const { order, said } = context;
  const card = field("Card number", { name: "card", inputmode: "numeric", autocomplete: "cc-number", required: true, placeholder: CARDS[0][0] });
  const button = el("button", { type: "submit", class: "primary wide" }, payLabel(order));
  const form = el("form", { class: "stack" }, card, button, isTest(method) && hint());
  const pay = async () => {
    fill(said);
    try {
      const payment = await purchase().pay(order, method);
      await goOn(payment, { card: new FormData(form).get("card") }, { ...context, form });
    } catch (refused) {
      fill(said, refusal(refused, { again: pay, order: order.id }));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(button, pay);
  });
  return form;
}

/** Confirm, and do what the provider says is next. */
async function goOn(payment, answer, context) {
  const { said, form, again } = context;
  const told = await reached(() => confirm(root, payment, answer));
  if (told.status === "authentication_required") return fill(form, question(payment, context));
  if (told.status === "refused" && told.code !== "payment_not_open") {
    return fill(said, el("div", { class: "notice bad", role: "alert" }, el("p", {}, told.refusal)));
  }
  announce("The payment is being made");
  fill(said, el("div", { class: "notice", role: "status" }, el("p", {}, "Your payment is being made …")));
  await purchase().settled(payment);
  return again();
}

/** As with 3-D Secure. */
function question(payment, context) {
  const amount = money(payment.amount, payment.currency);
  const problem = el("div");
  const answer = async (authentication) => {
    try {
      await goOn(payment, { authentication }, context);
    } catch (refused) {
      fill(problem, refusal(refused, { again: () => answer(authentication) }));
    }
  };
  return el(
    "div",
    { class: "notice stack", role: "group", "aria-label": "Your bank asks" },
    el("p", {}, `Your bank asks: do you agree to pay ${amount}?`),
    el(
      "div",
      { class: "row" },
      doing("I agree", { class: "primary" }, () => answer("passed")),
      doing("I do not agree", {}, () => answer("failed")),
    ),
    problem,
  );
}

/** The provider is somebody else, who may be away as well. */
async function reached(request) {
  try {
    return await request();
  } catch {
    throw Object.assign(new Error("The payment provider can't be reached."), {
      code: "payment_provider_unavailable", status: 503, members: {}, retryAfter: null,
    });
  }
}

function hint() {
  return el(
    "details",
    { class: "small" },
    el("summary", {}, "Cards for tests: no money moves"),
    el("ul", {}, CARDS.map(([number, does]) => el("li", {}, el("code", {}, number), ` ${does}`))),
  );
}

/** Notice when a payment that has begun is over, such as in another tab. */
export function watch(payment, { again, whenLeft, content }) {
  const look = async () => {
    const { data } = await ask("GET", `/api/transactions/${payment.id}`);
    if (!content.isConnected || data.status === "pending") return;
    clearInterval(timer);
    await again();
  };
  // What fails now is asked for again.
  const timer = setInterval(() => look().catch(() => announce("The payment could not be looked at")), LOOK_EVERY);
  whenLeft(() => clearInterval(timer));
}
