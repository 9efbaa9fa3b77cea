// A storefront on an origin of its own: tickets, cart, payment and receipt, with plain fetch. How a
// purchase goes stands in purchase/; here are the log-in by tokens and what is shown.

import { Purchase, byEvent, leftOf, standingOf } from "./purchase/purchase.js";
import { CARDS, confirm, isTest } from "./purchase/test-cards.js";
import { told, whyNotPaid } from "./purchase/words.js";

const service = document.querySelector('meta[name="service"]').content;
const main = document.querySelector("#main");
const names = new Map();
const nameOf = (id) => names.get(id) ?? `ticket ${id}`;
let currency = "USD";
const money = (amount) => new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
const when = (moment) => new Date(moment).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

// Who buys. The access token is in memory alone. The refresh token is kept for this tab, where any
// script of this origin can read it: a page on the service's own origin has a cookie in its place.

let token = null;
let buyer = null;
const tokens = (form) => send("POST", "/api/auth/token", { form });

async function become({ access_token: access, refresh_token: refresh }) {
  token = access;
  sessionStorage.setItem("refresh", refresh);
  buyer = (await ask("GET", "/api/auth/me")).data.user_id;
  document.querySelector("#log-out").hidden = false;
}

async function renew() {
  const refresh = sessionStorage.getItem("refresh");
  if (!refresh) return false;
  const answer = await send("POST", "/api/auth/refresh", { body: { refresh_token: refresh } });
  if (!answer.ok) {
    sessionStorage.removeItem("refresh");
    return false;
  }
  await become(await answer.json());
  return true;
}

async function logOut() {
  const refresh = sessionStorage.getItem("refresh");
  await send("POST", "/api/auth/logout", { body: { refresh_token: refresh } });
  sessionStorage.clear();
  location.assign("?");
}

// The service over HTTP. What it refuses has a `code`, and the `members` that a program acts by.

async function ask(method, path, options = {}) {
  let answer = await send(method, path, options);
  if (answer.status === 401 && token && (await renew())) answer = await send(method, path, options);
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const data = isJson ? await answer.json() : null;
  if (answer.ok) return { data };
  throw refused(answer.status, data ?? {}, Number(answer.headers.get("Retry-After")) || null);
}

async function send(method, path, { query = {}, body, form, key } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  const asked = new URLSearchParams(query).toString();
  try {
    return await fetch(`${service}${path}${asked && `?${asked}`}`, {
      method, headers, body: form ? new URLSearchParams(form) : body && JSON.stringify(body),
    });
  } catch {
    throw refused(0, { code: "unreachable" });
  }
}

function refused(status, members, retryAfter = null) {
  const { code, detail } = members;
  return Object.assign(new Error(detail ?? "The request failed."), { status, code, members, retryAfter });
}

const purchase = () => new Purchase(ask, buyer);

// What is shown. Elements are made of words: what the service tells can't become markup.

function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(Boolean));
  return element;
}

/** A button that can't be pressed again before its work has ended; a refusal is told below it. */
function button(label, work) {
  const made = el("button", { type: "button", onclick: () => doing(made, work) }, label);
  return made;
}

async function doing(pressed, work) {
  pressed.disabled = true;
  main.querySelector(".told")?.remove();
  try {
    await work();
  } catch (refusal) {
    main.append(notice(refusal, () => doing(pressed, work)));
  } finally {
    pressed.disabled = false;
  }
}

function notice(refusal, again) {
  const { says, actions } = told(refusal, { nameOf, money });
  const does = {
    again: () => again(),
    take: ({ ticket, quantity }) => set(ticket, quantity),
    remove: ({ ticket }) => set(ticket, 0),
    tickets: showTickets,
    orders: showTickets,
    order: () => location.reload(),
    logIn: () => showEntry(again),
  };
  const buttons = actions.map((action) => button(action.label, () => does[action.does](action)));
  return el("div", { class: "told", role: "alert" }, says.map((line) => el("p", {}, line)), buttons);
}

async function set(ticketId, quantity) {
  const { items } = await purchase().cart();
  const line = items.find((one) => one.ticket_id === ticketId);
  if (line) await purchase().change(line, quantity);
  else if (quantity) await purchase().add(ticketId, quantity);
  await showCart();
}

async function showTickets() {
  const query = { available: true, sort: "event_date", limit: 50, date_from: new Date().toISOString() };
  const { data } = await ask("GET", "/api/tickets/", { query });
  main.replaceChildren(
    el("h1", {}, "Tickets"),
    ...byEvent(data).map(({ name, date, venue, tickets }) =>
      el("section", {}, el("h2", {}, name), el("p", {}, `${when(date)}, ${venue}`), tickets.map(kind)),
    ),
  );
}

function kind(ticket) {
  currency = ticket.currency;
  names.set(ticket.id, `${ticket.event_name}, ${ticket.category}`);
  const label = `How many of ${nameOf(ticket.id)}`;
  const many = el("input", { type: "number", min: 1, max: leftOf(ticket), value: 1, "aria-label": label });
  // The choice survives the log-in, which comes first where nobody has logged in.
  const add = async () => {
    if (buyer === null) return showEntry(add);
    await purchase().add(ticket.id, Number(many.value));
    return showCart();
  };
  return el("div", { class: "line" },
    el("span", {}, `${ticket.category}: ${money(ticket.price)}, ${leftOf(ticket)} left`), many, button("Add", add));
}

/** Log in, or register first; then go on. */
async function showEntry(then = showTickets) {
  const form = el("form", {}, el("h1", {}, "Log in, or register"),
    ["username", "password", "email", "full_name"].map((name) =>
      el("label", {}, `${name.replace("_", " ")}${name === "email" || name === "full_name" ? " (to register)" : ""}`,
        el("input", { name, type: name === "password" ? name : "text" }))),
    el("button", { name: "does", value: "log in" }, "Log in"),
    el("button", { name: "does", value: "register" }, "Register"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { username, password, ...more } = Object.fromEntries(new FormData(form));
    doing(event.submitter, async () => {
      if (event.submitter.value === "register") {
        await ask("POST", "/api/users/", { body: { username, password, ...more } });
      }
      const answer = await tokens({ username, password });
      if (!answer.ok) throw refused(answer.status, await answer.json());
      await become(await answer.json());
      await then();
    });
  });
  main.replaceChildren(form);
}

const lineOf = (line, about, ...more) =>
  el("div", { class: "line" }, el("span", {}, `${line.quantity} × ${about.event_name}, ${about.category}`), money(line.line_total), more);

async function showCart() {
  if (buyer === null) return showEntry(showCart);
  const { items, total_amount: total } = await purchase().cart();
  for (const { ticket_id: id, ticket } of items) names.set(id, `${ticket.event_name}, ${ticket.category}`);
  const reserve = async () => showOrder((await purchase().reserve()).id);
  return main.replaceChildren(
    el("h1", {}, "Cart"),
    ...items.map((line) => lineOf(line, line.ticket, button("Remove", () => set(line.ticket_id, 0)))),
    el("p", { class: "total" }, `Total ${money(total)}`),
    button(`Reserve for ${money(total)}`, reserve),
  );
}

/** An order in each of its states; the address keeps it, for a reload and the way back. */
async function showOrder(id) {
  history.replaceState(null, "", `?order=${id}`);
  const order = await purchase().order(id);
  const [latest] = await purchase().payments(order);
  currency = order.currency;
  const heads = {
    paid: "Receipt", pay: "Pay", take: "Take", expired: "The time has run out", cancelled: "Cancelled",
  };
  const standing = standingOf(order);
  main.replaceChildren(
    el("h1", {}, `${heads[standing]}: ${order.order_reference}`),
    ...order.items.map((line) => lineOf(line, line)),
    el("p", { class: "total" }, `Total ${money(order.total_amount)}`),
  );
  if (standing === "pay") return main.append(...(await paying(order, latest)));
  if (standing === "take") return main.append(button("Get the tickets", () => purchase().take(order).then(() => showOrder(id))));
  if (standing === "paid" && latest) return main.append(el("p", {}, `Paid ${money(order.amount_paid)} with ${latest.payment_method}, ${latest.transaction_number}`));
  return main.append(button("See what is on sale", showTickets));
}

async function paying(order, latest) {
  const ways = (await purchase().methods()).map(({ payment_method: method, next_action: next }) => {
    const card = el("input", { inputmode: "numeric", placeholder: CARDS[0][0], "aria-label": `Card for ${method}` });
    const pay = async () => {
      const payment = await purchase().pay(order, method);
      if (next === "redirect") return location.assign(payment.next_action.url);
      return goOn(payment, { card: card.value });
    };
    return el("div", { class: "line" }, el("span", {}, method), next === "confirm" && card, button(`Pay ${money(order.balance_due)}`, pay));
  });
  return [
    el("p", {}, `Held for you until ${when(order.expires_at)}.`),
    latest?.status === "failed" && el("p", { class: "told", role: "alert" }, whyNotPaid(latest.failure_reason)),
    ...ways,
    isTest(latest?.payment_method ?? "test") && el("p", {}, `Cards for tests: ${CARDS.map((card) => card.join(" ")).join("; ")}.`),
  ].filter(Boolean);
}

async function goOn(payment, said) {
  const answer = await confirm(service, payment, said);
  if (answer.refusal && answer.code !== "payment_not_open") throw refused(409, { detail: answer.refusal });
  if (answer.status === "authentication_required") {
    return main.append(
      el("p", {}, "Your bank asks whether you agree to the payment."),
      button("I agree", () => goOn(payment, { authentication: "passed" })),
      button("I do not agree", () => goOn(payment, { authentication: "failed" })),
    );
  }
  await purchase().settled(payment);
  return showOrder(payment.order_id);
}

/** Where a reload, or the way back from a provider's page, goes on. */
async function start() {
  await renew();
  const query = new URLSearchParams(location.search);
  const number = query.get("transaction_number");
  if (buyer === null) return number || query.get("order") ? showEntry(start) : showTickets();
  const interrupted = await purchase().resume();
  if (interrupted) return showOrder(interrupted.id);
  if (!number) return query.get("order") ? showOrder(Number(query.get("order"))) : showTickets();
  const payment = await purchase().returned(number);
  if (!payment) return showTickets();
  await purchase().settled(payment, 6);
  return showOrder(payment.order_id);
}

document.querySelector("#to-cart").addEventListener("click", (event) => doing(event.target, showCart));
document.querySelector("#log-out").addEventListener("click", (event) => doing(event.target, logOut));
start().catch((refusal) => main.replaceChildren(notice(refusal, () => location.reload())));
