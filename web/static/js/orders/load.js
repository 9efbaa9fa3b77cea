// All that is known of an order, asked together.

import { all, ask, get } from "../core/api.js";
import { Problem } from "../core/problems.js";
import { person } from "../core/session.js";

// More people than that had no hand in any order.
const MOST_NAMES = 20;

/** {order, tag, buyer, payments, history, people, nameOf, ahead} of the order with a reference. */
export async function load(reference, signal) {
  const [found] = await get("/api/orders/search", { order_reference: reference }, { signal });
  if (found === undefined) throw new Problem({ code: "order_not_found", status: 404 });
  const [answer, payments, history, people, account] = await Promise.all([
    ask("GET", `/api/orders/${found.id}`, { signal }),
    paymentsOf(found.id, signal),
    get(`/api/orders/${found.id}/history`, {}, { signal }),
    all(`/api/orders/${found.id}/users`, {}, { signal }),
    accountOf(found.user_id, signal),
  ]);
  const buyer = { ...found.buyer, ...account };
  buyer.name = buyer.full_name || buyer.username;
  const refunds = payments.flatMap((payment) => payment.refunds);
  const actors = [...history.events, ...refunds].map((one) => (one.actor ?? one.asked_by)?.name);
  return {
    order: answer.data,
    // Which state a change is meant for.
    tag: answer.headers.get("ETag"),
    buyer,
    payments,
    history,
    people,
    nameOf: await namesOf(actors, { order: answer.data, buyer, people, signal }),
    ahead: aheadOf(answer.headers),
  };
}

/** By how many milliseconds the service's clock is ahead of this machine's. */
function aheadOf(headers) {
  const told = Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(told) ? 0 : told - Date.now();
}

async function paymentsOf(orderId, signal) {
  const payments = await all(`/api/transactions/order/${orderId}`, {}, { signal });
  return Promise.all(
    payments.map(async (payment) => ({
      ...payment,
      refunds:
        payment.refunded_amount > 0
          ? await all(`/api/transactions/${payment.id}/refunds`, {}, { signal })
          : [],
    })),
  );
}

/** What administrators alone are told of a person; null for all others, and where nobody is. */
async function accountOf(userId, signal) {
  if (person().role !== "admin") return null;
  try {
    return await get(`/api/users/${userId}`, {}, { signal });
  } catch (problem) {
    if (problem.code === "user_not_found") return null;
    throw problem;
  }
}

/** A function that names who did something. */
async function namesOf(actors, { order, buyer, people, signal }) {
  const known = new Map(
    people.filter((one) => one.username !== null).map((one) => [one.user_id, one.username]),
  );
  known.set(order.user_id, buyer.username);
  if (person().user_id !== null) known.set(person().user_id, person().username);
  const strangers = [...new Set(actors.map(userOf))].filter((id) => id !== null && !known.has(id));
  await Promise.all(
    strangers.slice(0, MOST_NAMES).map(async (id) => {
      const account = await accountOf(id, signal);
      if (account !== null) known.set(id, account.username);
    }),
  );
  return (actor) => called(actor, known);
}

function userOf(name) {
  const found = /^user:(\d+)$/.exec(name ?? "");
  return found === null ? null : Number(found[1]);
}

const OURS = {
  open: "somebody at this machine",
  anonymous: "somebody without a log-in",
  process: "the service",
  migration: "an upgrade of the service",
  unknown: "nobody knows who",
};
const ROLES = { admin: "administrator", staff: "box office", customer: "customer" };

function called(actor, known) {
  if (actor === null) return "not told";
  const id = userOf(actor.name);
  if (id !== null) {
    const role = ROLES[actor.role] ?? actor.role;
    return `${known.get(id) ?? `user ${id}`}${role ? ` (${role})` : ""}`;
  }
  const [kind, of] = actor.name.split(":");
  if (kind === "provider") return `${of} (payment provider)`;
  if (kind === "chore") return "the service";
  if (kind === "command") return `the command ${of}`;
  return OURS[actor.name] ?? actor.name;
}
