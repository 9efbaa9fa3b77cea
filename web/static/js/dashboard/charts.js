// Money and tickets over time.

import { el, fill } from "../core/dom.js";
import * as format from "../core/format.js";
import { notice } from "../core/frame.js";
import { Part } from "./parts.js";
import { Plot } from "./plot.js";
import { sources } from "./sources.js";

/** `choose(changes)` changes the view; `fileOf(name)` names a file after what is looked at. */
export function beginCharts({ choose, fileOf }) {
  const common = { empty: "Nothing was sold in this period.", noticeOf: tooMany(choose) };
  const revenue = new Part({
    ...common,
    name: "revenue",
    source: sources.revenue,
    empty: "No money came in or went back in this period.",
    rowsOf: ({ series }) => withSomething(series, ["gross", "refunded"]),
    columns: () => columnsOf(sources.revenue.now.data, MONEY),
    file: () => fileOf("revenue"),
    draw: chart((data) => ({ figures: MONEY, sums: sumsOfMoney(data) })),
  });
  const tickets = new Part({
    ...common,
    name: "tickets-sold",
    source: sources.sales,
    rowsOf: ({ series }) => withSomething(series, ["orders", "tickets_sold"]),
    columns: () => columnsOf(sources.sales.now.data, SALES),
    file: () => fileOf("sales"),
    draw: chart((data) => ({ figures: SALES, sums: data.totals })),
  });
  return [revenue, tickets];
}

/** What a series tells. A colour has what is drawn, the first before the others: what was refunded
 * is what is seen of the gross behind the net. */
const MONEY = [
  { name: "net", title: "Net", isMoney: true, colour: "--chart", drawn: "net" },
  { name: "refunded", title: "Refunded", isMoney: true, colour: "--chart-back", drawn: "gross" },
  { name: "gross", title: "Gross", isMoney: true },
];
const SALES = [
  { name: "tickets_sold", title: "Tickets sold", colour: "--chart-2", drawn: "tickets_sold" },
  { name: "orders", title: "Orders" },
  { name: "revenue", title: "Revenue", isMoney: true },
];

const sumsOfMoney = (data) => ({
  gross: data.gross_revenue,
  refunded: data.refunded,
  net: data.net_revenue,
});

/** A series in which nothing ever happened has no rows. */
const withSomething = (series, names) =>
  series.some((row) => names.some((name) => row[name] !== 0)) ? series : [];

function chart(told) {
  let plot = null;
  return (data) => {
    plot?.stop();
    const { figures, sums } = told(data);
    const legend = el("div", { class: "legend", "aria-hidden": "true" });
    const point = (index) => {
      const row = index === null ? sums : data.series[index];
      const when = index === null ? "Whole period" : longLabel(data, index);
      fill(legend, el("strong", {}, when), figures.map((one) => legendOf(one, row, data)));
    };
    point(null);
    const drawn = figures.filter(({ colour }) => colour);
    plot = new Plot({
      bars: [...drawn].reverse().map(({ colour, drawn: name }) => ({
        values: data.series.map((row) => row[name]),
        colour,
      })),
      label: (index) => shortLabel(data, index),
      rough: (value) => rough(drawn[0], value, data),
      isWhole: !drawn[0].isMoney,
      pointed: point,
    });
    plot.element.setAttribute("role", "img");
    plot.element.setAttribute("aria-label", inWords(data, drawn[0], sums));
    return [legend, plot.element];
  };
}

const written = ({ isMoney }, value, { currency }) =>
  isMoney ? format.money(value, currency) : format.number(value);

const rough = ({ isMoney }, value, { currency }) =>
  isMoney ? format.roughMoney(value, currency) : format.roughNumber(value);

const legendOf = (one, row, data) =>
  el(
    "span",
    { class: one.colour ? `key ${one.name}` : "key plain" },
    `${one.title} ${written(one, row[one.name], data)}`,
  );

function inWords(data, one, sums) {
  const values = data.series.map((row) => row[one.name]);
  const most = values.indexOf(Math.max(...values));
  const inAll = `${written(one, sums[one.name], data)} in all`;
  const best = `most in ${longLabel(data, most)}, ${written(one, values[most], data)}`;
  return `${one.title} by ${data.period.interval}: ${inAll}; ${best}. The table has every value.`;
}

// Where a chart has the same day of several years, the year says more than the day.
function shortLabel({ series, period }, index) {
  const start = series[index].period_start;
  const years = { day: 366, week: 53, month: 0 }[period.interval];
  const isOfYears = series.length > years;
  return (isOfYears ? format.shortMonth : format.shortDate)(start, period.timezone);
}

const longLabel = ({ series, period }, index) => nameOf(series[index], period);

function nameOf({ period_start: start }, { interval, timezone }) {
  if (interval === "month") return format.month(start, timezone);
  const day = format.date(start, timezone);
  return interval === "week" ? `week of ${day}` : day;
}

function columnsOf(data, figures) {
  const { period, currency } = data;
  const when = {
    title: { day: "Day", week: "Week", month: "Month" }[period.interval],
    name: "period_start",
    isHead: true,
    raw: (row) => format.day(row.period_start, period.timezone),
    text: (row) => nameOf(row, period),
  };
  return [
    when,
    ...figures.map((one) => ({
      title: one.title,
      heading: one.isMoney ? `${one.title} (${currency})` : one.title,
      name: one.name,
      raw: (row) => row[one.name],
      text: (row) => written(one, row[one.name], data),
    })),
  ];
}

const TOO_MANY =
  "These days are too many to be shown one by one. Show longer periods, or choose fewer days.";

/** Too many periods for a chart are no fault, but something to choose anew. */
function tooMany(choose) {
  return (problem) => {
    if (!problem.members.errors?.some(({ code }) => code === "too_many_periods")) return null;
    const by = (interval) =>
      el(
        "button",
        { type: "button", onclick: () => choose({ interval }) },
        `Show by ${interval}`,
      );
    return el(
      "div",
      { class: "notice warn", role: "alert" },
      el("p", {}, TOO_MANY),
      el("div", { class: "row" }, by("week"), by("month")),
    );
  };
}
