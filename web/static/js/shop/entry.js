// Logging in and registering, without leaving the page.

import { ask } from "./buyer.js";
import { el, fill } from "../core/dom.js";
import { field, logInForm } from "../core/frame.js";
import { logIn } from "../core/session.js";
import { minutes } from "../purchase/words.js";
import { busy } from "./parts.js";

export async function showEntry(content) {
  fill(content, el("h1", { class: "visually-hidden" }, "Log in or register"), entryForms({ heading: "Log in", level: 2 }));
  content.querySelector("input").focus();
}

/** Both forms. What follows a log-in is the page's: it hears of who is there. */
export function entryForms({ heading, level }) {
  return el(
    "div",
    { class: "entry" },
    el("section", { class: "card" }, logInForm({ heading, level })),
    el("section", { class: "card" }, registerForm(level)),
  );
}

const FIELDS = [
  ["Username", { name: "username", autocomplete: "username", required: true, minlength: 3, maxlength: 50 }, "Letters, digits, . _ and -"],
  ["Email", { name: "email", type: "email", autocomplete: "email", required: true }],
  ["Full name", { name: "full_name", autocomplete: "name", required: true }],
  ["Password", { name: "password", type: "password", autocomplete: "new-password", required: true }, "At least 8 characters, and none of the common ones"],
];
// What is said of an account as a whole is about one of its fields.
const OF_FIELD = { username_taken: "username", username_reserved: "username", email_taken: "email" };
const SAID = {
  username_taken: "Somebody has this username. Choose another one; if it is you, log in.",
  username_reserved: "This username is not given away. Choose another one.",
  email_taken: "There is an account with this email address. If it is yours, log in.",
};

function registerForm(level) {
  // What is sent again without having been changed is the same registration.
  let key = null;
  const problem = el("div", { role: "alert" });
  const button = el("button", { type: "submit" }, "Register");
  const form = el(
    "form",
    // The service says what is wrong, in the same words to everybody.
    { class: "stack", novalidate: true },
    el(`h${level}`, {}, "New here?"),
    FIELDS.map(([label, attributes, hint]) => field(label, attributes, { hint })),
    problem,
    button,
  );
  form.addEventListener("input", () => {
    key = null;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    key ??= crypto.getRandomValues(new Uint32Array(4)).join("-");
    busy(button, () => register(form, problem, key));
  });
  return form;
}

async function register(form, problem, key) {
  const body = Object.fromEntries(new FormData(form));
  showErrors(form, {});
  fill(problem);
  try {
    await ask("POST", "/api/users/", { body, key });
    await logIn(body.username, body.password);
  } catch (refused) {
    const name = OF_FIELD[refused.code];
    const errors = name ? { [name]: SAID[refused.code] } : refused.fields;
    const others = showErrors(form, errors);
    if (Object.keys(errors).length === 0 || others.length) fill(problem, el("p", { class: "error" }, inWords(refused, others)));
  }
}

function inWords(refused, others) {
  if (others.length) return others.join(" ");
  if (refused.retryAfter) return `Too many registrations from here. Try again in ${minutes(refused.retryAfter)}.`;
  return refused.message;
}

/** Put each error at its field; returns those that have none. */
function showErrors(form, errors) {
  const others = { ...errors };
  for (const [, { name }] of FIELDS) {
    const input = form.elements[name];
    const place = input.parentElement;
    place.querySelector(".error")?.remove();
    input.removeAttribute("aria-invalid");
    const hint = place.querySelector(".muted")?.id ?? "";
    if (errors[name]) {
      const id = `${input.id}-error`;
      place.append(el("span", { class: "error", id }, errors[name].replace(/^String should/, "This should")));
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", `${id} ${hint}`.trim());
      delete others[name];
    } else if (hint) input.setAttribute("aria-describedby", hint);
    else input.removeAttribute("aria-describedby");
  }
  form.querySelector('[aria-invalid="true"]')?.focus();
  return Object.values(others);
}
