// Numbers, money and times, as the reader's language writes them.

import { currency as shop, timezone } from "./deployment.js";

const language = navigator.languages?.length ? navigator.languages : undefined;
const made = new Map();

function formatter(kind, options) {
  const key = JSON.stringify([kind.name, options]);
  if (!made.has(key)) made.set(key, new kind(language, options));
  return made.get(key);
}

export const number = (value) => formatter(Intl.NumberFormat, {}).format(value);

export const percent = (share) =>
  formatter(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 1 }).format(share);

/** +12.3 % or −4 %: how much more than before; null where there was nothing before. */
export function change(now, before) {
  if (!before) return null;
  const options = { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" };
  // What was below nothing and is less so has grown.
  return formatter(Intl.NumberFormat, options).format((now - before) / Math.abs(before));
}

/** An amount, with the decimals of its currency. */
export const money = (amount, currency = shop) =>
  formatter(Intl.NumberFormat, { style: "currency", currency }).format(amount);

/** The same in little room: $12K. */
export const roughMoney = (amount, currency = shop) =>
  formatter(Intl.NumberFormat, {
    style: "currency",
    currency,
    notation: "compact",
    maximumFractionDigits: 1,
  }).format(amount);

export const roughNumber = (value) =>
  formatter(Intl.NumberFormat, { notation: "compact", maximumFractionDigits: 1 }).format(value);

export const dateTime = (moment, timeZone = timezone) =>
  formatter(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short", timeZone }).format(
    new Date(moment),
  );

export const date = (moment, timeZone = timezone) =>
  formatter(Intl.DateTimeFormat, { dateStyle: "medium", timeZone }).format(new Date(moment));

export const time = (moment, timeZone = timezone) =>
  formatter(Intl.DateTimeFormat, { timeStyle: "medium", timeZone }).format(new Date(moment));

export const shortDate = (moment, timeZone = timezone) =>
  formatter(Intl.DateTimeFormat, { day: "numeric", month: "short", timeZone }).format(
    new Date(moment),
  );

export const month = (moment, timeZone = timezone) =>
  formatter(Intl.DateTimeFormat, { month: "long", year: "numeric", timeZone }).format(
    new Date(moment),
  );

export const shortMonth = (moment, timeZone = timezone) =>
  formatter(Intl.DateTimeFormat, { month: "short", year: "numeric", timeZone }).format(
    new Date(moment),
  );

/** From one day to another (YYYY-MM-DD), without saying twice what they share. */
export const days = (first, last) =>
  formatter(Intl.DateTimeFormat, { dateStyle: "medium", timeZone: "UTC" }).formatRange(
    new Date(first),
    new Date(last),
  );

/** 14:05, for what is left of a hold. */
export function countdown(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

/** "1 ticket", "3 tickets": of a word whose plural has an s unless it is said otherwise. */
export const count = (value, word, plural = `${word}s`) =>
  `${number(value)} ${value === 1 ? word : plural}`;

/** YYYY-MM-DD of a moment in a time zone, as the API takes days. */
export const day = (moment, timeZone = timezone) =>
  new Intl.DateTimeFormat("en-CA", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    timeZone,
  }).format(new Date(moment));
