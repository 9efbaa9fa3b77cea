// What is looked at: a filter, a range of days, a time zone, and how long the periods of a series
// are. All of it stands in the address.

import { said, say } from "../core/address.js";
import { timezone } from "../core/deployment.js";
import { day } from "../core/format.js";

export const RANGES = {
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
  month: "This month",
  "last-month": "Last month",
  year: "This year",
  all: "All time",
  custom: "Chosen days",
};
export const INTERVALS = { auto: "Automatic", day: "Day", week: "Week", month: "Month" };

const DEFAULTS = {
  range: "30d",
  from: "",
  to: "",
  interval: "auto",
  zone: timezone,
  event: "",
  category: "",
};
const MS_OF_DAY = 86_400_000;
// A chart of more bars than these is hard to read.
const DAYS_BY_DAY = 92;
const DAYS_BY_WEEK = 730;

/** What the address says; what it can't mean is as it is by default. */
export function readView() {
  const view = said(DEFAULTS);
  if (!(view.range in RANGES)) view.range = DEFAULTS.range;
  if (!(view.interval in INTERVALS)) view.interval = DEFAULTS.interval;
  if (!isZone(view.zone)) view.zone = DEFAULTS.zone;
  if (!isDay(view.from)) view.from = "";
  if (!isDay(view.to)) view.to = "";
  return view;
}

/** Have the address say it. Days are said only where they were chosen. */
export function sayView(view) {
  const chosen = view.range === "custom" ? {} : { from: "", to: "" };
  say({ ...view, ...chosen }, DEFAULTS);
}

/** The first and the last day that are looked at: {start, end}, as YYYY-MM-DD; "": not bounded. */
export function daysOf(view, now = Date.now()) {
  const today = day(now, view.zone);
  const first = `${today.slice(0, 8)}01`;
  const lastMonth = plus(first, -1);
  return {
    "7d": { start: plus(today, -6), end: today },
    "30d": { start: plus(today, -29), end: today },
    "90d": { start: plus(today, -89), end: today },
    month: { start: first, end: today },
    "last-month": { start: `${lastMonth.slice(0, 8)}01`, end: lastMonth },
    year: { start: `${today.slice(0, 4)}-01-01`, end: today },
    all: { start: "", end: "" },
    custom: { start: view.from, end: view.to },
  }[view.range];
}

/** As many days as these, right before them; null: these have no beginning, or no end. */
export function daysBefore({ start, end }) {
  const length = lengthOf({ start, end });
  if (length === null || length < 1) return null;
  const before = { start: plus(start, -length), end: plus(start, -1) };
  // Earlier than that the API knows no days.
  return before.start < "0002-01-02" ? null : before;
}

/** How long the periods of a series are. */
export function intervalOf(view, days) {
  if (view.interval !== "auto") return view.interval;
  const length = lengthOf(days) ?? DAYS_BY_WEEK;
  if (length <= DAYS_BY_DAY) return "day";
  return length <= DAYS_BY_WEEK ? "week" : "month";
}

/** A day, so many days later. */
export function plus(from, days) {
  const moved = new Date(Date.parse(from) + days * MS_OF_DAY);
  return Number.isNaN(moved.getTime()) ? from : moved.toISOString().slice(0, 10);
}

/** As many days as there are from the first to the last, both included. */
function lengthOf({ start, end }) {
  if (!start || !end) return null;
  return Math.round((Date.parse(end) - Date.parse(start)) / MS_OF_DAY) + 1;
}

const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

function isZone(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
