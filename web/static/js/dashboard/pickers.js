// What a person chooses: days, periods, a time zone, an event and a category.

import { timezone } from "../core/deployment.js";
import { el, fill, one, settled } from "../core/dom.js";
import { daysOf, INTERVALS, intervalOf, RANGES } from "./view.js";

const control = (name) => one(`#pick-${name}`);
const option = (value, text) => el("option", { value }, text);
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `choose(changes)` is called with what is chosen; `view()` is what is looked at. */
export function beginPickers({ choose, view }) {
  fill(control("range"), Object.entries(RANGES).map(([value, text]) => option(value, text)));
  fill(control("zone"), zones(view().zone));
  one("#pickers").addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["interval", "zone", "event", "category"]) {
    control(name).addEventListener("change", () => choose({ [name]: control(name).value }));
  }
  control("range").addEventListener("change", () => {
    const range = control("range").value;
    // Chosen days begin as those that are looked at.
    const { start, end } = daysOf(view());
    choose(range === "custom" ? { range, from: start, to: end } : { range });
  });
  // Who types a year makes four of them.
  const chooseDays = settled(() => {
    if (!showOrder()) return;
    choose({ range: "custom", from: control("from").value, to: control("to").value });
  }, 500);
  for (const name of ["from", "to"]) control(name).addEventListener("input", chooseDays);
}

/** Have the controls say what is looked at. */
export function showView(view) {
  const days = daysOf(view);
  const automatic = `Auto (${intervalOf({ ...view, interval: "auto" }, days)})`;
  const names = { ...INTERVALS, auto: automatic };
  fill(control("interval"), Object.entries(names).map(([value, text]) => option(value, text)));
  for (const name of ["range", "interval"]) control(name).value = view[name];
  if (![...control("zone").options].some(({ value }) => value === view.zone)) {
    control("zone").prepend(option(view.zone, view.zone));
  }
  control("zone").value = view.zone;
  setDay("from", days.start);
  setDay("to", days.end);
  showOrder();
  for (const name of ["event", "category"]) keepChoice(name, view[name]);
}

/** Offer what can be filtered by; what is chosen stays, wherever it was sold. */
export function offer(name, values, chosen) {
  const names = [...new Set([...values, chosen].filter(Boolean))];
  names.sort(new Intl.Collator().compare);
  const all = { event: "All events", category: "All categories" }[name];
  fill(control(name), option("", all), names.map((value) => option(value, value)));
  control(name).value = chosen;
}

function keepChoice(name, chosen) {
  const known = [...control(name).options].map(({ value }) => value);
  offer(name, known, chosen);
}

// What is being typed is left alone.
function setDay(name, day) {
  if (control(name).value !== day) control(name).value = day;
}

/** Whether the days are in order; where they aren't, that is told beside them. */
function showOrder() {
  const [from, to] = [control("from").value, control("to").value];
  const isWrong = from !== "" && to !== "" && from > to;
  const problem = one("#pick-problem");
  problem.hidden = !isWrong;
  fill(problem, isWrong && "The last day is before the first: choose a later one.");
  control("to").setAttribute("aria-invalid", String(isWrong));
  if (isWrong) control("to").setAttribute("aria-describedby", problem.id);
  else control("to").removeAttribute("aria-describedby");
  return !isWrong;
}

function zones(chosen) {
  const near = [...new Set([timezone, own, "UTC", chosen])];
  const notes = { [own]: " (yours)", [timezone]: " (the shop's)" };
  const others = Intl.supportedValuesOf("timeZone").filter((name) => !near.includes(name));
  return [
    el("optgroup", { label: "Near" }, near.map((name) => option(name, name + (notes[name] ?? "")))),
    el("optgroup", { label: "All" }, others.map((name) => option(name, name))),
  ];
}
