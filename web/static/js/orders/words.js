// What an action does, in words and numbers, before it is done.

import { count, money, number } from "../core/format.js";
import { minus } from "../desk/amounts.js";

/** What was paid for an order and did not go back. */
export const held = (order) => minus(order.amount_paid, order.amount_refunded, order.currency);

/** What is left of a payment that arrived. */
export const left = (payment) =>
  payment.status === "success"
    ? minus(payment.amount, payment.refunded_amount, payment.currency)
    : 0;

/** "2 × Concert, VIP": a line each. */
export const units = (items) =>
  items.map((item) => `${number(item.quantity)} × ${item.event_name}, ${item.category}`);

/** "A, B and C". */
export function together(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** How money gets back to who paid it. */
export function wayBack(payment, amount, buyer) {
  const sum = money(amount, payment.currency);
  const name = payment.transaction_number;
  return payment.provider === null
    ? `You give ${sum} back to ${buyer} yourself (${payment.payment_method}, ${name}); ` +
        "here it is only noted."
    : `${payment.provider} gives ${sum} back to ${buyer}, the way it was paid (${name}).`;
}

/** What becomes of an order's tickets when it ends. */
export function ticketsBack(order, { restock = true } = {}) {
  if (order.items.length === 0) return [];
  if (!restock) return [`${together(units(order.items))} are withheld, and not on sale.`];
  const stopped = order.items.filter((item) => item.ticket.status === "cancelled");
  const free = order.items.filter((item) => item.ticket.status !== "cancelled");
  const lines = [];
  if (free.length) lines.push(`Back on sale: ${together(units(free))}.`);
  if (stopped.length) {
    lines.push(`Back in stock, whose sale is stopped: ${together(units(stopped))}.`);
  }
  return lines;
}

/** What cancelling does. */
export function cancelling({ order, payments, buyer }) {
  const paid = payments.filter((payment) => left(payment) > 0);
  const pending = payments.filter((payment) => payment.status === "pending");
  return [
    `Order ${order.order_reference} of ${buyer.name} becomes cancelled. This can't be undone.`,
    ...(paid.length
      ? [
          `${money(held(order), order.currency)} goes back to ${buyer.name} in all.`,
          ...paid.map((payment) => wayBack(payment, left(payment), buyer.name)),
        ]
      : ["Nothing was paid that is still here, so no money goes back."]),
    ...ticketsBack(order),
    ...pending.map(
      (payment) =>
        `The payment of ${money(payment.amount, payment.currency)} that is awaited ` +
        `(${payment.transaction_number}) fails; if its money comes all the same, it goes back.`,
    ),
  ];
}

/** Whether so much is all that an order, which was paid in full, has left. */
export const endsOrder = (order, amount) =>
  order.status === "confirmed" && order.balance_due === 0 && held(order) === amount;

/** What a refund of so much does; no amount: nothing is known yet. */
export function refunding({ order, buyer }, payment, amount, restock) {
  const rest = left(payment);
  if (!(amount > 0)) return ["Say how much goes back."];
  if (amount > rest) {
    return [
      `Of this payment ${money(rest, payment.currency)} is left; ` +
        `${money(amount, payment.currency)} can't go back.`,
    ];
  }
  const kept = minus(held(order), amount, order.currency);
  return [
    wayBack(payment, amount, buyer.name),
    `${money(kept, order.currency)} of ${money(order.amount_paid, order.currency)} ` +
      "that was paid stays here.",
    ...afterRefund(order, amount, restock),
  ];
}

function afterRefund(order, amount, restock) {
  if (endsOrder(order, amount)) {
    return [
      "That is all there was: the order becomes cancelled.",
      ...ticketsBack(order, { restock }),
    ];
  }
  if (order.status === "pending") {
    const due = minus(order.balance_due, -amount, order.currency);
    return [`The order stays pending, and ${money(due, order.currency)} is due then.`];
  }
  if (order.status === "cancelled") return ["The order stays cancelled."];
  const all = order.items.reduce((sum, item) => sum + item.quantity, 0);
  return [`The order stays ${order.status}: its ${count(all, "ticket")} stay sold.`];
}

/** What confirming without payment does. */
export function confirming({ order, buyer }) {
  const due = money(order.balance_due, order.currency);
  return [
    `Order ${order.order_reference} of ${buyer.name} becomes confirmed, and its hold ends.`,
    `Sold: ${together(units(order.items))}.`,
    order.balance_due > 0
      ? `${due} stays due: confirm so for an invoice or a guest list.`
      : "Nothing is due.",
  ];
}

/** What completing does. */
export function completing({ order, buyer }) {
  const due = money(order.balance_due, order.currency);
  return [
    `Order ${order.order_reference} of ${buyer.name} becomes completed: it was fulfilled, and ` +
      "can't be cancelled any more. Money can still be given back.",
    order.balance_due > 0 ? `${due} of it is still due.` : "Nothing is due.",
  ];
}

/** What deleting does. */
export function deleting({ order, buyer, payments }) {
  return [
    `Order ${order.order_reference} of ${buyer.name} is removed, with all that is shown here. ` +
      "This can't be undone; to keep it on record, cancel it instead.",
    ...(order.status === "pending" ? ticketsBack(order) : []),
    payments.length
      ? `${count(payments.length, "payment")} that never came ${payments.length === 1 ? "goes" : "go"} with it. No money moves.`
      : "No money moves.",
  ];
}

/** What it does to note that a payment arrived. */
export function arriving({ order, buyer }, payment) {
  const sum = money(payment.amount, payment.currency);
  const came = `${sum} of ${buyer.name} (${payment.transaction_number}) is noted as arrived.`;
  if (order.status === "cancelled") {
    return [
      came,
      "The order is cancelled: if its tickets can't be sold again, the money goes back at once.",
    ];
  }
  const due = minus(order.balance_due, payment.amount, order.currency);
  if (due < 0) {
    return [came, "That is more than is due: it buys nothing, and goes back at once."];
  }
  if (due > 0) return [came, `${money(due, order.currency)} is still due then.`];
  return [
    came,
    order.status === "pending"
      ? `The order is paid and becomes confirmed. Sold: ${together(units(order.items))}.`
      : `The order is paid, and stays ${order.status}.`,
  ];
}
