// The ticket desk: what is on sale, and at which price.

import { announce, one } from "./core/dom.js";
import { begin } from "./desk/desk.js";
import { makeTicket } from "./tickets/actions.js";
import { ticketShown } from "./tickets/detail.js";
import { ticketFinder } from "./tickets/finder.js";

const desk = await begin({
  place: one("#desk"),
  label: "The ticket",
  opens: "ticket",
  searches: { q: "", status: "" },
  hint: "Choose a ticket to see its stock and to change it.",
  finder: ticketFinder,
  shown: ticketShown,
});

one("#make").addEventListener("click", async () => {
  const ticket = await makeTicket();
  if (ticket === null) return;
  announce(`${ticket.event_name} is on sale.`);
  desk.openNew(String(ticket.id));
});
