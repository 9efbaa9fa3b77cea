// What sold best, what state orders are in, and how they were paid: bars with their numbers.

import { el, svg } from "../core/dom.js";
import { count, money, number, percent } from "../core/format.js";
import { exportButton, figure, Part } from "./parts.js";
import { sources } from "./sources.js";

const SHOWN = 10;
const STATES = {
  pending: "Pending",
  confirmed: "Confirmed",
  completed: "Completed",
  cancelled: "Cancelled",
};

/** `fileOf(name)` names a file after what is looked at, `sold()` is what an export is asked for. */
export function beginRankings({ fileOf, sold }) {
  const lines = exportButton("All lines as CSV", "/api/analytics/sales/export", sold);
  return [
    salesPart(fileOf, { name: "by-event", of: "event_name", title: "Event", exports: [lines] }),
    salesPart(fileOf, { name: "by-category", of: "category", title: "Category" }),
    salesPart(fileOf, { name: "by-venue", of: "venue", title: "Venue" }),
    statesPart(fileOf),
    methodsPart(fileOf),
  ];
}

function salesPart(fileOf, { name, of, title, exports }) {
  const currency = () => sources.sales.now.data.currency;
  return listPart({
    name,
    source: sources.sales,
    tells: false,
    exports,
    empty: "Nothing was sold in this period.",
    rowsOf: (data) => data[name.replace("-", "_")],
    file: () => fileOf(`sales-${name}`),
    columns: () => [
      head(title, of),
      numbers("Orders", "orders"),
      numbers("Tickets", "tickets_sold"),
      amounts("Revenue", "revenue", currency()),
    ],
    row: (row, data) => ({
      name: row[of],
      size: row.revenue,
      main: figure("revenue", row.revenue, money(row.revenue, data.currency)),
      more: [
        figure("tickets_sold", row.tickets_sold, count(row.tickets_sold, "ticket")),
        " · ",
        figure("orders", row.orders, count(row.orders, "order")),
      ],
    }),
  });
}

function statesPart(fileOf) {
  // By moments, since in lists bare dates are days of the deployment's zone.
  const created = () => {
    const { start, end } = sources.dashboard.now.data.period;
    return { created_from: start, created_to: end };
  };
  return listPart({
    name: "by-status",
    source: sources.dashboard,
    tells: false,
    exports: [exportButton("All orders as CSV", "/api/orders/export", created)],
    empty: "No order was created in this period.",
    rowsOf: ({ orders_by_status: counts, totals }) =>
      Object.keys(STATES)
        .filter(() => totals.orders > 0)
        .map((state) => ({ state, orders: counts[state] })),
    file: () => fileOf("orders-by-state"),
    columns: () => [
      { ...head("State", "state"), text: ({ state }) => STATES[state] },
      numbers("Orders", "orders"),
    ],
    row: ({ state, orders }, { totals }) => ({
      name: state,
      shown: STATES[state],
      size: orders,
      main: figure("orders", orders, number(orders)),
      more: [percent(orders / totals.orders)],
    }),
  });
}

function methodsPart(fileOf) {
  const currency = () => sources.revenue.now.data.currency;
  // Transactions are found by no dates: their file is of all time.
  const file = exportButton("Transactions as CSV", "/api/transactions/export", () => ({}));
  return listPart({
    name: "by-method",
    source: sources.revenue,
    tells: false,
    exports: [file],
    empty: "No money came in or went back in this period.",
    rowsOf: (data) => data.by_payment_method,
    file: () => fileOf("takings-by-method"),
    columns: () => [
      head("Payment method", "payment_method"),
      numbers("Payments", "transactions"),
      ...["gross", "refunded", "net"].map((name) =>
        amounts(name[0].toUpperCase() + name.slice(1), name, currency()),
      ),
    ],
    row: (row, data) => {
      const written = (name) => figure(name, row[name], money(row[name], data.currency));
      return {
        name: row.payment_method,
        size: row.net,
        main: written("net"),
        more: [
          figure("transactions", row.transactions, count(row.transactions, "payment")),
          " · gross ",
          written("gross"),
          " · refunded ",
          written("refunded"),
        ],
      };
    },
  });
}

/** A part of rows of which the first are shown, until all are asked for. */
export function listPart({ row, list = bars, ...rest }) {
  let showsAll = false;
  const part = new Part({
    ...rest,
    draw: (data) => {
      const rows = rest.rowsOf(data);
      const shown = showsAll ? rows : rows.slice(0, SHOWN);
      return [list(shown.map((one) => row(one, data))), rows.length > SHOWN && more(rows.length)];
    },
  });
  const more = (length) =>
    el(
      "button",
      {
        type: "button",
        class: "quiet more",
        onclick: () => {
          showsAll = !showsAll;
          part.show();
          part.section.querySelector(".more").focus();
        },
      },
      showsAll ? `Show the first ${SHOWN}` : `Show all ${number(length)}`,
    );
  return part;
}

function bars(rows) {
  const largest = Math.max(...rows.map(({ size }) => size), 0) || 1;
  return el(
    "ol",
    { class: "bars" },
    rows.map(({ name, shown = name, size, main, more }) =>
      el(
        "li",
        { "data-row": name },
        el("span", { class: "name" }, shown),
        el("span", { class: "muted small more-figures" }, more),
        el("strong", { class: "numbers main-figure" }, main),
        bar(Math.max(0, size) / largest),
      ),
    ),
  );
}

const bar = (share) =>
  svg(
    "svg",
    { class: "bar", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", width: 100, height: 1 }),
    svg("rect", { class: "value", width: share * 100, height: 1 }),
  );

export const head = (title, name) => ({
  title,
  name,
  isHead: true,
  raw: (row) => row[name],
  text: (row) => row[name],
});

export const numbers = (title, name) => ({
  title,
  name,
  raw: (row) => row[name],
  text: (row) => number(row[name]),
});

export const amounts = (title, name, currency) => ({
  title,
  heading: `${title} (${currency})`,
  name,
  raw: (row) => row[name],
  text: (row) => money(row[name], currency),
});
