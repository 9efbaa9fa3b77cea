// A ticket's stock: as a bar, and what a change of it moves.

import { el, svg } from "../core/dom.js";
import { number } from "../core/format.js";

const PARTS = [
  ["sold", "sold", "sold_quantity"],
  ["held", "held", "reserved_quantity"],
  ["free", "on sale", "available_quantity"],
  ["withheld", "withheld", "withheld_quantity"],
];

/** How much is sold, held, on sale and withheld, as lengths. */
export function stockBar(ticket) {
  const width = 1000;
  const all = ticket.total_quantity || 1;
  let x = 0;
  const parts = PARTS.map(([kind, , name]) => {
    const part = svg("rect", {
      class: `stock-${kind}`,
      x,
      y: 0,
      height: 10,
      width: (ticket[name] * width) / all,
    });
    x += (ticket[name] * width) / all;
    return part;
  });
  return svg(
    "svg",
    { class: "stock", viewBox: `0 0 ${width} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    parts,
  );
}

/** "5 sold, 2 held, 93 on sale": what there is none of is left out. */
export const stockWords = (ticket) =>
  PARTS.filter(([, , name]) => ticket[name] > 0)
    .map(([, word, name]) => `${number(ticket[name])} ${word}`)
    .join(", ") || "none";

/** The bar's key, with the numbers. */
export const stockKey = (ticket) =>
  el(
    "ul",
    { class: "stock-key" },
    PARTS.map(([kind, word, name]) =>
      el(
        "li",
        {},
        svg(
          "svg",
          { class: "stock-mark", viewBox: "0 0 10 10", "aria-hidden": "true" },
          svg("rect", { class: `stock-${kind}`, width: 10, height: 10 }),
        ),
        `${word}: `,
        el("span", { class: "numbers strong" }, number(ticket[name])),
      ),
    ),
  );

/**
 * What changing the stock moves, in words; `total` and `available` are null where they stay as they
 * are. As the API does it: the total moves what is on sale, then that moves what is withheld.
 */
export function moving(ticket, { total, available }) {
  if (total === null && available === null) return [];
  const more = total === null ? 0 : total - ticket.total_quantity;
  const free = ticket.available_quantity + more;
  const next = available ?? free;
  const withheld = ticket.withheld_quantity + free - next;
  if (next < 0 || withheld < 0) return [impossible(ticket)];
  const lines = [
    [more, "In all", ticket.total_quantity, ticket.total_quantity + more],
    [next - ticket.available_quantity, "On sale", ticket.available_quantity, next],
    [withheld - ticket.withheld_quantity, "Withheld", ticket.withheld_quantity, withheld],
  ];
  return lines
    .filter(([difference]) => difference !== 0)
    .map(([, word, before, after]) => `${word}: ${number(before)} → ${number(after)}.`);
}

function impossible(ticket) {
  const taken = ticket.sold_quantity + ticket.reserved_quantity;
  return (
    `The stock does not allow this: ${number(ticket.sold_quantity)} are sold and ` +
    `${number(ticket.reserved_quantity)} held, so there are ${number(taken)} at least.`
  );
}

/** What the sale's state would be if nobody had stopped it. */
const byStock = (ticket) => {
  if (ticket.available_quantity > 0) return "available";
  return ticket.reserved_quantity > 0 ? "reserved" : "sold";
};

/** Whether somebody has stopped the sale, as far as it shows. */
export const isStopped = (ticket) => ticket.status !== byStock(ticket);
