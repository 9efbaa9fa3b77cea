// The list of tickets.

import { el } from "../core/dom.js";
import { dateTime, money } from "../core/format.js";
import { field } from "../core/frame.js";
import { finder, stateInput, wordsInput } from "../desk/finder.js";
import { badge } from "../desk/states.js";
import { stockBar, stockWords } from "./stock.js";

const STATES = ["available", "reserved", "sold", "cancelled"];

/** {onSearch, onOpen, addressOf} of the desk. */
export function ticketFinder({ onSearch, onOpen, addressOf }) {
  const inputs = {
    q: wordsInput(),
    status: stateInput(STATES),
  };
  return finder({
    label: "Tickets",
    word: "ticket",
    inputs,
    fields: [
      field("Find a ticket", {}, { control: inputs.q, hint: "Words of event, venue or category" }),
      field("State", {}, { control: inputs.status }),
    ],
    path: "/api/tickets/search/by-event",
    queryOf: ({ q, status }) => ({ q, status, sort: "-event_date" }),
    row: (ticket) => row(ticket, addressOf(String(ticket.id))),
    nothing: ({ q, status }) => [
      el("p", {}, q || status ? "No ticket is like that." : "There are no tickets yet."),
    ],
    onSearch,
    onOpen,
  });
}

function row(ticket, href) {
  return el(
    "a",
    { href, "data-key": ticket.id },
    el(
      "span",
      { class: "row spread" },
      el("span", { class: "strong" }, ticket.event_name),
      badge(ticket.status),
    ),
    el(
      "span",
      { class: "row spread small muted" },
      el("span", {}, `${ticket.category} · ${dateTime(ticket.event_date)}`),
      el("span", { class: "numbers" }, money(ticket.price, ticket.currency)),
    ),
    stockBar(ticket),
    el("span", { class: "small muted" }, stockWords(ticket)),
  );
}
