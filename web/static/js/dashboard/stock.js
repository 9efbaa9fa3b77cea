// What is left of the tickets of events to come: sold, held, available and withheld of each.

import { el, svg } from "../core/dom.js";
import { count, dateTime, number } from "../core/format.js";
import { figure } from "./parts.js";
import { head, listPart, numbers } from "./rankings.js";
import { MOST_TICKETS, sources } from "./sources.js";

/** As low as the API tells of low stock. */
const FEW = 0.1;
const KINDS = {
  sold: "sold",
  reserved: "held",
  available: "available",
  withheld: "withheld",
};

export function beginStock({ fileOf, zone }) {
  return listPart({
    name: "stock",
    source: sources.stock,
    list: (rows) => [legend(), cut(), el("ol", { class: "stocks" }, rows)],
    empty: "There are no tickets of events to come.",
    rowsOf: ({ tickets }) => scarceFirst(tickets),
    file: () => fileOf("stock"),
    columns: () => columns(zone()),
    row: (ticket) => stockOf(ticket, zone()),
  });
}

/** What may run out first; what is not on sale comes last. */
export function scarceFirst(tickets) {
  const share = ({ available_quantity: left, total_quantity: total }) => (total ? left / total : 1);
  const isOff = ({ status }) => Number(status === "cancelled");
  return [...tickets].sort(
    (one, other) => isOff(one) - isOff(other) || share(one) - share(other) || one.id - other.id,
  );
}

function columns(zone) {
  return [
    head("Event", "event_name"),
    {
      title: `Begins (${zone})`,
      name: "event_date",
      isText: true,
      raw: (row) => row.event_date,
      text: (row) => dateTime(row.event_date, zone),
    },
    { ...head("Venue", "venue"), isHead: false, isText: true },
    { ...head("Category", "category"), isHead: false, isText: true },
    numbers("Total", "total_quantity"),
    numbers("Sold", "sold_quantity"),
    numbers("Held", "reserved_quantity"),
    numbers("Available", "available_quantity"),
    numbers("Withheld", "withheld_quantity"),
  ];
}

const legend = () =>
  el(
    "div",
    { class: "legend" },
    Object.entries(KINDS).map(([kind, word]) => el("span", { class: `key ${kind}` }, word)),
  );

function cut() {
  const { isCut } = sources.stock.now.data;
  const words = `Of the next ${count(MOST_TICKETS, "ticket")} by date alone: there are more.`;
  return isCut && el("p", { class: "notice warn" }, words);
}

function stockOf(ticket, zone) {
  return el(
    "li",
    { "data-row": ticket.id },
    el(
      "div",
      { class: "what" },
      el("span", { class: "name" }, ticket.event_name, " ", badge(ticket)),
      el(
        "span",
        { class: "muted small" },
        `${ticket.category} · ${dateTime(ticket.event_date, zone)} · ${ticket.venue}`,
      ),
    ),
    stacked(ticket),
    el(
      "div",
      { class: "counts small numbers" },
      Object.entries(KINDS).map(([kind, word]) => {
        const quantity = ticket[`${kind}_quantity`];
        return el(
          "span",
          { class: "key " + kind },
          figure(`${kind}_quantity`, quantity, number(quantity)),
          el("span", { class: "muted" }, ` ${word}`),
        );
      }),
    ),
  );
}

function badge({ status, available_quantity: left, total_quantity: total }) {
  if (status === "cancelled") return el("span", { class: "badge" }, "Not on sale");
  if (left === 0) return el("span", { class: "badge bad" }, "None left");
  return left <= total * FEW && el("span", { class: "badge warn" }, "Few left");
}

function stacked(ticket) {
  let reached = 0;
  const total = ticket.total_quantity || 1;
  const parts = Object.keys(KINDS).map((kind) => {
    const width = (ticket[`${kind}_quantity`] / total) * 100;
    const part = svg("rect", { class: kind, x: reached, width, height: 1 });
    reached += width;
    return part;
  });
  return svg(
    "svg",
    { class: "bar tall", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", width: 100, height: 1 }),
    parts,
  );
}
