// Requests that may not arrive, and answers that may be refusals.

import { Problem, unreachable } from "./problems.js";

/** As `fetch`; where nobody answers that is a Problem, unless it was called off. */
export async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
}

/** What an answer tells in JSON, or null; raises the Problem of a refusal. */
export async function toldBy(response) {
  const told = isJson(response) ? await response.json() : null;
  if (response.ok || response.status === 304) return told;
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  throw new Problem(told ?? { status: response.status }, retryAfter);
}

const isJson = (response) => (response.headers.get("Content-Type") ?? "").includes("json");
