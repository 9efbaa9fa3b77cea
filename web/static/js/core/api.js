// The API over HTTP. Nothing else in these pages speaks to the service.

import { root } from "./deployment.js";
import { reach, toldBy } from "./http.js";
import { newKey } from "./keys.js";
import { accessToken, renew } from "./session.js";

/**
 * Ask the API. `query` may have lists, which are sent as several values; `body` is sent as JSON.
 * Returns {data, headers, status}; raises a Problem for every refusal.
 *
 * A change has a key, so that it is done once however often it has to be sent. Where a person asks
 * for the same thing twice, the caller gives the same key.
 */
export async function ask(method, path, { query, body, signal, key, headers } = {}) {
  const prepared = { method, path: path + asQuery(query), body, signal, headers: { ...headers } };
  if (method !== "GET") prepared.headers["Idempotency-Key"] = key ?? newKey();
  const response = await sendRenewing(prepared);
  const { headers: told, status } = response;
  return { data: await toldBy(response), headers: told, status };
}

export const get = async (path, query, options = {}) =>
  (await ask("GET", path, { query, ...options })).data;

/** All pages of a list, or as many objects as are wanted. */
export async function all(path, query, { limit = 1000, signal } = {}) {
  const found = [];
  let next = { path, query: { limit: 100, ...query } };
  while (next !== null && found.length < limit) {
    const answer = await ask("GET", next.path, { query: next.query, signal });
    found.push(...answer.data);
    next = nextOf(answer.headers);
  }
  return found.slice(0, limit);
}

/** A file of the API, saved as it is named there. */
export async function download(path, query, options = {}) {
  const headers = { Accept: "*/*", ...options.headers };
  const response = await sendRenewing({ method: "GET", path: path + asQuery(query), headers });
  if (!response.ok) await toldBy(response);
  const named = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  save(await response.blob(), named?.[1] ?? "export.csv");
}

/** Have the browser save what is there. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken it by the next turn of its loop, and not before.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** `?a=1&b=2&b=3`, without what is not set. */
export function asQuery(query = {}) {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== null && one !== undefined && one !== "")
      .map((one) => [name, String(one)]),
  );
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

/** Where a list goes on, by its Link header. */
export function nextOf(headers) {
  const next = /<([^>]+)>;\s*rel="next"/.exec(headers.get("Link") ?? "");
  if (next === null) return null;
  const address = new URL(next[1], location.origin);
  return { path: address.pathname.slice(root.length) + address.search, query: {} };
}

/** The answer; where the access token has ended meanwhile, that to the same with the next one. */
async function sendRenewing(prepared) {
  const response = await send(prepared);
  const hasEnded = response.status === 401 && accessToken() !== null && (await renew());
  return hasEnded ? send(prepared) : response;
}

async function send({ method, path, body, signal, headers }) {
  const token = accessToken();
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return reach(root + path, {
    method,
    headers: { Accept: "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    cache: "no-store",
  });
}
