// The next tasks, taken under a lease and loaded before they are needed.

import { Refusal, send } from "./http.js";
import { contentOf, preload } from "./content.js";

/**
 * `ahead`: how many tasks are kept ready. `leaseSeconds`: how long they are leased. `outbox`: its examples are left out,
 * because their answers are on the way. `changed` is called when tasks came, or there are none.
 */
export class Supply {
  constructor({ ahead, leaseSeconds, outbox, changed, signedOut }) {
    Object.assign(this, { ahead, leaseSeconds, outbox, changed, signedOut });
    this.tasks = []; // { id, content, group, element, loaded }
    this.isDry = false; // the service has no more tasks for this person now
    this.problem = "";
    this.takenAt = 0;
    this.answered = new Set(); // given since the last answer of the service to a take began
    this.isFetching = false;
    this.isWanted = false;
    this.hasTaken = false;
  }

  /** With fewer tasks than these, more are taken. */
  get fewest() {
    return Math.ceil((2 / 3) * this.ahead);
  }

  get first() {
    return this.tasks[0] ?? null;
  }

  /** The first task leaves: it was answered. */
  shift() {
    const task = this.tasks.shift();
    this.answered.add(task.id);
    if (this.tasks.length < this.fewest) this.refill();
    return task;
  }

  /** Examples that a group's answer was for are no tasks any more, nor members of another group. */
  drop(ids) {
    ids.forEach((id) => this.answered.add(id));
    this.tasks = this.tasks.filter((task, place) => place === 0 || !this.answered.has(task.id));
    for (const task of this.tasks.slice(1)) task.group = task.group.filter((member) => !this.answered.has(member.id));
  }

  /** Whether the lease of what is here may be over. */
  get isStale() {
    return this.tasks.length > 0 && Date.now() - this.takenAt > 500 * this.leaseSeconds;
  }

  /** Take tasks until `ahead` are here; what is here already gets a longer lease. */
  async refill() {
    this.isWanted = this.isFetching; // once more, when the one that is on its way is here
    if (this.isFetching) return;
    this.isFetching = true;
    try {
      await this.#take();
      this.problem = "";
    } catch (error) {
      if (error instanceof Refusal && (error.status === 401 || error.status === 403) && (await this.signedOut())) {
        setTimeout(() => this.refill(), 0);
      } else {
        this.problem = error instanceof Refusal ? error.message : "The service cannot be reached.";
        setTimeout(() => this.refill(), 1000 * Math.max(3, error.retryAfter || 0));
      }
    } finally {
      this.isFetching = false;
      this.changed();
      if (this.isWanted) this.refill();
    }
  }

  async #take() {
    const answered = new Set([...this.answered]); // those on the way now may still be among what the service returns
    const skipped = new Set([...this.outbox.ids, ...answered]);
    // A page that is opened takes no more than it needs to begin: those that this person has already come first.
    const size = Math.min(200, (this.hasTaken ? this.ahead : this.fewest) + skipped.size);
    const found = await send("POST", "/label/tasks", { body: { size, lease_seconds: this.leaseSeconds } });
    // Leases that last for long enough were not renewed: they are as old as the time that is gone of them.
    this.takenAt = Date.now() - 1000 * Math.max(0, this.leaseSeconds - found.lease_left);
    this.hasTaken = true;
    const here = new Map(this.tasks.map((task) => [task.id, task]));
    const kept = found.tasks.filter((task) => !skipped.has(task.id) && !this.answered.has(task.id));
    const shown = this.first;
    this.tasks = kept.map((task) => here.get(task.id) ?? this.#made(task));
    for (const task of this.tasks) task.group = task.group.filter((member) => !skipped.has(member.id) && !this.answered.has(member.id));
    // The task on the screen stays there, though its lease may have passed on: the person is looking at it.
    if (shown && !this.answered.has(shown.id)) this.tasks = [shown, ...this.tasks.filter((task) => task.id !== shown.id)];
    for (const id of answered) if (!this.outbox.ids.has(id)) this.answered.delete(id);
    this.isDry = found.tasks.length === 0;
    if (!this.first && !this.isDry) setTimeout(() => this.refill(), 500); // all of them are answered, on the way
    await this.#ready();
  }

  #made(task) {
    const element = contentOf(task);
    for (const member of task.group) member.element = contentOf(member);
    return { ...task, element, loaded: preload(element) };
  }

  /** Wait for the images of the first task, but not for ever. */
  async #ready() {
    if (this.first) await Promise.race([this.first.loaded, new Promise((done) => setTimeout(done, 3000))]);
  }
}
