// A ticket, as it is now.

import { ask } from "../core/api.js";
import { el } from "../core/dom.js";
import { root } from "../core/deployment.js";
import { dateTime, money, number } from "../core/format.js";
import { card, facts, shown } from "../desk/shown.js";
import { badge } from "../desk/states.js";
import { ticketActions } from "./actions.js";
import { stockBar, stockKey } from "./stock.js";

/** What shows a ticket in a place, for its desk. */
export const ticketShown = (place, desk) =>
  shown(place, { load, contents, word: "ticket", ...desk });

async function load(id, signal) {
  const { data, headers } = await ask("GET", `/api/tickets/${encodeURIComponent(id)}`, { signal });
  // Which state a change is meant for.
  return { ticket: data, tag: headers.get("ETag") };
}

function contents(known, again) {
  const { ticket } = known;
  const orders = new URLSearchParams({ q: ticket.event_name });
  return [
    el(
      "div",
      { class: "row spread" },
      el(
        "div",
        { class: "row" },
        el("h2", { tabindex: "-1" }, `${ticket.event_name}, ${ticket.category}`),
        badge(ticket.status),
      ),
      el("button", { type: "button", class: "quiet", "data-does": "look", onclick: () => again() }, "Look again"),
    ),
    el("div", { class: "row", role: "group", "aria-label": "What can be done" }, ticketActions(known, again)),
    card(
      "Stock",
      stockBar(ticket),
      stockKey(ticket),
      el("p", { class: "small muted" }, `${number(ticket.total_quantity)} in all`),
    ),
    card(
      "What is sold",
      facts([
        ["Date", dateTime(ticket.event_date)],
        ["Venue", ticket.venue],
        ["Category", ticket.category],
        ["Price", money(ticket.price, ticket.currency)],
        ["Changed", dateTime(ticket.updated_at)],
      ]),
      ticket.event_description && el("p", { class: "kept-lines" }, ticket.event_description),
    ),
    el("p", {}, el("a", { href: `${root}/dashboard/orders?${orders}` }, "Its event's orders")),
  ];
}
