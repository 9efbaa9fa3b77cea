// What the API refuses, in the words of the box office: what is so, and what helps.

import { dateTime, money, number } from "./format.js";

/** {what, next} of a Problem: what is so, and what to do about it; `next` may be null. */
export function explain(problem) {
  const words = WORDS[problem.code];
  if (words === undefined) return { what: problem.message, next: null };
  const [what, next = null] = words(problem.members, problem);
  return { what, next };
}

const CHANGED = "It was changed since you looked.";
const LOOK = "Nothing was done. Go back and look again, then decide anew.";
const SENT_AGAIN = "Press again: however often it is sent, it is done once.";

const busy = (_, { retryAfter }) => [
  "The service has too much to do just now, and did nothing.",
  retryAfter ? `Press again in ${number(retryAfter)} seconds.` : "Press again in a moment.",
];

const WORDS = {
  // Of anything.
  unreachable: () => [
    "No answer came, so it is not known whether it was done.",
    `Check the connection. ${SENT_AGAIN}`,
  ],
  stale_object: () => [CHANGED, LOOK],
  precondition_failed: () => [CHANGED, LOOK],
  not_allowed: () => ["Your role does not allow this.", "An administrator can do it."],
  request_in_progress: () => ["The same is being done at this moment.", SENT_AGAIN],
  idempotency_key_reused: () => [
    "Something else was sent from here before, and may have been done.",
    "Go back and look again, then begin anew.",
  ],
  too_many_requests: busy,
  service_busy: busy,
  service_stopping: busy,
  database_unavailable: busy,

  // Of orders.
  order_not_found: () => ["This order is not there any more.", "Somebody has deleted it."],
  own_order: () => [
    "The order is your own.",
    "Another member of the box office has to do this for you.",
  ],
  order_empty: () => ["The order has no tickets.", "Add some first, or delete it."],
  invalid_transition: ({ current, requested }) => [
    `It is ${current} now, and what is ${current} can't become ${requested}.`,
    LOOK,
  ],
  order_not_deletable: ({ order_status: status }) => [
    `The order is ${status}. Only pending and cancelled orders are deleted.`,
    "Cancel it instead: then its money goes back and its tickets are free.",
  ],
  order_has_payments: () => [
    "Money came for the order, or is on its way, and that stays on record.",
    "Cancel it instead.",
  ],
  payment_just_failed: ({ deletable_from: from }) => [
    "A payment failed a short while ago, and its provider may try it again.",
    `It can be deleted from ${dateTime(from)}; cancelling is possible now.`,
  ],
  order_not_pending: ({ order_status: status }) => [
    `The order is ${status}; tickets are added to pending orders only.`,
    "Make a new order for them.",
  ],
  order_not_payable: () => ["The order is cancelled, so nobody owes anything for it.", LOOK],
  order_total_limit: ({ limit }) => [`An order may come to ${money(limit)} at most.`],
  quantity_limit: ({ limit }) => [`An order has at most ${number(limit)} of one ticket.`],
  ticket_not_on_sale: () => ["The sale of this ticket is stopped.", "Resume it at the ticket desk."],
  insufficient_stock: ({ lines = [] }) => [
    lines.length
      ? `Only ${number(lines[0].available)} left; ${number(lines[0].requested)} were asked for.`
      : "Not so many are left.",
    "Take fewer, or put withheld ones on sale at the ticket desk.",
  ],
  user_inactive: () => ["The buyer's account is deactivated, and can't buy."],
  user_erased: () => ["The buyer was erased: nothing more is written down about them."],

  // Of money.
  refund_needs_admin: ({ amount, limit }) => [
    `${money(amount)} of this order would have gone back in all. ` +
      `The box office gives back ${money(limit)} at most.`,
    "Give back less, or ask an administrator to do it.",
  ],
  refund_exceeds_payment: ({ amount, refundable }) => [
    refundable === undefined
      ? "That is more than is left of the payment."
      : `${money(amount)} is more than is left of the payment: ${money(refundable)}.`,
    "Give back less.",
  ],
  transaction_not_refundable: ({ transaction_status: status }) => [
    `The payment is ${status}, so there is nothing to give back.`,
    LOOK,
  ],
  transaction_not_found: () => ["This payment is not there any more."],
  amount_exceeds_balance: ({ amount, balance_due: due }) => [
    due === undefined
      ? "That is more than is due."
      : `${money(amount)} is more than is due: ${money(due)}.`,
    "Note what is due; give the rest back to whoever paid it.",
  ],
  amount_differs: ({ amount, transaction_amount: announced }) => [
    `The payment is about ${money(announced)}, not ${money(amount)}.`,
    LOOK,
  ],
  reference_used: () => [
    "Another payment that arrived has this reference already.",
    "Look at the number on the receipt again.",
  ],
  settled_by_provider: ({ provider }) => [
    `${provider} tells what becomes of this payment.`,
    "To settle it by hand all the same, say why.",
  ],
  not_by_provider: () => ["No provider takes this payment: the box office settles it."],
  payment_provider_unavailable: ({ provider }) => [
    `${provider} does not answer at the moment.`,
    "Ask again in a moment.",
  ],
  payment_provider_failed: ({ provider }) => [
    `${provider} answered what makes no sense, so nothing was changed.`,
    "Ask again in a moment.",
  ],
  payment_provider_not_configured: ({ provider }) => [
    `${provider} is not set up here any more.`,
    "Settle it by hand, with what you know from its own pages.",
  ],
  refund_not_failed: ({ refund_status: status }) => [
    status === "pending"
      ? "The money is on its way, and may still arrive."
      : "The money has arrived already.",
    "Nothing is to be done.",
  ],
  refund_not_found: () => ["This refund is not there any more."],

  // Of tickets.
  ticket_not_found: () => ["This ticket is not there any more.", "Somebody has deleted it."],
  ticket_has_orders: () => [
    "Orders have this ticket, so it stays on record.",
    "Stop its sale instead, as cancelled.",
  ],
  stock_conflict: (stock) => [
    "The stock does not allow this: " +
      `${number(stock.sold_quantity)} are sold and ${number(stock.reserved_quantity)} held, ` +
      `of ${number(stock.total_quantity)} in all.`,
    `The total can't be less than ${number(stock.sold_quantity + stock.reserved_quantity)}` +
      `, and on sale are then what is left: now ${number(stock.available_quantity)}, ` +
      `with ${number(stock.withheld_quantity)} withheld.`,
  ],
};
