// The figures at the top, each with its change against as many days before.

import { el, fill, one } from "../core/dom.js";
import { change, money, number } from "../core/format.js";
import { notice } from "../core/frame.js";
import { figure } from "./parts.js";
import { sources } from "./sources.js";

const asMoney = ({ currency }) => (value) => money(value, currency);
const asNumber = () => number;
/** Where each is told, how it is written, and whether more of it is bad. */
const TOTALS = {
  net_revenue: { source: "dashboard", write: asMoney },
  gross_revenue: { source: "dashboard", write: asMoney },
  refunded: { source: "dashboard", write: asMoney, isBad: true },
  average_order_value: { source: "dashboard", write: asMoney },
  orders: { source: "dashboard", write: asNumber },
  tickets_sold: { source: "dashboard", write: asNumber },
  new_users: { source: "users", write: asNumber },
  returning_users: { source: "users", write: asNumber },
};

export function beginTotals() {
  for (const name of ["dashboard", "users", "before"]) sources[name].listen(show);
}

function show() {
  const states = ["dashboard", "users"].map((name) => sources[name].now.state);
  one("#totals").setAttribute("aria-busy", String(states.includes("loading")));
  for (const [name, total] of Object.entries(TOTALS)) showTotal(name, total);
  fill(one("#totals-notice"), notices());
}

function notices() {
  const failed = Object.entries({
    dashboard: "The totals could not be loaded.",
    users: "The figures of users could not be loaded.",
    before: "The period before could not be loaded, so that nothing is compared.",
  }).filter(([name]) => sources[name].now.state === "failed");
  return failed.map(([name, words]) => {
    const told = notice(sources[name].now.problem, { retry: () => sources[name].again() });
    told.prepend(el("p", {}, el("strong", {}, words)));
    return told;
  });
}

function showTotal(name, { source, write, isBad = false }) {
  const tile = one(`[data-total="${name}"]`);
  const { state, data } = sources[source].now;
  const [now, changed] = [one(".now", tile), one(".change", tile)];
  if (data === null) {
    const nothing = state === "failed" ? "–" : skeleton();
    fill(now, nothing);
    fill(changed);
    return;
  }
  const value = valueOf(name, source, data);
  const written = write(data);
  fill(now, figure(name, value, written(value)));
  fill(changed, state === "ready" && compared({ name, source, value, written, isBad }));
}

function compared({ name, source, value, written, isBad }) {
  const { state, data } = sources.before.now;
  if (state !== "ready" || data === null) return null;
  const before = valueOf(name, source, data[source]);
  const share = change(value, before);
  const isUp = value > before;
  const kind = value === before ? "muted" : isUp === isBad ? "worse" : "better";
  return el(
    "span",
    { "data-figure": `${name}_before`, "data-value": before },
    share !== null && el("span", { class: kind }, arrow(value - before), " ", share, " "),
    el("span", { class: "muted" }, `before ${written(before)}`),
  );
}

const valueOf = (name, source, data) => (source === "dashboard" ? data.totals[name] : data[name]);

function arrow(difference) {
  if (difference === 0) return "＝";
  return el("span", { "aria-hidden": "true" }, difference > 0 ? "▲" : "▼");
}

const skeleton = () => el("span", { class: "skeleton", "aria-hidden": "true" }, "000,000.00");
