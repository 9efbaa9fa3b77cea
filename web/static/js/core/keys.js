// What a request is done once by.

/** A random key. `crypto.randomUUID` is there over HTTPS and on this machine only. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
