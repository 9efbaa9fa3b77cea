// Where in the shop somebody is, which stands in the address.

import { said, say, whenMoved } from "../core/address.js";

const DEFAULTS = { view: "tickets", order: "", transaction_number: "", q: "", category: "", free: "" };
const VIEWS = new Set(["tickets", "cart", "orders", "enter"]);
const listeners = new Set();

/** {view, order, transaction, q, category, free}: an order or a transaction that is come back from
 * goes before the view. */
export function here() {
  const { transaction_number: transaction, order, view, ...rest } = said(DEFAULTS);
  return {
    ...rest,
    view: VIEWS.has(view) ? view : "tickets",
    order: /^\d+$/.test(order) ? Number(order) : null,
    transaction,
  };
}

/** Go somewhere; only what is looked for changes within a view without its being shown anew. */
export function go(place, { isNew = true } = {}) {
  say(asText(place), DEFAULTS, { isNew });
  scrollTo(0, 0);
  for (const listener of listeners) listener();
}

/** Have the address say what is looked for. */
export const note = (place) => say(asText(place), DEFAULTS, { isNew: false });

/** Called when the place is another one. */
export function whenGone(listener) {
  listeners.add(listener);
  whenMoved(listener);
}

const asText = (place) =>
  Object.fromEntries(Object.entries(place).map(([name, value]) => [name, value ? String(value) : ""]));
