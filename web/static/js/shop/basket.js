// What is chosen. Of who has logged in it is the API's cart; of a stranger it is kept in this tab,
// and becomes the cart with the log-in.

import { currency } from "../core/deployment.js";
import { fractions } from "./money.js";
import { mayBuy, purchase } from "./buyer.js";

const CHOICE = "choice";
const SEEN = "prices-seen";
const listeners = new Set();
let cart = { items: [], total_amount: 0 };

const read = (name) => JSON.parse(sessionStorage.getItem(name)) ?? {};
const write = (name, value) => sessionStorage.setItem(name, JSON.stringify(value));

export const basket = {
  lines: () => cart.items,
  total: () => cart.total_amount,
  units: () => cart.items.reduce((units, line) => units + line.quantity, 0),

  /** Returns a function that ends it. */
  whenChanged(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  /** As it is now. */
  async load() {
    become(mayBuy() ? await purchase().cart() : ofStranger());
  },

  async add(ticket, quantity) {
    see(ticket.id, ticket.price);
    if (mayBuy()) {
      await purchase().add(ticket.id, quantity);
    } else {
      const choice = read(CHOICE);
      const had = choice[ticket.id]?.quantity ?? 0;
      write(CHOICE, { ...choice, [ticket.id]: { ticket, quantity: had + quantity } });
    }
    await basket.load();
  },

  /** So many of a line; none takes it out. */
  async change(line, quantity) {
    if (mayBuy()) {
      await purchase().change(line, quantity);
    } else {
      const { [line.ticket_id]: chosen, ...others } = read(CHOICE);
      write(CHOICE, quantity > 0 ? { ...others, [line.ticket_id]: { ...chosen, quantity } } : others);
    }
    await basket.load();
  },

  lineOf: (ticketId) => cart.items.find((line) => line.ticket_id === ticketId),

  /** Lines whose price is not the one that the buyer saw: [{line, seen}]. */
  changedPrices() {
    const seen = read(SEEN);
    return cart.items
      .map((line) => ({ line, seen: seen[line.ticket_id] }))
      .filter(({ line, seen: price }) => price !== undefined && price !== line.unit_price);
  },

  /** The buyer was told of today's prices. */
  agree() {
    for (const line of cart.items) see(line.ticket_id, line.unit_price);
    tellAll();
  },

  /** A ticket's state that was told. Who is about to press something is left alone where that is
   * nothing new of what they chose. */
  hear(state) {
    const line = basket.lineOf(state.id);
    if (!line || isAsTold(line, state)) return;
    const { status, available_quantity: left, price = line.unit_price } = state;
    Object.assign(line.ticket, { status, available_quantity: left });
    Object.assign(line, { unit_price: price, line_total: fractions.times(price, line.quantity) });
    cart.total_amount = fractions.sum(cart.items.map((one) => one.line_total));
    const { [state.id]: chosen, ...others } = read(CHOICE);
    if (chosen) write(CHOICE, { ...others, [state.id]: { ...chosen, ticket: { ...chosen.ticket, ...state } } });
    tellAll();
  },
};

const isAsTold = ({ ticket, unit_price: price }, state) =>
  ticket.status === state.status &&
  ticket.available_quantity === state.available_quantity &&
  (state.price === undefined || state.price === price);

/** Put a stranger's choice into the cart of who has logged in; returns what was refused of it. */
export async function takeAlong() {
  const refused = [];
  for (const [id, { quantity }] of Object.entries(read(CHOICE))) {
    try {
      await purchase().add(Number(id), quantity);
    } catch (problem) {
      // Anything but the answer about this very ticket is for another time.
      if (problem.status !== 409 && problem.status !== 404) throw problem;
      refused.push(problem);
    }
    drop(id);
  }
  return refused;
}

function drop(id) {
  const { [id]: _, ...others } = read(CHOICE);
  write(CHOICE, others);
}

function see(ticketId, price) {
  write(SEEN, { ...read(SEEN), [ticketId]: price });
}

function become(next) {
  cart = next;
  const seen = read(SEEN);
  for (const line of cart.items) if (seen[line.ticket_id] === undefined) see(line.ticket_id, line.unit_price);
  tellAll();
}

function tellAll() {
  for (const listener of listeners) listener();
}

function ofStranger() {
  const items = Object.values(read(CHOICE)).map(({ ticket, quantity }) => ({
    ticket_id: ticket.id,
    quantity,
    unit_price: ticket.price,
    line_total: fractions.times(ticket.price, quantity),
    currency,
    ticket,
  }));
  return { items, total_amount: fractions.sum(items.map((line) => line.line_total)) };
}
