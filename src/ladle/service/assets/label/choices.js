// What a person answers with: buttons of classes with a key each, several of them, text for a class of one's own, a number.

import { make } from "./content.js";
import { keysOf } from "./keys.js";

const SEARCH_FROM = 13; // classes

/**
 * The choices of a campaign. `labels` is { kind, classes, low, high }; `answer` is called with the label that was chosen,
 * `keysChanged` with the key of each class. An element without classes takes any text.
 */
export class Choices {
  constructor(labels, answer, keysChanged) {
    this.labels = labels;
    this.answer = answer;
    this.keysChanged = keysChanged;
    this.keys = new Map(); // class -> its key
    this.isMulti = labels.kind === "multi";
    this.isOpen = labels.kind !== "value" && labels.classes === null;
    this.chosen = new Set();
    this.buttons = new Map(); // class -> its button
    this.own = []; // classes that were typed, where the campaign takes any
    this.element = make("div", { className: "choices", role: "group", "aria-label": this.isMulti ? "Classes, any number of them" : "Classes" });
    if (labels.kind === "value") this.#value();
    else this.#classes(labels.classes ?? []);
  }

  /** The text that a person wrote is in this field; null where there is none. */
  get field() {
    return this.element.querySelector("input");
  }

  /** Show an earlier answer as chosen; undefined for a task without one. */
  show(label) {
    this.chosen = new Set(this.isMulti ? (label ?? []) : label === undefined || label === null ? [] : [label]);
    if (this.isOpen) this.chosen.forEach((name) => this.#offer(name));
    this.#mark();
    if (this.labels.kind === "value") this.field.value = label ?? "";
    else if (this.field) this.#search("");
  }

  /** Act on a key. Returns whether it was one of the choices. */
  press(key) {
    if (key === "Enter" && this.isMulti) {
      this.#confirm();
      return true;
    }
    const found = [...this.keys].find(([, own]) => own === key.toLowerCase());
    if (!found) return false;
    this.#choose(found[0]);
    return true;
  }

  #classes(classes) {
    if (this.isOpen || classes.length >= SEARCH_FROM) this.element.append(this.#searchField());
    this.list = make("div", { className: "class-list" });
    this.element.append(this.list);
    classes.forEach((name) => this.#add(name));
    this.#setKeys();
    if (this.isMulti) {
      this.confirm = make("button", { type: "button", className: "primary confirm" });
      this.confirm.addEventListener("click", () => this.#confirm());
      this.element.append(this.confirm);
    }
    this.#mark();
  }

  #offer(name) {
    if (this.buttons.has(name)) return;
    this.#add(name);
    this.#setKeys();
  }

  #add(name) {
    const button = make(
      "button",
      { type: "button", className: "choice", "aria-pressed": "false" },
      make("span", { className: "name", textContent: String(name), dir: "auto" }),
      make("kbd", { className: "key", hidden: true, "aria-hidden": "true" }),
    );
    button.addEventListener("click", () => this.#choose(name));
    this.buttons.set(name, button);
    this.list.append(button);
  }

  /** Give each class its key: on its button, and to the page. */
  #setKeys() {
    this.keys = keysOf([...this.buttons.keys()]);
    this.buttons.forEach((button, name) => {
      const key = this.keys.get(name);
      const shown = button.querySelector(".key");
      shown.textContent = key ?? "";
      shown.hidden = key === undefined;
      if (key === undefined) button.removeAttribute("aria-keyshortcuts");
      else button.setAttribute("aria-keyshortcuts", key);
    });
    this.keysChanged(this.keys);
  }

  #choose(name) {
    if (!this.isMulti) return this.answer(name);
    if (!this.chosen.delete(name)) this.chosen.add(name);
    this.#mark();
  }

  #confirm() {
    this.answer([...this.buttons.keys()].filter((name) => this.chosen.has(name)));
  }

  #mark() {
    this.buttons.forEach((button, name) => button.setAttribute("aria-pressed", String(this.chosen.has(name))));
    if (this.confirm) {
      const count = this.chosen.size;
      const words = count === 0 ? "None of these" : `Save ${count} ${count === 1 ? "class" : "classes"}`;
      this.confirm.replaceChildren(words, make("kbd", { className: "key", textContent: "Enter", "aria-hidden": "true" }));
    }
  }

  #searchField() {
    const input = make("input", { type: "search", id: "class-search", autocomplete: "off", spellcheck: false, maxLength: 1000 });
    const words = this.isOpen ? "Class (type it, then Enter)" : "Search the classes";
    input.addEventListener("input", () => this.#search(input.value));
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") {
        this.#search("");
        input.blur();
      } else if (event.key === "Enter") {
        event.preventDefault();
        this.#found(input.value);
      } else return;
      event.stopPropagation();
    });
    const key = make("kbd", { className: "key", textContent: "/", "aria-hidden": "true" });
    return make("div", { className: "search" }, make("label", { htmlFor: "class-search" }, words, " ", key), input);
  }

  #found(text) {
    const first = [...this.buttons].find(([, button]) => !button.hidden);
    const typed = text.trim();
    if (this.isOpen && typed) {
      const known = [...this.buttons.keys()].find((name) => String(name) === typed);
      if (known === undefined) this.#offer(typed);
      this.#search("");
      this.#choose(known ?? typed);
    } else if (!typed && this.isMulti) {
      this.#confirm();
    } else if (typed && first) {
      this.#search("");
      this.field.blur();
      this.#choose(first[0]);
    }
  }

  #search(text) {
    if (this.field.value !== text) this.field.value = text;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.buttons.forEach((button, name) => {
      button.hidden = !words.every((word) => String(name).toLowerCase().includes(word));
    });
  }

  #value() {
    const { low, high } = this.labels;
    const input = make("input", { type: "number", step: "any", id: "value", autocomplete: "off", inputMode: "decimal", required: true });
    if (low !== null) input.min = low;
    if (high !== null) input.max = high;
    const bounds = low === null && high === null ? "any number" : `from ${low ?? "any"} to ${high ?? "any"}`;
    const save = make("button", { type: "submit", className: "primary" }, "Save", make("kbd", { className: "key", textContent: "Enter", "aria-hidden": "true" }));
    const form = make("form", { className: "value", noValidate: false }, make("label", { htmlFor: "value", textContent: `Value, ${bounds}` }), make("div", { className: "row" }, input, save));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value !== "" && Number.isFinite(input.valueAsNumber)) this.answer(input.valueAsNumber);
    });
    this.element.append(form);
  }
}
