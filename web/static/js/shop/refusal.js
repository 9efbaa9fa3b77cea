// How a buyer is told what was refused, with a button for each thing that can be done about it.

import { announce, el } from "../core/dom.js";
import { money } from "../core/format.js";
import { minutes, told } from "../purchase/words.js";
import { basket } from "./basket.js";
import { go } from "./places.js";

const names = new Map();

/** Remember what a ticket is called, of whatever has an event and a category. */
export function learn(ticketId, { event_name: event, category }) {
  if (event) names.set(ticketId, category ? `${event}, ${category}` : event);
}

export const nameOf = (ticketId) => names.get(ticketId) ?? `ticket ${ticketId}`;

/**
 * A notice. `again` is what is tried once more, and `changed` is called after a line was taken or
 * removed; `order` is the one to look at.
 */
export function refusal(problem, { again, changed = () => {}, order = null } = {}) {
  const { says, actions } = told(problem, { nameOf, money });
  const box = el("div", { class: "notice bad refusal", role: "alert" });
  const act = (work) => async () => {
    try {
      await work();
      box.remove();
    } catch (next) {
      box.replaceWith(refusal(next, { again, changed, order }));
    }
  };
  const doings = {
    take: ({ ticket, quantity }) => act(() => set(ticket, quantity, changed)),
    remove: ({ ticket }) => act(() => set(ticket, 0, changed)),
    orders: () => () => go({ view: "orders" }),
    tickets: () => () => go({ view: "tickets" }),
    order: () => () => go(order ? { order } : { view: "orders" }),
    logIn: () => () => go({ view: "enter" }),
    again: () => again && act(again),
  };
  const buttons = actions.map((action) => button(action, doings[action.does](action)));
  box.append(
    ...says.map((line) => el("p", {}, line)),
    ...(problem.requestId ? [el("p", { class: "small muted" }, `Request ${problem.requestId}`)] : []),
    el("div", { class: "row" }, ...buttons.filter(Boolean)),
  );
  return box;
}

function button({ label, wait, does, ticket }, onclick) {
  if (!onclick) return null;
  // What is not in the cart is not removed from it.
  if (does === "remove" && !basket.lineOf(ticket)) return null;
  const made = el("button", { type: "button", onclick }, label);
  if (wait) countDown(made, label, wait);
  return made;
}

/** It can't be pressed before it can succeed. */
function countDown(made, label, seconds) {
  const until = Date.now() + seconds * 1000;
  made.disabled = true;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    made.disabled = left > 0;
    made.textContent = left > 0 ? `${label} in ${minutes(left)}` : label;
    if (left > 0 && (made.isConnected || left === seconds)) setTimeout(tick, 1000);
  };
  tick();
}

async function set(ticketId, quantity, changed) {
  const line = basket.lineOf(ticketId);
  if (line) await basket.change(line, quantity);
  else if (quantity > 0) await basket.add({ id: ticketId }, quantity);
  announce(quantity > 0 ? `The cart has ${quantity} of ${nameOf(ticketId)}` : `${nameOf(ticketId)} was removed`);
  changed();
}
