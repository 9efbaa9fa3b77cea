// What was bought, and with what it was paid.

import { el, fill } from "../core/dom.js";
import { dateTime, money } from "../core/format.js";
import { lines, steps, total } from "./parts.js";
import { nameOfMethod } from "./payment.js";
import { go } from "./places.js";

export function receipt(order, payments, { content }) {
  const paid = payments.filter((one) => one.status === "success" || one.status === "refunded");
  fill(
    content,
    el(
      "div",
      { class: "stack narrow" },
      steps("Receipt"),
      el("div", { class: "notice good", role: "status" }, el("p", {}, "Thank you: these tickets are yours.")),
      el(
        "article",
        { class: "card stack receipt" },
        el("h1", {}, `Receipt ${order.order_reference}`),
        el("p", { class: "small muted" }, `Bought ${dateTime(order.confirmed_at)}`),
        lines(order.items),
        total("Total", order.total_amount, order.currency),
        paid.map(payment),
        order.amount_refunded > 0 && total("Went back", order.amount_refunded, order.currency),
        order.balance_due > 0 && total("Still due", order.balance_due, order.currency),
      ),
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", onclick: () => print() }, "Print"),
        el("button", { type: "button", onclick: () => go({ view: "orders" }) }, "My orders"),
        el("button", { type: "button", class: "quiet", onclick: () => go({ view: "tickets" }) }, "Buy more"),
      ),
    ),
  );
}

function payment(one) {
  return el(
    "dl",
    { class: "paid" },
    el("dt", {}, "Paid with"),
    el("dd", {}, nameOfMethod(one.payment_method)),
    el("dt", {}, "Amount"),
    el("dd", { class: "numbers" }, money(one.amount, one.currency)),
    el("dt", {}, "Payment"),
    el("dd", {}, `${one.transaction_number}, ${dateTime(one.created_at)}`),
    one.status === "refunded" && [el("dt", {}, "Went back"), el("dd", { class: "numbers" }, money(one.refunded_amount, one.currency))],
  );
}
