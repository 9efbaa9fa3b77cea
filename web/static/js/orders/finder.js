// The list of orders, found as one types.

import { ask, nextOf } from "../core/api.js";
import { announce, el, fill, settled } from "../core/dom.js";
import { count, date, money, number } from "../core/format.js";
import { field, notice } from "../core/frame.js";
import { explain } from "../core/refusals.js";
import { badge } from "./states.js";

const STATES = ["pending", "confirmed", "completed", "cancelled"];
const A_PAGE = 25;

/**
 * The search and what it finds. `onSearch` is told what is searched for as it changes, `onOpen` the
 * reference of an order that was chosen, and `addressOf` makes the address of an order.
 */
export function finder({ onSearch, onOpen, addressOf }) {
  const inputs = {
    q: el("input", { name: "q", type: "search", autocomplete: "off", spellcheck: "false" }),
    status: el(
      "select",
      { name: "status" },
      el("option", { value: "" }, "Any state"),
      STATES.map((state) => el("option", { value: state }, state)),
    ),
    from: el("input", { name: "from", type: "date" }),
    to: el("input", { name: "to", type: "date" }),
  };
  const found = el("div", { class: "found" });
  const total = el("p", { class: "small muted found-total" });
  const more = el("button", { type: "button", hidden: true }, "More orders");
  const list = el("ul", { class: "found-list" });
  let running = new AbortController();
  let next = null;
  let opened = "";

  const values = () =>
    Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]));

  async function search() {
    running.abort();
    running = new AbortController();
    list.setAttribute("aria-busy", "true");
    const { q, status, from, to } = values();
    const query = { q, status, created_from: from, created_to: to, limit: A_PAGE, count: true };
    await show({ path: "/api/orders/search", query }, { isNew: true });
  }

  async function show({ path, query }, { isNew }) {
    const { signal } = running;
    try {
      const answer = await ask("GET", path, { query, signal });
      next = nextOf(answer.headers);
      if (isNew) begin(answer);
      list.append(...answer.data.map(row));
      mark(opened);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      fill(found, notice(problem, { says: explain(problem), retry: search }));
    } finally {
      if (!signal.aborted) list.removeAttribute("aria-busy");
    }
    more.hidden = next === null;
  }

  function begin(answer) {
    const atLeast = answer.headers.get("X-Total-Count-At-Least");
    const all = Number(atLeast ?? answer.headers.get("X-Total-Count"));
    const said = atLeast ? `More than ${number(all)} orders` : count(all, "order");
    fill(list);
    fill(total, said);
    announce(all === 0 ? "No order is found" : `${said} found`);
    fill(found, all === 0 ? nothing(values()) : [total, list, more]);
  }

  function row(order) {
    const open = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      onOpen(order.order_reference);
    };
    return el(
      "li",
      {},
      el(
        "a",
        { href: addressOf(order.order_reference), "data-order": order.order_reference, onclick: open },
        el(
          "span",
          { class: "row spread" },
          el("span", { class: "mono strong" }, order.order_reference),
          badge(order.status),
        ),
        el(
          "span",
          { class: "row spread" },
          el("span", {}, order.buyer.full_name, " ", muted(order.buyer.username)),
          el("span", { class: "numbers" }, money(order.total_amount, order.currency)),
        ),
        el(
          "span",
          { class: "row spread small muted" },
          el("span", {}, whatFor(order.items)),
          el("span", {}, date(order.created_at)),
        ),
      ),
    );
  }

  function mark(reference) {
    opened = reference;
    for (const link of list.querySelectorAll("a")) {
      if (link.dataset.order === reference) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  const soon = settled(() => {
    onSearch(values());
    search();
  });
  const form = el(
    "form",
    { class: "finder", role: "search", "aria-label": "Orders" },
    field("Find an order", {}, { control: inputs.q, hint: "Reference, name, username, whole email, or event" }),
    el(
      "div",
      { class: "finder-more" },
      field("State", {}, { control: inputs.status }),
      field("From", {}, { control: inputs.from }),
      field("Until", {}, { control: inputs.to }),
    ),
  );
  form.addEventListener("input", () => {
    // What is typed on makes an answer that is on its way one to another question.
    running.abort();
    soon();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", async () => {
    more.disabled = true;
    await show(next, { isNew: false });
    more.disabled = false;
  });
  fill(found, skeleton());
  return {
    element: el("div", { class: "stack" }, form, found),
    /** Search for what an address says. */
    show(said) {
      for (const [name, input] of Object.entries(inputs)) input.value = said[name];
      return search();
    },
    search,
    mark,
  };
}

const muted = (text) => el("span", { class: "small muted" }, text);

function whatFor(items) {
  if (items.length === 0) return "No tickets";
  const [{ quantity, event_name: name }] = items;
  const others = items.length - 1;
  return `${number(quantity)} × ${name}${others ? ` and ${count(others, "other line")}` : ""}`;
}

function nothing({ q, status, from, to }) {
  const narrowed = status || from || to;
  return el(
    "div",
    { class: "empty" },
    el("p", {}, q || narrowed ? "No order is like that." : "There are no orders yet."),
    q && el("p", { class: "small" }, "An email has to be whole; of a reference or a name a part will do."),
    narrowed && el("p", { class: "small" }, "State and dates leave some out."),
  );
}

function skeleton() {
  const rows = Array.from({ length: 6 }, () => el("li", { class: "skeleton found-skeleton" }, " "));
  return el("ul", { class: "found-list", "aria-hidden": "true" }, rows);
}
