// An order: held and to be paid, paid, or over.

import { announce, el, fill } from "../core/dom.js";
import { confirm } from "../core/dialogs.js";
import { countdown, dateTime, money } from "../core/format.js";
import { standingOf } from "../purchase/purchase.js";
import { basket } from "./basket.js";
import { now, purchase } from "./buyer.js";
import { doing, lines, steps, total } from "./parts.js";
import { paying, watch } from "./payment.js";
import { go } from "./places.js";
import { otherThanExpected } from "./prices.js";
import { receipt } from "./receipt.js";
import { learn, refusal } from "./refusal.js";

const SHOW = { pay: toPay, take: toTake, paid: receipt, expired: over, cancelled: over };

export async function showOrder(content, place, { whenLeft, again }) {
  fill(content, el("div", { class: "card skeleton waiting" }));
  const buying = purchase();
  const shown = { content, whenLeft, again };
  const order = await buying.order(place.order);
  for (const line of order.items) learn(line.ticket_id, line);
  const payments = await buying.payments(order);
  if (content.isConnected) SHOW[standingOf(order, now())](order, payments, shown);
}

async function toPay(order, payments, shown) {
  const part = el("div", { class: "stack" });
  showHeld(order, shown, part);
  await paying(part, order, payments, shown);
}

function toTake(order, _payments, shown) {
  const problem = el("div");
  const take = async () => {
    try {
      await purchase().take(order);
      await shown.again();
    } catch (refused) {
      fill(problem, refusal(refused, { again: take, order: order.id }));
    }
  };
  const part = el("div", { class: "stack" }, problem, doing("Get the tickets", { class: "primary wide" }, take));
  showHeld(order, shown, part);
}

function showHeld(order, shown, part) {
  fill(
    shown.content,
    el(
      "div",
      { class: "stack narrow" },
      steps("Pay"),
      el("div", { class: "row spread" }, el("h1", {}, `Order ${order.order_reference}`), leftTime(order, shown)),
      otherThanExpected(order),
      el("section", { class: "card stack" }, lines(order.items), total(order.amount_paid > 0 ? "Still due" : "Total", order.balance_due, order.currency)),
      part,
      givingBack(order, shown),
    ),
  );
}

/** How long the tickets are held, by the service's clock. */
function leftTime(order, { again, whenLeft, content }) {
  const until = new Date(order.expires_at).getTime();
  const shownTime = el("strong", { class: "numbers" });
  const box = el("p", { class: "badge timer", role: "timer" }, "Held for you: ", shownTime);
  const tick = () => {
    const left = (until - now()) / 1000;
    fill(shownTime, countdown(left));
    box.classList.toggle("warn", left < 120);
    if (Math.ceil(left) === 60) announce("The tickets are held for one more minute");
    if (left > 0) return;
    clearInterval(timer);
    // The service decides: a payment that has begun prolongs the hold.
    if (content.isConnected) again();
  };
  const timer = setInterval(tick, 1000);
  whenLeft(() => clearInterval(timer));
  tick();
  return box;
}

function givingBack(order, { again }) {
  const ask = async () => {
    const done = await confirm({
      title: "Give the tickets back?",
      says: `Order ${order.order_reference} ends, and others can buy its tickets at once.`,
      action: "Give them back",
      isDangerous: true,
      run: () => purchase().giveBack(order),
    });
    if (done) await again();
  };
  return el("button", { type: "button", class: "quiet", onclick: ask }, "Give these tickets back");
}

function over(order, payments, shown) {
  const { content } = shown;
  const isExpired = standingOf(order, now()) === "expired";
  const returned = payments.filter((one) => one.refunded_amount > 0);
  const begun = payments.find((one) => one.status === "pending");
  const held = isExpired
    ? "Your time to pay has run out, so the tickets are on sale for others again."
    : "This order was cancelled, and its tickets are on sale for others again.";
  // Late money still buys the tickets if they are there.
  if (begun) watch(begun, shown);
  const problem = el("div");
  const anew = () => chooseAgain(order, problem);
  fill(
    content,
    el(
      "div",
      { class: "stack narrow" },
      el("h1", {}, isExpired ? "The time has run out" : "Cancelled"),
      el(
        "div",
        { class: `notice ${isExpired ? "bad" : "warn"}`, role: "alert" },
        el("p", {}, held),
        begun && el("p", {}, "If you have just paid, this page shows in a moment what became of it: the tickets are yours, or the money goes back."),
        !begun && returned.length === 0 && el("p", {}, "You have not been charged for them."),
        returned.map((one) => el("p", {}, `${money(one.refunded_amount, one.currency)} of ${dateTime(one.created_at)} went back.`)),
        el("div", { class: "row" }, doing("Start again with these tickets", { class: "primary" }, anew)),
      ),
      problem,
      el("section", { class: "card stack" }, el("h2", {}, `Order ${order.order_reference}`), lines(order.items)),
    ),
  );
}

/** Put the same into the cart; what can't be had any more is told, and the rest is there. */
async function chooseAgain(order, problem) {
  const refused = [];
  for (const { ticket_id: id, quantity, unit_price: price } of order.items) {
    try {
      const had = basket.lineOf(id)?.quantity ?? 0;
      if (had < quantity) await basket.add({ id, price }, quantity - had);
    } catch (one) {
      refused.push(one);
    }
  }
  if (refused.length === 0) return go({ view: "cart" });
  return fill(problem, ...refused.map((one) => refusal(one, { again: () => chooseAgain(order, problem), changed: () => go({ view: "cart" }) })));
}
