// What every page does before its own work: find out who looks at it, and let them log in or out.

import { isOpen, root } from "./deployment.js";
import { el, fill, one } from "./dom.js";
import { begin, isStaff, logIn, logOut, person, whenChanged } from "./session.js";

/**
 * Begin a page. `start` is called once somebody is there who may see it, and again whenever that
 * becomes somebody else; `audience` is "staff", or "all" where nobody has to log in.
 */
export async function open({ audience, start }) {
  const enter = () => {
    showAccount();
    const mayEnter = audience === "all" || isStaff();
    one("#content").hidden = !mayEnter;
    showDoor(mayEnter);
    if (mayEnter) start();
  };
  try {
    await begin();
  } catch (problem) {
    one("#content").hidden = true;
    showFault(problem, { retry: () => location.reload() });
    return;
  }
  enter();
  whenChanged(enter);
}

/**
 * A box that says what went wrong, and offers to try again where that may help; `says` are words of
 * the page's own, {what, next}.
 */
export function notice(problem, { retry, says = { what: problem.message } } = {}) {
  return el(
    "div",
    { class: "notice bad", role: "alert" },
    el("p", {}, says.what),
    says.next && el("p", {}, says.next),
    problem.requestId && el("p", { class: "small muted" }, `Request ${problem.requestId}`),
    retry && el("button", { type: "button", onclick: retry }, "Try again"),
  );
}

/** The form by which people log in; `then` is called after that. */
export function logInForm({ then = () => {}, heading = "Log in", level = 1 } = {}) {
  const problem = el("div", { role: "alert" });
  const code = field("Code of your authenticator", {
    name: "otp",
    autocomplete: "one-time-code",
    inputmode: "numeric",
  });
  code.hidden = true;
  const button = el("button", { class: "primary", type: "submit" }, "Log in");
  const form = el(
    "form",
    { class: "stack" },
    el(`h${level}`, {}, heading),
    field("Username or email", { name: "username", autocomplete: "username", required: true }),
    field("Password", {
      name: "password",
      type: "password",
      autocomplete: "current-password",
      required: true,
    }),
    code,
    problem,
    button,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    fill(problem);
    const { username, password, otp } = Object.fromEntries(new FormData(form));
    try {
      await logIn(username, password, otp);
      then();
    } catch (refusal) {
      if (refusal.code === "second_factor_required") {
        code.hidden = false;
        code.querySelector("input").focus();
      }
      fill(problem, el("p", { class: "error" }, refusal.message));
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

let fields = 0;

/** A labelled input: `attributes` are its own; `control` stands in its place where it is given. */
export function field(label, attributes = {}, { control, hint } = {}) {
  fields += 1;
  const id = `field-${fields}`;
  const input = control ?? el("input", attributes);
  input.id = id;
  if (hint) input.setAttribute("aria-describedby", `${id}-hint`);
  return el(
    "div",
    { class: "field" },
    el("label", { for: id }, label),
    input,
    hint && el("span", { id: `${id}-hint`, class: "small muted" }, hint),
  );
}

function showDoor(mayEnter) {
  const door = one("#door");
  door.hidden = mayEnter;
  if (mayEnter) return fill(door);
  if (person() === null) return fill(door, el("div", { class: "card log-in" }, logInForm()));
  return fill(
    door,
    el(
      "div",
      { class: "notice warn" },
      el("p", {}, `${person().username} is no member of the box office, and may not see this page.`),
      el("p", {}, el("a", { href: `${root}/shop` }, "Go to the shop")),
    ),
  );
}

function showFault(problem, options) {
  fill(one("#door"), notice(problem, options));
  one("#door").hidden = false;
}

function showAccount() {
  const who = person();
  // Who can't be logged out now must not believe that they are.
  const leave = (options) => () => logOut(options).catch((problem) => showFault(problem));
  const out = (label, options) =>
    el("button", { type: "button", class: "quiet", onclick: leave(options) }, label);
  if (who === null) return fill(one("#account"));
  if (isOpen && who.user_id === null) {
    return fill(
      one("#account"),
      el("span", { class: "badge warn", title: "AUTH_REQUIRED=true ends that" }, "Open mode"),
    );
  }
  return fill(
    one("#account"),
    el("span", { class: "small muted" }, who.username),
    out("Log out"),
    out("Log out everywhere", { everywhere: true }),
  );
}
