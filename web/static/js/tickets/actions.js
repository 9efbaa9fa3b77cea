// What can be done with a ticket.

import { ask } from "../core/api.js";
import { confirm } from "../core/dialogs.js";
import { el } from "../core/dom.js";
import { currency } from "../core/deployment.js";
import { count, money, number } from "../core/format.js";
import { field } from "../core/frame.js";
import { explain } from "../core/refusals.js";
import { doing, following } from "../desk/doing.js";
import { change, create, ticketForm } from "./form.js";
import { isStopped, moving } from "./stock.js";

const button = (does, label, onclick, isDangerous = false) =>
  el("button", { type: "button", class: isDangerous ? "danger" : null, "data-does": does, onclick }, label);

export function ticketActions(known, again) {
  const { ticket } = known;
  const isUnused = ticket.sold_quantity + ticket.reserved_quantity === 0;
  return [
    button("change", "Change…", () => edit(known, again)),
    isStopped(ticket)
      ? button("resume", "Resume the sale…", () => resume(known, again))
      : button("stop", "Stop the sale…", () => stop(known, again), true),
    isUnused && button("delete", "Delete…", () => remove(known, again), true),
  ].filter(Boolean);
}

const numberIn = (form, name) => {
  const { value } = form.elements[name];
  return value === "" ? null : Number(value);
};

/** Make a ticket; returns it, or null where that was called off. */
export async function makeTicket() {
  const form = ticketForm(null, currency);
  const answer = await confirm({
    title: "A new ticket",
    says: ["A kind of admission for an event, on sale at once."],
    inputs: [...form.inputs, following(offered)],
    action: "Put it on sale",
    explain,
    run: ({ key }) => create(form, key),
  });
  return answer === null ? null : answer.data;
}

function offered(form) {
  const total = numberIn(form, "total_quantity");
  const price = numberIn(form, "price");
  if (total === null || price === null) return [];
  const available = numberIn(form, "available_quantity") ?? total;
  const kept = total - available;
  return [
    `${count(available, "ticket")} on sale at ${money(price)}` +
      `${kept > 0 ? `, and ${number(kept)} withheld` : ""}.`,
  ];
}

function edit(known, again) {
  const { ticket } = known;
  const form = ticketForm(ticket, ticket.currency);
  return doing(again, {
    title: "Change the ticket",
    says: ["Only what you change is changed."],
    inputs: [...form.inputs, following((element) => effects(ticket, element))],
    action: "Change the ticket",
    done: "The ticket is changed.",
    run: ({ key }) => change(form, known, key),
  });
}

function effects(ticket, form) {
  const differs = (name) => {
    const value = numberIn(form, name);
    return value === null || value === ticket[name] ? null : value;
  };
  const price = differs("price");
  const lines = moving(ticket, {
    total: differs("total_quantity"),
    available: differs("available_quantity"),
  });
  if (price !== null) {
    lines.push(
      `New orders pay ${money(price, ticket.currency)}; ` +
        `those made before keep ${money(ticket.price, ticket.currency)}.`,
    );
  }
  return lines;
}

const toState = ({ ticket, tag }, status, key) =>
  ask("PATCH", `/api/tickets/${ticket.id}/status`, {
    key,
    body: { status },
    headers: { "If-Match": tag },
  });

const STOPS = [
  ["cancelled", "Cancelled: the event does not take place"],
  ["sold", "Sold out"],
  ["reserved", "Reserved: for the time being"],
];

function stop(known, again) {
  const { ticket } = known;
  const choice = el(
    "select",
    { name: "status" },
    STOPS.map(([value, words]) => el("option", { value }, words)),
  );
  return doing(again, {
    title: "Stop the sale?",
    says: [
      `${count(ticket.available_quantity, "ticket")} of ${ticket.event_name}, ${ticket.category}, ` +
        "can't be bought any more, until the sale is resumed.",
      `${number(ticket.reserved_quantity)} that buyers hold can still be paid, and ` +
        `${number(ticket.sold_quantity)} stay sold. No money goes back by itself.`,
    ],
    inputs: [field("Shown as", {}, { control: choice })],
    action: "Stop the sale",
    isDangerous: true,
    done: "The sale is stopped.",
    run: ({ key, values }) => toState(known, values.status, key),
  });
}

function resume(known, again) {
  const { ticket } = known;
  return doing(again, {
    title: "Resume the sale?",
    says: [
      `${count(ticket.available_quantity, "ticket")} of ${ticket.event_name}, ${ticket.category}, ` +
        `can be bought again, at ${money(ticket.price, ticket.currency)}.`,
    ],
    action: "Resume the sale",
    done: "The sale goes on.",
    run: ({ key }) => toState(known, "available", key),
  });
}

function remove(known, again) {
  const { ticket, tag } = known;
  return doing(again, {
    title: "Delete the ticket?",
    says: [
      `${ticket.event_name}, ${ticket.category}, with its ${number(ticket.total_quantity)} units, ` +
        "is removed, and leaves the carts that hold it. This can't be undone.",
      "Where an order has it, also a cancelled one, it can't be deleted.",
    ],
    action: "Delete the ticket",
    isDangerous: true,
    leaves: true,
    done: `${ticket.event_name}, ${ticket.category}, is deleted.`,
    run: ({ key }) =>
      ask("DELETE", `/api/tickets/${ticket.id}`, { key, headers: { "If-Match": tag } }),
  });
}
