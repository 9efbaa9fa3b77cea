// An order, as it is now.

import { el, fill } from "../core/dom.js";
import { countdown, dateTime, money, number } from "../core/format.js";
import { table } from "../core/table.js";
import { card, facts, shown } from "../desk/shown.js";
import { orderActions } from "./actions.js";
import { historyList } from "./history.js";
import { load } from "./load.js";
import { paymentList } from "./payments.js";
import { badge } from "../desk/states.js";
import { held } from "./words.js";

/** What shows an order in a place, for its desk. */
export const orderShown = (place, desk) =>
  shown(place, { load, contents, word: "order", ...desk });

function contents(known, again, signal) {
  return [
    heading(known, again, signal),
    actionsOf(known, again),
    el(
      "div",
      { class: "opened-parts" },
      card("Money", moneyOf(known.order)),
      card("Buyer", buyerOf(known)),
    ),
    card("Tickets", linesOf(known.order)),
    card("Payments", paymentList(known, again)),
    known.order.notes && card("Notes", el("p", { class: "kept-lines" }, known.order.notes)),
    card("Shared with", sharedWith(known)),
    card("History", historyList(known)),
  ];
}

function heading({ order, ahead }, again, signal) {
  const hold = order.status === "pending" ? el("span", { class: "hold numbers" }) : null;
  if (hold !== null) tick(hold, Date.parse(order.expires_at) - ahead, again, signal);
  return el(
    "div",
    { class: "row spread" },
    el(
      "div",
      { class: "row" },
      el("h2", { class: "mono", tabindex: "-1" }, order.order_reference),
      badge(order.status),
      hold,
    ),
    el("button", { type: "button", class: "quiet", "data-does": "look", onclick: () => again() }, "Look again"),
  );
}

/** Tell how long an order is held, until it is shown anew. */
function tick(hold, end, again, signal) {
  const tell = () => {
    const seconds = (end - Date.now()) / 1000;
    fill(hold, seconds > 0 ? `held for ${countdown(seconds)} more` : "its hold has run out");
    return seconds > 0;
  };
  if (!tell()) return;
  const ticking = setInterval(() => {
    if (tell()) return;
    clearInterval(ticking);
    // What is allowed is another now; a person in the midst of a dialog sees that at its end.
    if (document.querySelector("dialog[open]") === null) again();
  }, 1000);
  signal.addEventListener("abort", () => clearInterval(ticking));
}

function actionsOf(known, again) {
  const buttons = orderActions(known, again);
  if (buttons.length === 0) return null;
  return el("div", { class: "row", role: "group", "aria-label": "What can be done" }, buttons);
}

function moneyOf(order) {
  const sum = (amount) => money(amount, order.currency);
  return facts([
    ["Total", sum(order.total_amount)],
    ["Paid", sum(order.amount_paid)],
    ["Refunded", sum(order.amount_refunded)],
    ["Due", sum(order.balance_due)],
    ["Kept", sum(held(order))],
  ]);
}

function buyerOf({ order, buyer }) {
  return facts([
    ["Name", buyer.full_name],
    ["Username", buyer.username],
    ["Email", buyer.email],
    ["Phone", buyer.phone_number],
    ["Placed", dateTime(order.created_at)],
    ["Confirmed", order.confirmed_at && dateTime(order.confirmed_at)],
    ["Cancelled for", order.cancel_reason],
  ]);
}

function linesOf(order) {
  const sum = (amount) => money(amount, order.currency);
  return table({
    caption: "The order's tickets",
    empty: "The order has no tickets.",
    rows: order.items,
    columns: [
      { title: "Event", isHead: true, cell: eventOf },
      { title: "Category", cell: (item) => item.category },
      { title: "Units", isNumber: true, cell: (item) => number(item.quantity) },
      { title: "Price", isNumber: true, cell: (item) => sum(item.unit_price) },
      { title: "Sum", isNumber: true, cell: (item) => sum(item.line_total) },
    ],
  });
}

function eventOf(item) {
  const { ticket } = item;
  const moved = ["event_name", "event_date", "venue"].some((name) => ticket[name] !== item[name]);
  return [
    el("span", {}, item.event_name),
    el("span", { class: "small muted line" }, `${dateTime(item.event_date)}, ${item.venue}`),
    moved &&
      el(
        "span",
        { class: "small line" },
        `Now: ${ticket.event_name}, ${dateTime(ticket.event_date)}, ${ticket.venue}`,
      ),
  ];
}

function sharedWith({ people }) {
  const recipients = people.filter((one) => one.role === "recipient");
  if (recipients.length === 0) return el("p", { class: "muted" }, "Nobody.");
  return el(
    "ul",
    { class: "plain" },
    recipients.map((one) =>
      el(
        "li",
        {},
        one.username ?? one.shared_as ?? `user ${one.user_id}`,
        el("span", { class: "small muted" }, ` since ${dateTime(one.created_at)}`),
      ),
    ),
  );
}
