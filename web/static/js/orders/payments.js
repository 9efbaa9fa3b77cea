// The payments of an order, each with what went back of it and what banks ask back.

import { el } from "../core/dom.js";
import { dateTime, money } from "../core/format.js";
import { paymentActions, refundActions } from "./payment_actions.js";
import { badge } from "../desk/states.js";

export function paymentList(known, again) {
  if (known.payments.length === 0) return el("p", { class: "muted" }, "Nobody has paid yet.");
  return el(
    "ul",
    { class: "payments" },
    known.payments.map((payment) => paymentItem(known, payment, again)),
  );
}

function paymentItem(known, payment, again) {
  const disputes = known.history.disputes.filter((one) => one.transaction_id === payment.id);
  const buttons = paymentActions(known, payment, again);
  return el(
    "li",
    { "data-payment": payment.transaction_number },
    el(
      "div",
      { class: "row spread" },
      el("span", { class: "strong numbers" }, money(payment.amount, payment.currency)),
      badge(payment.status),
    ),
    el("p", { class: "small muted" }, aboutPayment(payment)),
    payment.failure_reason && el("p", { class: "small" }, `Reason: ${inWords(payment.failure_reason)}`),
    ...payment.refunds.map((given) => refundItem(known, payment, given, again)),
    ...disputes.map(disputeItem),
    buttons.length > 0 && el("div", { class: "row" }, buttons),
  );
}

function aboutPayment(payment) {
  const by = payment.provider ?? `${payment.payment_method}, by hand`;
  const reference = payment.transaction_reference ?? payment.provider_reference;
  return [payment.transaction_number, by, reference, dateTime(payment.created_at)]
    .filter(Boolean)
    .join(" · ");
}

function refundItem(known, payment, given, again) {
  const buttons = refundActions(known, payment, given, again);
  const by = given.is_by_hand || given.provider === null ? "by hand" : `by ${given.provider}`;
  return el(
    "div",
    { class: "went-back", "data-refund": given.id },
    el(
      "div",
      { class: "row spread" },
      el("span", { class: "numbers" }, `− ${money(given.amount, given.currency)} back ${by}`),
      badge(given.status, `refund ${given.status}`),
    ),
    el(
      "p",
      { class: "small muted" },
      `${dateTime(given.created_at)} · ${known.nameOf(given.asked_by)}`,
      given.reason && ` · ${inWords(given.reason)}`,
    ),
    given.failure_reason && el("p", { class: "small" }, `${given.provider} says: ${given.failure_reason}`),
    given.settled_reason && el("p", { class: "small" }, `Settled: ${given.settled_reason}`),
    buttons.length > 0 && el("div", { class: "row" }, buttons),
  );
}

function disputeItem(dispute) {
  const asked =
    dispute.amount === null
      ? `${dispute.minor_units} of the smallest units of ${dispute.currency}`
      : money(dispute.amount, dispute.currency);
  return el(
    "div",
    { class: "went-back", "data-dispute": dispute.id },
    el(
      "div",
      { class: "row spread" },
      el("span", {}, `The payer's bank asks ${asked} back`),
      badge(dispute.status, `dispute ${dispute.status}`),
    ),
    el(
      "p",
      { class: "small muted" },
      [
        dispute.provider_reference,
        inWords(dispute.reason),
        dispute.status === "open" &&
          dispute.respond_by !== null &&
          `evidence is taken at ${dispute.provider} until ${dateTime(dispute.respond_by)}`,
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

/** Our own reasons and a provider's are words joined by underscores; a person's stay as they are. */
function inWords(reason) {
  return /^[a-z]+(_[a-z]+)*$/.test(reason ?? "") ? reason.replaceAll("_", " ") : reason;
}
