// What several views of the shop are made of.

import { el } from "../core/dom.js";
import { dateTime, money } from "../core/format.js";
import { leftOf } from "../purchase/purchase.js";

/** Where a purchase is: the buyer sees what is still to come. */
export function steps(current) {
  const names = ["Choose", "Reserve", "Pay", "Receipt"];
  return el(
    "ol",
    { class: "steps", "aria-label": "Steps of the purchase" },
    names.map((name) => el("li", name === current ? { "aria-current": "step" } : {}, name)),
  );
}

export const LAST = 10;

/** How many are left, in a word and a colour. */
export function stock(ticket) {
  const left = leftOf(ticket);
  if (ticket.status === "cancelled") return el("span", { class: "badge bad" }, "Cancelled");
  if (left === 0) return el("span", { class: "badge bad" }, "Sold out");
  if (left <= LAST) return el("span", { class: "badge warn" }, `Only ${left} left`);
  return el("span", { class: "muted small numbers" }, `${left} left`);
}

/** A choice of how many; `most` at the most, and what is chosen now in any case. */
export function quantities(label, most, chosen = 1) {
  const last = Math.max(1, chosen, Math.min(most, LAST));
  const options = Array.from({ length: last }, (_, index) =>
    el("option", { value: index + 1, selected: index + 1 === chosen }, String(index + 1)),
  );
  return el("select", { class: "quantity", "aria-label": label }, options);
}

/** What an order or a cart is of: each line with its event and what it comes to. */
export function lines(items) {
  return el(
    "ul",
    { class: "lines" },
    items.map((line) => {
      const about = line.event_name ? line : line.ticket;
      return el(
        "li",
        {},
        el(
          "div",
          {},
          el("strong", {}, `${line.quantity} × ${about.event_name}`),
          el("div", { class: "small muted" }, `${about.category} · ${dateTime(about.event_date)} · ${about.venue}`),
          el("div", { class: "small muted numbers" }, `${money(line.unit_price, line.currency)} each`),
        ),
        el("span", { class: "numbers" }, money(line.line_total, line.currency)),
      );
    }),
  );
}

export const total = (label, amount, currency) =>
  el("p", { class: "total" }, el("span", {}, label), el("strong", { class: "numbers" }, money(amount, currency)));

/** A button whose work is done once: it can't be pressed again before that has ended. */
export function doing(label, attributes, work) {
  const button = el("button", { type: "button", ...attributes, onclick: () => busy(button, work) }, label);
  return button;
}

export async function busy(button, work) {
  if (button.disabled) return;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}
