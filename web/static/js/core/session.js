// Who looks at the page. The long-lived secret is a cookie that no script can read; what scripts
// have is a token for half an hour, in memory alone, which a reload gets anew.

import { isOpen, root } from "./deployment.js";
import { reach, toldBy } from "./http.js";

const BROWSER = `${root}/api/auth/browser`;
let token = null;
let who = null;
const listeners = new Set();

export const accessToken = () => token;

/** {user_id, username, role} of who is logged in; null: nobody is. In the open mode of development
 * a machine's own requests are an administrator's, whose `user_id` is null. */
export const person = () => who;

export const isStaff = () => who !== null && who.role !== "customer";

/** Called with `person()` whenever that changes. */
export function whenChanged(listener) {
  listeners.add(listener);
}

/** Find out who it is, once a page is loaded. */
export async function begin() {
  if (!(await renew()) && isOpen) await change(null);
  return who;
}

/**
 * Get the next token by the cookie; false: there is no log-in, or it has ended. That the service
 * can't tell now is a Problem, and ends nothing.
 */
export async function renew() {
  // Several pages of a browser have one cookie: one after the other renews it.
  const renewed = await inTurn(() => post("refresh"));
  if (renewed.status === 204 || renewed.status === 401) {
    if (token !== null) await change(null);
    return false;
  }
  const { access_token: next } = await toldBy(renewed);
  if (token === null) await change(next);
  else token = next;
  return true;
}

/** Log in; raises the Problem of a wrong password, or of a second factor that is missing. */
export async function logIn(username, password, otp = "") {
  const form = new URLSearchParams({ username, password });
  if (otp) form.set("otp", otp);
  const told = await toldBy(await post("login", form));
  await change(told.access_token);
}

/** Log out here, or in all browsers and programs where this account is logged in. */
export async function logOut({ everywhere = false } = {}) {
  // The token may have ended while nobody did anything.
  if (everywhere && (await renew())) {
    await toldBy(await reach(`${root}/api/auth/sessions`, { method: "DELETE", headers: shown() }));
  }
  await toldBy(await post("logout"));
  await change(null);
}

async function change(next) {
  token = next;
  who = token === null && !isOpen ? null : await me();
  for (const listener of listeners) listener(who);
}

const me = async () =>
  toldBy(await reach(`${root}/api/auth/me`, { headers: shown(), cache: "no-store" }));

const shown = () => (token === null ? {} : { Authorization: `Bearer ${token}` });

/** Also if the page is left meanwhile: the answer has the next cookie. */
const post = (what, body) => reach(`${BROWSER}/${what}`, { method: "POST", body, keepalive: true });

async function inTurn(work) {
  return navigator.locks ? navigator.locks.request("nexticket-session", work) : work();
}
