// What a buyer wants done once has a key, which stays the same however often its request is sent:
// after a double click, a lost answer, or a reload while it was on its way. The service carries out
// what comes under one key once, and answers a repetition as it did the first time.

const PREFIX = "intention:";
// What is on its way now: who clicks twice waits for the same answer.
const running = new Map();

/**
 * Send a request under the key of an intention. `name` says what it is about and `wish` what is
 * asked: another wish is another intention. `request(key)` is called at once.
 */
export function once(name, wish, request) {
  if (!running.has(name)) {
    const answer = carryOut(name, wish, request).finally(() => running.delete(name));
    running.set(name, answer);
  }
  return running.get(name);
}

/** What has not been answered yet, such as before a reload: {name: wish}. */
export function unfinished() {
  const names = Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX));
  return Object.fromEntries(
    names.map((name) => [name.slice(PREFIX.length), JSON.parse(sessionStorage[name]).wish]),
  );
}

async function carryOut(name, wish, request) {
  const key = keyOf(name, wish);
  try {
    const answer = await request(key);
    sessionStorage.removeItem(PREFIX + name);
    return answer;
  } catch (refusal) {
    if (isFinal(refusal)) sessionStorage.removeItem(PREFIX + name);
    throw refusal;
  }
}

function keyOf(name, wish) {
  const kept = JSON.parse(sessionStorage.getItem(PREFIX + name));
  if (JSON.stringify(kept?.wish) === JSON.stringify(wish)) return kept.key;
  const key = newKey();
  sessionStorage.setItem(PREFIX + name, JSON.stringify({ key, wish }));
  return key;
}

/** Whether the service has decided. What it may still do, or has done unheard, keeps its key. */
const isFinal = ({ status, code }) =>
  status >= 400 && status < 500 && ![401, 408, 429].includes(status) && code !== "request_in_progress";

/** A random one. `crypto.randomUUID` is there over HTTPS and on this machine only. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
