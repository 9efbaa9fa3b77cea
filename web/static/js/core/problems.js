// What the API refuses, and how a person is told.

/** A refusal of the API (RFC 9457), or that it did not answer (`code` is "unreachable"). */
export class Problem extends Error {
  constructor(told, retryAfter = null) {
    super(told.detail || told.title || "The request failed.");
    this.name = "Problem";
    this.code = told.code ?? "unexpected";
    this.status = told.status ?? 0;
    this.title = told.title ?? "The request failed";
    this.requestId = told.request_id ?? null;
    /** All members, by which a program acts. */
    this.members = told;
    this.retryAfter = retryAfter;
  }

  /** What is wrong with a form: {name of a field: message}. */
  get fields() {
    const errors = this.members.errors ?? [];
    return Object.fromEntries(errors.map((error) => [nameOf(error), error.detail]));
  }
}

export const unreachable = () =>
  new Problem({
    code: "unreachable",
    title: "The service can't be reached",
    detail: "The service can't be reached. Check the connection, then try again.",
  });

/** `#/items/0/quantity` is about `quantity`; a parameter has its name. */
const nameOf = ({ pointer, parameter }) => pointer?.split("/").at(-1) ?? parameter ?? "";
