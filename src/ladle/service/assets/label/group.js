// Near-duplicates of a task as a grid: one answer for all of them, a click leaves one out.

import { make, preload } from "./content.js";

/** The grid of a task that has a group. */
export class GroupView {
  constructor() {
    this.task = null;
    this.out = new Set();
  }

  isOn(task) {
    return this.task === task;
  }

  /** The element of a task and its group; all members are in it at first. */
  show(task) {
    this.task = task;
    this.out = new Set();
    const items = task.group.map((member, place) => this.#item(member, place));
    const words = make("p", { id: "group-words", className: "muted" });
    this.words = words;
    const all = make("div", {}, task.element, words, make("ul", { className: "thumbs group" }, ...items));
    this.#count();
    return all;
  }

  /** Forget the grid: the next task has none. */
  clear() {
    this.task = null;
  }

  members() {
    const ids = this.task.group.map((member) => member.id);
    return { with: ids.filter((id) => !this.out.has(id)), without: ids.filter((id) => this.out.has(id)) };
  }

  /** Act on a key: none is the grid's own yet. */
  press() {
    return false;
  }

  #item(member, place) {
    return make("li", { textContent: member.id, value: place });
  }

  #count() {
    this.words.textContent = "";
  }
}
export { preload };
