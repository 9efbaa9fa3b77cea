// What became of an order: its states, its stock and its money, and who did it.

import { el } from "../core/dom.js";
import { dateTime, money, number } from "../core/format.js";

const EVENTS = {
  order_placed: "Placed",
  item_added: "Tickets added",
  order_confirmed: "Confirmed",
  order_completed: "Completed",
  order_cancelled: "Cancelled",
  order_expired: "The hold ran out",
  order_revived: "Sold after all: its money came late",
  order_deleted: "Deleted",
  payment_received: "Payment arrived",
  payment_refunded: "Money given back",
};
const PLACES = { available: "on sale", reserved: "held", sold: "sold", withheld: "withheld" };

export function historyList({ history, order, nameOf }) {
  const events = history.events.map((event) => eventItem(event, { order, nameOf }));
  const reasons = history.reasons.map(reasonItem);
  const all = [...events, ...reasons].sort((one, other) => one.at.localeCompare(other.at));
  return el(
    "ol",
    { class: "history" },
    all.map(({ item }) => item),
  );
}

function eventItem(event, { order, nameOf }) {
  const what = EVENTS[event.event] ?? event.event.replaceAll("_", " ");
  const moves = [
    event.to_status &&
      (event.from_status ? `${event.from_status} → ${event.to_status}` : event.to_status),
    ...event.stock.map((move) => stockWords(move, order)),
    ...event.money.map((move) => moneyWords(move, order.currency)),
  ].filter(Boolean);
  return {
    at: event.occurred_at,
    item: el(
      "li",
      { "data-event": event.event },
      el(
        "p",
        { class: "row spread" },
        el("span", { class: "strong" }, what),
        el("time", { class: "small muted", datetime: event.occurred_at }, dateTime(event.occurred_at)),
      ),
      el("p", { class: "small" }, moves.join(" · ")),
      el("p", { class: "small muted" }, `By ${nameOf(event.actor)}`),
    ),
  };
}

function stockWords(move, order) {
  const line = order.items.find((item) => item.ticket_id === move.ticket_id);
  const name = line ? `${line.event_name}, ${line.category}` : `ticket ${move.ticket_id}`;
  const way = `${PLACES[move.from_counter]} → ${PLACES[move.to_counter]}`;
  return `${number(move.quantity)} × ${name}: ${way}`;
}

function moneyWords(move, currency) {
  const sum = money(move.amount, currency);
  const words = move.direction === "received" ? `${sum} came in` : `${sum} went back`;
  return move.reason ? `${words} (${move.reason})` : words;
}

function reasonItem(said) {
  return {
    at: said.occurred_at,
    item: el(
      "li",
      {},
      el(
        "p",
        { class: "row spread" },
        el("span", { class: "strong" }, "A payment was settled by hand"),
        el("time", { class: "small muted", datetime: said.occurred_at }, dateTime(said.occurred_at)),
      ),
      el("p", { class: "small" }, said.reason),
    ),
  };
}
