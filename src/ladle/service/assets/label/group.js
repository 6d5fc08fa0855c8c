// A task with its near-duplicates as a grid: one answer for all of them, a click leaves one out.

import { contentOf, make } from "./content.js";

/** What is on the screen: a task alone, or with its group. */
export class GroupView {
  constructor() {
    this.ids = [];
    this.out = new Set();
  }

  /** How many near-duplicates are on the screen, beside the task itself. */
  get size() {
    return this.ids.length;
  }

  /** The element of a task, { task, out }: `out` are the ids that an earlier answer left out. */
  show({ task, out = [] }) {
    task.element ??= contentOf(task);
    const members = task.group;
    this.ids = members.map((member) => member.id);
    this.out = new Set(out);
    if (!members.length) return task.element;
    this.words = make("p", { className: "group-words" });
    this.#count();
    const items = members.map((member, place) => make("li", {}, this.#button(member, place)));
    return make("div", { className: "with-group" }, task.element, make("div", {}, this.words, make("ul", { className: "thumbs group" }, ...items)));
  }

  /** The ids that the answer is for beside the task's own, and those that were left out. */
  answer() {
    return { members: this.ids.filter((id) => !this.out.has(id)), left_out: this.ids.filter((id) => this.out.has(id)) };
  }

  #button(member, place) {
    const content = member.element ?? contentOf(member);
    content.querySelectorAll(".frame").forEach((frame) => frame.replaceWith(...frame.childNodes)); // no zoom inside a button
    const button = make("button", { type: "button", "aria-label": `Near-duplicate ${place + 1} of ${this.ids.length}` }, content);
    button.title = member.id;
    const mark = () => button.setAttribute("aria-pressed", String(!this.out.has(member.id)));
    button.addEventListener("click", () => {
      if (!this.out.delete(member.id)) this.out.add(member.id);
      mark();
      this.#count();
    });
    mark();
    return button;
  }

  #count() {
    const left = this.out.size;
    const count = this.ids.length - left;
    const words =
      count === 0
        ? "Your answer is for the example above alone."
        : `Your answer is also for ${count === 1 ? "this near-duplicate" : `these ${count} near-duplicates`}.`;
    const click = this.ids.length === 1 ? "A click leaves it out" : "A click leaves one out";
    this.words.textContent = `${words} ${click}${left ? `: ${left} left out` : ""}.`;
  }
}
