// What an order was expected to come to: a price may change in the moment in which it is placed.

import { el } from "../core/dom.js";
import { money } from "../core/format.js";

const nameOf = (order) => `expected:${order.id}`;

/** Remember what the button said. */
export const expect = (order, amount) => sessionStorage.setItem(nameOf(order), String(amount));

/** A notice, where the order comes to something else. */
export function otherThanExpected(order) {
  const expected = sessionStorage.getItem(nameOf(order));
  if (expected === null || Number(expected) === order.total_amount) return null;
  return el(
    "div",
    { class: "notice warn", role: "status" },
    el("p", {}, `A price changed as you reserved: the tickets come to ${money(order.total_amount, order.currency)}, not ${money(Number(expected), order.currency)}. Nothing is paid yet; give them back if that is too much.`),
  );
}
