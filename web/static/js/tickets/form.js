// The fields of a ticket: what they are filled with, what they say, and what is wrong with them.

import { ask } from "../core/api.js";
import { timezone } from "../core/deployment.js";
import { el } from "../core/dom.js";
import { field } from "../core/frame.js";
import { Problem } from "../core/problems.js";
import { smallest } from "../desk/amounts.js";
import { momentsOf, onTheWall } from "./zones.js";

const FIELDS = [
  { name: "event_name", label: "Event", attributes: { required: true, maxlength: 200 } },
  { name: "category", label: "Category", attributes: { required: true, maxlength: 100 } },
  { name: "venue", label: "Venue", attributes: { required: true, maxlength: 200 } },
  {
    name: "event_date",
    label: "Date and time",
    hint: `As clocks show it in ${timezone}`,
    attributes: { type: "datetime-local", required: true },
  },
  { name: "price", label: "Price", isNumber: true, attributes: { required: true, inputmode: "decimal" } },
  { name: "total_quantity", label: "In all", isNumber: true, attributes: { required: true, step: 1 } },
  {
    name: "available_quantity",
    label: "On sale",
    hint: "The rest is withheld. Left empty: all that is free.",
    isNumber: true,
    attributes: { step: 1 },
  },
];
const WHICH = "which_moment";

/**
 * The form of a ticket, or of a new one where there is none: `inputs` for a dialog, `changes()` for
 * what differs from the ticket, as the API takes it, and `telling(run)`, which has what is refused
 * of a field stand at it.
 */
export function ticketForm(ticket, currency) {
  const before = filledFrom(ticket);
  const controls = Object.fromEntries(FIELDS.map((one) => [one.name, control(one, before, currency)]));
  controls.event_description = el("textarea", { name: "event_description", rows: 3, maxlength: 2000 });
  controls.event_description.value = before.event_description;
  const which = el(
    "select",
    { name: WHICH },
    el("option", { value: "0" }, "The first time, before clocks are put back"),
    el("option", { value: "1" }, "The second time, after that"),
  );
  const asking = field("Which of both", {}, { control: which });
  const wall = controls.event_date;
  const follow = () => {
    asking.hidden = momentsOf(wall.value, timezone).length < 2;
  };
  wall.addEventListener("input", follow);
  follow();
  const inputs = [
    el("div", { class: "form-parts words" }, FIELDS.slice(0, 4).map(fieldOf(controls)), asking),
    el("div", { class: "form-parts" }, FIELDS.slice(4).map(fieldOf(controls))),
    fieldOf(controls)({ name: "event_description", label: "Description" }),
  ];
  const changes = () => changesOf(controls, before, Number(which.value));
  return { inputs, changes, telling: (run) => telling(controls, run) };
}

function filledFrom(ticket) {
  const names = [...FIELDS.map((one) => one.name), "event_description"];
  const filled = Object.fromEntries(names.map((name) => [name, String(ticket?.[name] ?? "")]));
  if (ticket) filled.event_date = onTheWall(ticket.event_date, timezone);
  return filled;
}

function control({ name, isNumber, attributes }, before, currency) {
  const kind = isNumber ? { type: "number", min: 0 } : {};
  const step = name === "price" ? { step: smallest(currency) } : {};
  const input = el("input", { name, autocomplete: "off", ...kind, ...step, ...attributes });
  input.value = before[name];
  return input;
}

const fieldOf = (controls) => ({ name, label, hint }) =>
  field(label, {}, { control: controls[name], hint });

function changesOf(controls, before, which) {
  const changed = Object.entries(controls).filter(([name, input]) => input.value !== before[name]);
  return Object.fromEntries(
    changed
      .map(([name, input]) => [name, valueOf(name, input, which)])
      .filter(([, value]) => value !== undefined),
  );
}

function valueOf(name, input, which) {
  const text = input.value.trim();
  if (input.type === "number") return text === "" ? undefined : Number(text);
  if (name === "event_description") return text || null;
  if (name !== "event_date") return text;
  const moments = momentsOf(text, timezone);
  if (moments.length === 0) throw skipped();
  return moments[Math.min(which, moments.length - 1)];
}

/** A refusal of our own, of the same form: the API is not asked for what no clock will show. */
const skipped = () =>
  new Problem({
    code: "validation_error",
    status: 422,
    errors: [
      {
        pointer: "#/event_date",
        detail: `There is no such time in ${timezone}: clocks are put forward over it.`,
      },
    ],
  });

async function telling(controls, run) {
  Object.values(controls).forEach(clear);
  try {
    return await run();
  } catch (problem) {
    const wrong = Object.entries(problem.fields ?? {}).filter(([name]) => name in controls);
    wrong.forEach(([name, detail]) => mark(controls[name], detail));
    if (wrong.length > 0) controls[wrong[0][0]].focus();
    throw problem;
  }
}

function mark(input, detail) {
  const id = `${input.id}-error`;
  input.setAttribute("aria-invalid", "true");
  const hint = input.getAttribute("aria-describedby");
  input.setAttribute("aria-describedby", hint ? `${hint} ${id}` : id);
  input.after(el("span", { class: "error", id }, detail));
}

function clear(input) {
  const id = `${input.id}-error`;
  input.removeAttribute("aria-invalid");
  input.parentElement.querySelector(`#${id}`)?.remove();
  const others = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
  if (others.length) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
}

/** A new ticket, as the form says. */
export const create = (form, key) =>
  form.telling(() => ask("POST", "/api/tickets/", { key, body: form.changes() }));

/** The fields that differ, of the ticket in the state that was looked at. */
export const change = (form, { ticket, tag }, key) =>
  form.telling(() =>
    ask("PUT", `/api/tickets/${ticket.id}`, {
      key,
      body: form.changes(),
      headers: { "If-Match": tag },
    }),
  );
