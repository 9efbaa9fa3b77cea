// The organiser's page: sales, money and stock as they are now.

import { whenMoved } from "./core/address.js";
import { announce, fill, one } from "./core/dom.js";
import { days as writtenDays, time } from "./core/format.js";
import { open } from "./core/frame.js";
import { isStaff, whenChanged } from "./core/session.js";
import { beginCharts } from "./dashboard/charts.js";
import { LatestOrders } from "./dashboard/latest.js";
import { beginPickers, offer, showView } from "./dashboard/pickers.js";
import { beginRankings } from "./dashboard/rankings.js";
import { askFor, forgetAll, sources } from "./dashboard/sources.js";
import { beginStock } from "./dashboard/stock.js";
import { beginTotals } from "./dashboard/totals.js";
import { daysBefore, daysOf, readView, sayView } from "./dashboard/view.js";

let view = readView();
let isBegun = false;
let isChosen = false;
const zone = () => view.zone;
const latest = new LatestOrders(zone);

/** Look at something else. */
function choose(changes) {
  view = { ...view, ...changes };
  sayView(view);
  isChosen = true;
  look();
}

function look(options) {
  showView(view);
  showPeriod();
  askFor(view, options);
  latest.show();
}

function showPeriod() {
  const days = daysOf(view);
  const before = daysBefore(days);
  const compared = before && `compared with ${writtenDays(before.start, before.end)}`;
  fill(one("#period"), [inWords(days), view.zone, compared].filter(Boolean).join(" · "));
}

function inWords({ start, end }) {
  if (start && end) return start <= end ? writtenDays(start, end) : "";
  if (start) return `Since ${writtenDays(start, start)}`;
  return end ? `Until ${writtenDays(end, end)}` : "All time";
}

function showChoices() {
  const sold = [sources.choices.now.data, sources.sales.now.data].filter(Boolean);
  const tickets = sources.stock.now.data?.tickets ?? [];
  const names = (list, of) => sold.flatMap((data) => data[list].map((row) => row[of]));
  const toCome = (of) => tickets.map((ticket) => ticket[of]);
  offer("event", [...names("by_event", "event_name"), ...toCome("event_name")], view.event);
  offer("category", [...names("by_category", "category"), ...toCome("category")], view.category);
}

/** Told once all is there, and only to who has chosen it. */
function showAsOf() {
  const states = Object.values(sources).map(({ now }) => now.state);
  if (states.includes("loading")) return;
  fill(one("#as-of"), `Figures as of ${time(Date.now(), view.zone)}`);
  const told = states.includes("failed") ? "Some figures could not be loaded." : "Figures loaded.";
  if (isChosen) announce(told);
  isChosen = false;
}

/** A file's name says what is in it. */
function fileOf(name) {
  const { start, end } = daysOf(view);
  return [name, start, end].filter(Boolean).join("-");
}

function soldIn() {
  const { start, end } = daysOf(view);
  return { start, end, timezone: view.zone, event_name: view.event, category: view.category };
}

function begin() {
  isBegun = true;
  beginPickers({ choose, view: () => view });
  beginTotals();
  beginCharts({ choose, fileOf });
  beginRankings({ fileOf, sold: soldIn });
  beginStock({ fileOf, zone });
  for (const name of ["sales", "choices", "stock"]) sources[name].listen(showChoices);
  for (const source of Object.values(sources)) source.listen(showAsOf);
  one("#refresh").addEventListener("click", () => {
    isChosen = true;
    look({ isAnew: true });
  });
  whenMoved(() => {
    view = readView();
    look();
  });
}

// Nothing of what one person saw is left for the next.
whenChanged(() => {
  if (isStaff()) return;
  latest.stop();
  if (isBegun) forgetAll();
});

await open({
  audience: "staff",
  start() {
    if (!isBegun) begin();
    look({ isAnew: true });
    latest.start();
  },
});
