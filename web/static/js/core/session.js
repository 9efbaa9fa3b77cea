// Who looks at the page. The long-lived secret is a cookie that no script can read; what scripts
// have is a token for half an hour, in memory alone, which a reload gets anew.

import { isOpen, root } from "./deployment.js";
import { Problem, unreachable } from "./problems.js";

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

/** Get the next token by the cookie; false: there is no log-in, or it has ended. */
export async function renew() {
  // Several pages of a browser have one cookie: one after the other renews it.
  const renewed = await inTurn(() => post("refresh"));
  if (renewed.status !== 200) {
    if (token !== null) await change(null);
    return false;
  }
  const { access_token: next } = await renewed.json();
  if (token === null) await change(next);
  else token = next;
  return true;
}

/** Log in; raises the Problem of a wrong password, or of a second factor that is missing. */
export async function logIn(username, password, otp = "") {
  const form = new URLSearchParams({ username, password });
  if (otp) form.set("otp", otp);
  const response = await post("login", form);
  const told = await response.json();
  if (!response.ok) throw new Problem(told, Number(response.headers.get("Retry-After")) || null);
  await change(told.access_token);
}

/** Log out here, or in all browsers and programs where this account is logged in. */
export async function logOut({ everywhere = false } = {}) {
  if (everywhere) {
    const response = await fetch(`${root}/api/auth/sessions`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Problem(await response.json());
  }
  await post("logout");
  await change(null);
}

async function change(next) {
  token = next;
  who = token === null && !isOpen ? null : await me();
  for (const listener of listeners) listener(who);
}

async function me() {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(`${root}/api/auth/me`, { headers, cache: "no-store" });
  return response.ok ? response.json() : null;
}

async function post(what, body) {
  try {
    return await fetch(`${BROWSER}/${what}`, { method: "POST", body });
  } catch {
    throw unreachable();
  }
}

async function inTurn(work) {
  return navigator.locks ? navigator.locks.request("nexticket-session", work) : work();
}
