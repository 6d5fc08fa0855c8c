// Requests to the service, with the secret that a browser's session repeats.

/** What a request came to. `problem` is an object of RFC 9457 when the service refused it. */
export class Refusal extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail || problem.title || `status ${status}`);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later as it is. */
  get isPassing() {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Ids are text here, because numbers beyond 2**53 are rounded in a browser; pools of numbers get numbers back. */
export function asJson(body, hasNumbers) {
  const text = JSON.stringify(body); // quotes inside texts have a backslash, so only fields match
  return hasNumbers ? text.replace(/"id":"(-?\d+)"/g, '"id":$1') : text;
}

let csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

/** Use another secret, that of a session which began since. */
export function setCsrf(value) {
  csrf = value;
}

/** Send JSON and read JSON. Throws Refusal for a refusal, TypeError without a network, AbortError when it takes too long. */
export async function send(method, address, { body, key, seconds = 20, keepalive = false } = {}) {
  const headers = { Accept: "application/json", "X-Ladle-CSRF": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(address, {
    method,
    headers,
    keepalive,
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    body: typeof body === "object" ? JSON.stringify(body) : body,
    signal: AbortSignal.timeout(1000 * seconds),
  });
  const text = await answer.text();
  let found = {};
  try {
    found = text ? JSON.parse(text) : {};
  } catch {
    found = { title: "The answer is no JSON." };
    if (answer.ok) throw new Refusal(502, found, 0);
  }
  if (!answer.ok) throw new Refusal(answer.status, found, Number(answer.headers.get("Retry-After")) || 0);
  return found;
}

/** A key that no other request has. `crypto.randomUUID` needs https, and this does not. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
