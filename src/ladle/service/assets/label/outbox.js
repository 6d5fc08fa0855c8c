// The answers that the service has not acknowledged yet. Each is kept in the browser's storage from the moment it is
// given until the service says that it is stored, so a closed lid, a dropped connection or a reload loses nothing.

import { Refusal, newKey, send } from "./http.js";

const WAITS = [0.5, 1, 2, 4, 8, 15, 30]; // seconds between attempts

/**
 * An answer: { address, body, key, at, about }. at: when it was given, in milliseconds since 1970. about: for people.
 *
 * `changed` is called whenever the counts change. `signedOut` asks for a new session and resolves to whether there is one.
 */
export class Outbox {
  constructor({ scope, changed, signedOut }) {
    this.prefix = `ladle.outbox.${scope}.`;
    this.changed = changed;
    this.signedOut = signedOut;
    this.waiting = []; // entries in the order in which they were given
    this.refused = []; // entries that the service will not take as they are
    this.isKept = true; // whether the browser's storage works
    this.isReachable = true;
    this.attempt = 0;
    this.count = 0;
    this.isSending = false;
    this.isStopped = true; // until the page knows that no other one works
    this.wake = () => {};
    this.#load();
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  get isEmpty() {
    return this.waiting.length === 0 && this.refused.length === 0;
  }

  /** The ids of the examples whose answers wait here. */
  get ids() {
    return new Set([...this.waiting, ...this.refused].flatMap((entry) => entry.about.ids ?? [entry.about.id]));
  }

  /** Keep an answer, then send it. Returns at once. */
  add(address, body, about) {
    const name = `${this.prefix}${String(Date.now()).padStart(15, "0")}.${String(this.count++).padStart(6, "0")}.${newKey().slice(0, 8)}`;
    const entry = { name, address, body, key: newKey(), at: Date.now(), about };
    this.#keep(entry);
    this.waiting.push(entry);
    this.changed();
    this.start();
  }

  /** Try now, whatever the waiting time is. */
  retry() {
    this.attempt = 0;
    this.wake();
    this.start();
  }

  /** Send refused answers once more. */
  retryRefused() {
    for (const entry of this.refused) delete entry.problem;
    this.waiting.push(...this.refused.splice(0));
    this.waiting.forEach((entry) => this.#keep(entry));
    this.changed();
    this.retry();
  }

  /** Forget refused answers: the person has decided so. */
  dropRefused() {
    for (const entry of this.refused.splice(0)) this.#forget(entry);
    this.changed();
  }

  /** Send nothing more from this page, because another one does. */
  stop() {
    this.isStopped = true;
    this.wake();
  }

  /** Wait until all that waits here was sent, or refused. */
  async settled() {
    while (this.waiting.length) await new Promise((done) => setTimeout(done, 20));
  }

  async start() {
    if (this.isSending || this.isStopped) return;
    this.isSending = true;
    try {
      while (this.waiting.length && !this.isStopped) await this.#sendFirst();
    } finally {
      this.isSending = false;
    }
  }

  async #sendFirst() {
    const entry = this.waiting[0];
    try {
      const report = await send("POST", entry.address, { body: entry.body, key: entry.key, keepalive: true });
      this.#reached();
      this.waiting.shift();
      if (report.quarantined > 0) {
        this.#refuse(entry, "The service put it aside: it is no label of the campaign, or its example is unknown.");
      } else {
        this.#forget(entry);
      }
    } catch (error) {
      if (error instanceof Refusal && !error.isPassing) {
        if ((error.status === 401 || error.status === 403) && (await this.signedOut())) return;
        if (error.status === 401) return this.#pause(30);
        this.#reached();
        this.waiting.shift();
        this.#refuse(entry, error.message);
      } else {
        this.isReachable = error instanceof Refusal;
        const seconds = WAITS[Math.min(this.attempt++, WAITS.length - 1)];
        return this.#pause(Math.max(seconds, error.retryAfter || 0));
      }
    }
    this.changed();
  }

  #reached() {
    this.attempt = 0;
    this.isReachable = true;
  }

  #refuse(entry, problem) {
    entry.problem = problem;
    this.#keep(entry);
    this.refused.push(entry);
  }

  #pause(seconds) {
    this.changed();
    return new Promise((done) => {
      const timer = setTimeout(done, 1000 * seconds * (0.8 + 0.4 * Math.random()));
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  #load() {
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(this.prefix)).sort();
      for (const name of names) {
        const entry = { ...JSON.parse(localStorage.getItem(name)), name };
        (entry.problem ? this.refused : this.waiting).push(entry);
      }
    } catch {
      this.isKept = false;
    }
  }

  #keep(entry) {
    try {
      localStorage.setItem(entry.name, JSON.stringify(entry));
    } catch {
      this.isKept = false; // full, or switched off: the page says so, and asks before it is closed
    }
  }

  #forget(entry) {
    try {
      localStorage.removeItem(entry.name);
    } catch {
      this.isKept = false;
    }
  }
}
