// What the service refuses, told to a buyer: in words, with numbers, and with what to do next.

/**
 * {says: [lines], actions: [{does, label, …}]} for a refusal. `nameOf(ticketId)` and `money(amount)`
 * write what the buyer knows it by. What `does` names is the page's to do: "take" so many of a
 * ticket, "remove" it, look at the "orders", the "tickets" or the "order" as it is now, "logIn", or
 * try "again", after `wait` seconds where that is said.
 */
export function told(refusal, { nameOf, money }) {
  const words = WORDS[refusal.code];
  const found = words?.(refusal.members, { nameOf, money, wait: refusal.retryAfter });
  return found ?? otherwise(refusal);
}

const AGAIN = { does: "again", label: "Try again" };
const ORDERS = { does: "orders", label: "See my orders" };
const TICKETS = { does: "tickets", label: "See what is on sale" };
const ORDER = { does: "order", label: "Show the order as it is now" };

const take = (ticket, quantity) => ({
  does: "take", ticket, quantity, label: `Take ${quantity} instead`,
});
const remove = (ticket, name) => ({ does: "remove", ticket, label: `Remove ${name}` });
/** As many as can be had, or none. */
const reduce = (ticket, quantity, name) => (quantity > 0 ? take(ticket, quantity) : remove(ticket, name));

const WORDS = {
  insufficient_stock: ({ lines }, { nameOf }) =>
    each(lines, ({ ticket_id: id, requested, available }) => [
      available > 0
        ? `Only ${available} of “${nameOf(id)}” ${are(available)} left; you asked for ${requested}.`
        : `“${nameOf(id)}” is sold out; you asked for ${requested}. Tickets that others hold and do not pay come back within minutes.`,
      reduce(id, available, nameOf(id)),
    ]),
  ticket_not_on_sale: ({ lines }, { nameOf }) =>
    each(lines, ({ ticket_id: id, status }) => [
      `“${nameOf(id)}” is not on sale${status === "cancelled" ? " any more: it was cancelled" : " now"}.`,
      remove(id, nameOf(id)),
    ]),
  event_passed: ({ ticket_ids: ids }, { nameOf }) =>
    each(ids, (id) => [`“${nameOf(id)}” has begun or is over.`, remove(id, nameOf(id))]),
  ticket_not_found: ({ ticket_ids: ids }, { nameOf }) =>
    each(ids, (id) => [`“${nameOf(id)}” is not sold any more.`, remove(id, nameOf(id))]),
  quantity_limit: ({ limit, lines }, { nameOf }) =>
    each(lines, ({ ticket_id: id, requested }) => [
      `An order holds at most ${limit} of “${nameOf(id)}”; you asked for ${requested}.`,
      take(id, limit),
    ]),
  units_limit: ({ limit, lines }, { nameOf }) =>
    each(lines, ({ ticket_id: id, requested, held }) => [
      `Everybody may have ${limit} of “${nameOf(id)}”. You have ${held} already, and asked for ${requested} more.`,
      reduce(id, limit - held, nameOf(id)),
    ], ORDERS),
  open_orders_limit: ({ limit, held }) => ({
    says: [`You have ${held} unpaid orders, and may have ${limit}. Pay one of them, or give one back.`],
    actions: [ORDERS],
  }),
  unpaid_orders_limit: ({ limit }, { wait }) => ({
    says: [`${limit} of your orders ended unpaid within a day. You can reserve again in ${minutes(wait)}.`],
    actions: [TICKETS],
  }),
  hold_again_later: ({ ticket_ids: ids }, { nameOf, wait }) => ({
    says: [
      `You held ${listed(ids.map(nameOf))} a moment ago and did not pay, so others have their turn. You can reserve again in ${minutes(wait)}.`,
    ],
    actions: [...ids.map((id) => remove(id, nameOf(id))), { ...AGAIN, wait }],
  }),
  order_total_limit: ({ total_amount: total, limit }, { money }) => ({
    says: [`This comes to ${money(total)}; an order may come to ${money(limit)}. Take fewer.`],
    actions: [],
  }),
  cart_empty: () => ({ says: ["There is nothing in the cart."], actions: [TICKETS, ORDERS] }),
  order_not_payable: () => ({
    says: ["This order takes no payment any more: it was paid, given back, or its time has run out."],
    actions: [ORDER],
  }),
  amount_exceeds_balance: ({ balance_due: due }, { money }) => ({
    says: [due > 0 ? `Only ${money(due)} is due now.` : "Nothing is due any more."],
    actions: [ORDER],
  }),
  payment_refused: ({ reason }) => ({
    says: [`The provider does not take this payment (${plain(reason)}). Choose another way to pay.`],
    actions: [],
  }),
  payment_provider_unavailable: (_, { wait }) => unanswered("does not answer", wait),
  payment_provider_failed: (_, { wait }) => unanswered("gave an answer that makes no sense", wait),
  too_many_requests: (_, { wait }) => tooMany(wait),
  too_many_stored_answers: (_, { wait }) => tooMany(wait),
  request_in_progress: (_, { wait }) => ({
    says: ["The same is being done at this moment, from here or in another tab."],
    actions: [{ ...AGAIN, wait }],
  }),
  conflict: (_, { wait }) => busy(wait),
  user_inactive: () => ({
    says: ["This account is deactivated and can't buy. The box office can help."],
    actions: [],
  }),
  not_authenticated: () => logInAgain,
  invalid_token: () => logInAgain,
  unreachable: () => ({
    says: ["The service can't be reached. Check the connection, then try again: whatever was asked is done once."],
    actions: [AGAIN],
  }),
};

const logInAgain = {
  says: ["Your log-in has ended. Log in again; what you chose is kept."],
  actions: [{ does: "logIn", label: "Log in" }],
};

/** Why a payment has failed. */
export function whyNotPaid(reason) {
  return {
    card_declined: "The bank declined the card, and nothing was charged. Try another card.",
    insufficient_funds: "There is not enough money on the card, and nothing was charged. Try another card.",
    authentication_failed: "The bank has no agreement to the payment, and nothing was charged. Try again.",
    order_expired: "The money came after the time had run out, and is on its way back.",
    order_cancelled: "The order was given back. Money that comes all the same goes back by itself.",
    already_paid: "The order was paid already; this money is on its way back.",
    units_limit: "You have as many as one may have; this money is on its way back.",
    amount_differs: "Another amount came than was asked for; it is on its way back.",
  }[reason] ?? `The payment failed${reason ? ` (${plain(reason)})` : ""}. Try again.`;
}

export function minutes(seconds) {
  if (!seconds) return "a moment";
  if (seconds < 90) return `${seconds} second${seconds === 1 ? "" : "s"}`;
  const whole = Math.ceil(seconds / 60);
  return whole < 90 ? `${whole} minutes` : `${Math.ceil(whole / 60)} hours`;
}

function unanswered(what, wait) {
  return {
    says: [`The payment provider ${what}. The same payment is tried again; it is never made twice.`],
    actions: [{ ...AGAIN, wait }],
  };
}

function tooMany(wait) {
  return {
    says: [`These were many requests in a short time. Try again in ${minutes(wait)}; nothing is lost.`],
    actions: [{ ...AGAIN, wait }],
  };
}

function busy(wait) {
  return {
    says: [`The service has much to do, and has not done this. Try again in ${minutes(wait)}; it is done once.`],
    actions: [{ ...AGAIN, wait }],
  };
}

function otherwise({ message, status, retryAfter }) {
  if (status === 503) return busy(retryAfter);
  const mayHelp = status >= 500 || retryAfter;
  return { says: [message], actions: mayHelp ? [{ ...AGAIN, wait: retryAfter }] : [] };
}

function each(items, tell, ...more) {
  const pairs = items.map(tell);
  return { says: pairs.map(([said]) => said), actions: [...pairs.map(([, action]) => action), ...more] };
}

const are = (number) => (number === 1 ? "is" : "are");
const plain = (word) => String(word ?? "").replaceAll("_", " ");
const listed = (names) => names.map((name) => `“${name}”`).join(", ");
