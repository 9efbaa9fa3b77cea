// A purchase from the cart to the receipt, without a page: what is asked of the service, in which
// order, and what its answers mean. The service's own shop runs this very file.

import { once, unfinished } from "./keys.js";

const PAUSE = 700;

export class Purchase {
  /**
   * `ask(method, path, {query, body, key})` resolves to {data}, and rejects with what the service
   * refuses: {code, status, members, retryAfter}. `buyer` is the id of who has logged in.
   */
  constructor(ask, buyer) {
    this.ask = ask;
    this.buyer = buyer;
  }

  // The cart holds no stock, and tells today's prices.

  async cart() {
    return this.#get(`/api/cart/user/${this.buyer}/total`);
  }

  add(ticketId, quantity) {
    return once(`add:${this.buyer}:${ticketId}`, { quantity }, (key) => {
      const body = { user_id: this.buyer, ticket_id: ticketId, quantity };
      return this.#do("POST", "/api/cart/", { body, key });
    });
  }

  change(line, quantity) {
    const path = `/api/cart/${line.id}`;
    return quantity > 0 ? this.#do("PUT", path, { body: { quantity } }) : this.#do("DELETE", path);
  }

  // An order holds its tickets until `expires_at`.

  /** Hold all that is in the cart, or nothing; the order. */
  reserve() {
    const path = `/api/orders/from-cart/${this.buyer}`;
    return once(`reserve:${this.buyer}`, {}, (key) => this.#do("POST", path, { key }));
  }

  /** Go on with what a reload has interrupted; the order, if there is one now. */
  async resume() {
    let order = null;
    for (const [name, wish] of Object.entries(unfinished())) {
      const [what, buyer, ticketId] = name.split(":");
      if (Number(buyer) !== this.buyer) continue;
      if (what === "add") await this.add(Number(ticketId), wish.quantity);
      if (what === "reserve") order = await this.#reserved();
    }
    return order;
  }

  /** The order whose answer was lost. While there is something in the cart there is none, and what
   * is in it now may not be what was meant: the buyer is asked again. */
  async #reserved() {
    const { items } = await this.cart();
    if (items.length > 0) return null;
    try {
      return await this.reserve();
    } catch (refusal) {
      // It never came, and the buyer has taken everything out since.
      if (refusal.code === "cart_empty") return null;
      throw refusal;
    }
  }

  order(orderId) {
    return this.#get(`/api/orders/${orderId}`);
  }

  orders() {
    return this.#get(`/api/users/${this.buyer}/orders`, { sort: "-id", limit: 50 });
  }

  giveBack(order) {
    return once(`cancel:${order.id}`, {}, (key) =>
      this.#do("POST", `/api/orders/${order.id}/cancel`, { key }),
    );
  }

  /** What costs nothing is not paid: its buyer takes it. */
  take(order) {
    return once(`take:${order.id}`, {}, (key) =>
      this.#do("PATCH", `/api/orders/${order.id}/status`, { body: { status: "confirmed" }, key }),
    );
  }

  // Payments. `next_action` says how a buyer goes on with one that is pending.

  async methods() {
    return (await this.#get("/api/payments/methods")).methods;
  }

  payments(order) {
    return this.#get(`/api/transactions/order/${order.id}`, { sort: "-id" });
  }

  /** Announce a payment of what was shown as due; one that waits for its buyer is gone on with. */
  async pay(order, method) {
    const waiting = (await this.payments(order)).find(
      (one) => one.status === "pending" && one.payment_method === method && one.next_action,
    );
    if (waiting) return remembered(waiting);
    const body = { order_id: order.id, payment_method: method, amount: order.balance_due };
    return once(`pay:${order.id}`, { method, amount: body.amount }, async (key) =>
      remembered(await this.#do("POST", "/api/transactions/", { body, key })),
    );
  }

  /**
   * What became of a payment. A browser's word counts for nothing: the service asks the provider.
   * It may be `pending` still after so many seconds.
   */
  async settled(payment, seconds = 30) {
    const until = Date.now() + seconds * 1000;
    let now = await this.#synced(payment);
    while (now.status === "pending" && Date.now() < until) {
      await new Promise((resume) => setTimeout(resume, PAUSE));
      now = await this.#synced(now);
    }
    return now;
  }

  /** The payment that a provider's page has led back from; undefined: it is not this buyer's. */
  async returned(number) {
    const id = sessionStorage.getItem(`payment:${number}`);
    const known = id === null ? null : await this.#theirs(`/api/transactions/${id}`);
    if (known) return known;
    // Of another tab, or another browser.
    const latest = await this.#get("/api/transactions/", { sort: "-id", limit: 50 });
    return latest.find((one) => one.transaction_number === number);
  }

  /** Null where it is somebody else's: another account may have logged in meanwhile. */
  async #theirs(path) {
    try {
      return await this.#get(path);
    } catch (refusal) {
      if (refusal.status === 403 || refusal.status === 404) return null;
      throw refusal;
    }
  }

  async #synced(payment) {
    try {
      return await this.#do("POST", `/api/transactions/${payment.id}/sync`);
    } catch (refusal) {
      // The provider is away. It will tell, or is asked again.
      if (refusal.status === 502 || refusal.status === 503) return payment;
      throw refusal;
    }
  }

  #get(path, query) {
    return this.#do("GET", path, { query });
  }

  async #do(method, path, options) {
    return (await this.ask(method, path, options)).data;
  }
}

/** A provider's page leads back with the number of the payment, and not with its id. */
function remembered(payment) {
  sessionStorage.setItem(`payment:${payment.transaction_number}`, payment.id);
  return payment;
}

/** Tickets as they are looked for: [{name, date, venue, description, tickets}]. */
export function byEvent(tickets) {
  const events = new Map();
  for (const ticket of tickets) {
    const { event_name: name, event_date: date, venue, event_description: description } = ticket;
    const key = JSON.stringify([name, date, venue]);
    if (!events.has(key)) events.set(key, { name, date, venue, description, tickets: [] });
    events.get(key).tickets.push(ticket);
  }
  return [...events.values()];
}

/** How many of a ticket can be had now. */
export const leftOf = (ticket) => (ticket.status === "available" ? ticket.available_quantity : 0);

/** What a buyer can do with an order: "pay" it, "take" it for nothing, or look at what became of it:
 * "paid", "expired" or "cancelled". `now` is the service's time. */
export function standingOf(order, now = Date.now()) {
  if (order.status === "confirmed" || order.status === "completed") return "paid";
  if (order.status === "cancelled") {
    return order.cancel_reason === "expired" ? "expired" : "cancelled";
  }
  if (order.expires_at !== null && new Date(order.expires_at) <= now) return "expired";
  return order.balance_due > 0 ? "pay" : "take";
}
