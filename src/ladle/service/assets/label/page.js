// The labelling page. A task is on the screen; an answer leaves it at once: it is kept in the browser, sent in the background,
// and the next task, which is here already, takes its place.

import { Choices } from "./choices.js";
import { make, zoom } from "./content.js";
import { GroupView } from "./group.js";
import { Refusal, asJson, send, setCsrf } from "./http.js";
import { skipKeyOf } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Supply } from "./supply.js";

const settings = JSON.parse(document.getElementById("settings").textContent);
const scope = `${settings.campaign}.${settings.annotator}`;
const TRAIL = 1000; // answers that undo reaches
const LONGEST_SECONDS = 900; // of work on one task: more is a pause
const find = (id) => document.getElementById(id);

let shown = null; // { task, label, skip, place } on the screen
let trail = []; // what was answered on this page, oldest first: { task, label, skip }
let place = 0; // of the task on the screen in `trail`; its length stands for a new task
let spent = 0; // milliseconds of work on the task on the screen
let since = performance.now();
let today = 0;
let isStarted = false; // whether tasks may be taken: those who lead click first
let isElsewhere = false; // another window of this browser works
let skipKey = "0";
let waited = 0; // answers in the outbox when it last changed
const offset = settings.now - Date.now(); // between the clock of the service and that of this machine

const outbox = new Outbox({ scope, changed: outboxChanged, signedOut });
const supply = new Supply({
  ahead: settings.ahead,
  leaseSeconds: settings.lease_seconds,
  outbox,
  changed: suppliesChanged,
  signedOut,
});
const choices = new Choices(settings.labels, answer, showKeys);
const group = new GroupView();
find("choices").append(choices.element);

// Tasks

/** Once all answers are stored, there may be tasks again: members of groups that come back singly. */
function outboxChanged() {
  if (waited && !outbox.waiting.length && !supply.first && isStarted) supply.refill();
  waited = outbox.waiting.length;
  showState();
}

function suppliesChanged() {
  if (!shown && supply.first) showNext();
  showState();
}

/** The next task: after an undo the one that was answered after it, else a new one. */
function showNext() {
  const earlier = trail[place];
  const next = earlier ?? (supply.first ? { task: supply.first } : null);
  shown = next;
  spent = 0;
  since = performance.now();
  choices.show(next?.label);
  const task = find("task");
  if (!next) {
    task.replaceChildren();
  } else {
    task.replaceChildren(group.show(next));
  }
  document.body.classList.toggle("revisiting", Boolean(earlier));
  find("task-id").textContent = next ? next.task.id : "";
  find("earlier").hidden = !earlier;
  find("earlier-answer").textContent = earlier ? said(earlier) : "";
  showState();
  const field = settings.labels.kind === "value" || choices.isOpen ? choices.field : null;
  if (field) field.focus({ preventScroll: true });
  else if (!task.contains(document.activeElement)) task.focus({ preventScroll: true });
}

function said({ label, skip }) {
  if (skip !== undefined) return `skipped: ${skip}`;
  if (Array.isArray(label)) return label.length ? label.join(", ") : "none of the classes";
  return String(label);
}

/** Seconds of work on the task on the screen, without the time in which the page was hidden. */
function secondsSpent() {
  const total = spent + (document.hidden ? 0 : performance.now() - since);
  return Math.round(Math.min(total / 1000, LONGEST_SECONDS) * 1000) / 1000;
}

function answer(label) {
  leave({ label }, (task, about) => {
    const body = { id: task.id, label, seconds: about.seconds, told_at: about.told_at };
    if (!group.size) {
      put("/v1/tell", { labels: [body], source: "page" }, about);
      return 1;
    }
    const { members, left_out } = group.answer();
    about.ids = [task.id, ...members];
    outbox.add("/label/groups", JSON.stringify({ ...body, members, left_out }), about); // ids are text there
    supply.drop(members);
    return 1 + members.length;
  });
}

/** Keep what is to be sent, and send it. */
function put(address, body, about) {
  outbox.add(address, asJson(body, settings.has_number_ids), about);
}

function skip(reason) {
  leave({ skip: reason }, (task, about) => {
    put("/v1/skip", { skips: [{ id: task.id, reason, seconds: about.seconds, told_at: about.told_at }] }, about);
    return 0;
  });
}

/** Leave the task on the screen with an answer, and show the next one. */
function leave(given, store) {
  if (!shown || isElsewhere) return;
  const begun = performance.now();
  const task = shown.task;
  const isNew = place === trail.length;
  const told_at = (Date.now() + offset) / 1000;
  const out = group.size ? group.answer().left_out : [];
  const same = (one) => JSON.stringify([one.label, one.skip, one.out ?? []]);
  const isSame = !isNew && same({ ...given, out }) === same(shown);
  if (!isSame) {
    const about = { id: task.id, said: said(given), seconds: secondsSpent(), told_at };
    const count = store(task, about);
    if (isNew) today += count;
  }
  if (isNew) {
    supply.shift();
    trail.push({ task, ...given, out });
    if (trail.length > TRAIL) trail.shift();
    place = trail.length;
  } else {
    Object.assign(trail[place], { label: undefined, skip: undefined, out }, given);
    place += 1;
  }
  showNext();
  announce(isSame ? `Kept: ${said(given)}.` : `${said(given)}.`);
  requestAnimationFrame(() => measure(begun));
}

function undo() {
  if (place === 0) return announce("There is no earlier answer on this page.");
  place -= 1;
  showNext();
  announce(`Back at ${shown.task.id}, answered ${said(shown)}. The answer stands until you choose another.`);
}

function forward() {
  if (place >= trail.length) return;
  place += 1;
  showNext();
}

/** How long it took from the key to the next task, for the tests and for those who ask (`ladleTimes` in the console). */
function measure(begun) {
  const channel = new MessageChannel(); // its message comes after the frame was painted
  channel.port1.onmessage = () => (globalThis.ladleTimes ??= []).push(performance.now() - begun);
  channel.port2.postMessage(0);
}

// Words and states

function announce(text) {
  find("live").textContent = text;
}

function showState() {
  const waiting = outbox.waiting.length;
  const unsaved = waiting === 1 ? "1 answer" : `${waiting} answers`;
  const state = find("saved");
  const words = !waiting
    ? "All answers are saved."
    : outbox.isReachable
      ? `${unsaved} not saved yet.`
      : `No connection: ${unsaved} not saved yet${outbox.isKept ? ", kept in this browser" : ""}.`;
  const kind = !waiting ? "ok" : outbox.isReachable && waiting < 20 ? "info" : "warn";
  if (state.textContent !== words) state.textContent = words;
  state.className = `badge ${kind}`;
  find("not-kept").hidden = outbox.isKept;
  find("today").textContent = today.toLocaleString("en");
  find("undo").disabled = place === 0;
  showRefused();
  const message = find("empty");
  message.hidden = Boolean(shown) || !isStarted;
  find("work").hidden = !shown;
  if (!shown) {
    message.querySelector("p").textContent =
      supply.problem || (supply.isDry ? "There is no task for you now. This page looks again every half a minute." : "The next tasks are on their way.");
  }
}

function showRefused() {
  const list = find("refused-list");
  find("refused").hidden = outbox.refused.length === 0;
  if (list.childElementCount === outbox.refused.length) return;
  list.replaceChildren(...outbox.refused.map((entry) => make("li", { textContent: `${entry.about.id}, ${entry.about.said}: ${entry.problem}` })));
}

/** The session is over, or another began: whether answers can be sent again. */
async function signedOut() {
  try {
    const session = await send("GET", "/label/session");
    const isSame = session.name === settings.annotator && session.campaign === settings.campaign;
    if (isSame) setCsrf(session.csrf);
    find("signed-out").hidden = isSame;
    if (!isSame) find("signed-out-words").textContent = `Now ${session.name} is signed in. Sign in as ${settings.annotator} again, and the answers that wait here are sent.`;
    const isNews = isSame && session.csrf !== signedOut.last;
    signedOut.last = session.csrf;
    return isNews;
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) {
      find("signed-out").hidden = false;
      find("signed-out-words").textContent = "You are signed out. Your answers are kept in this browser, and are sent once you have signed in.";
    }
    return false;
  }
}

// Skip, comment, flag

function openDialog(id) {
  const dialog = find(id);
  if (!shown || dialog.open) return;
  dialog.querySelector("form").reset();
  dialog.showModal();
}

function skipBecause(reason) {
  if (!reason) return find("skip-reason").focus();
  find("skip-dialog").close();
  skip(reason);
}

find("skip-dialog").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  skipBecause(find("skip-reason").value.trim());
});
document.querySelectorAll("#skip-dialog .reason").forEach((button) => button.addEventListener("click", () => skipBecause(button.value)));
find("comment-dialog").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find("comment-text").value.trim();
  if (!text) return find("comment-text").focus();
  find("comment-dialog").close();
  comment(text, "Comment kept.");
});
find("comment-text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
document.querySelectorAll("dialog .cancel").forEach((button) => button.addEventListener("click", () => button.closest("dialog").close()));

function comment(text, words) {
  if (!shown) return;
  put("/v1/comment", { comments: [{ id: shown.task.id, text }] }, { id: shown.task.id, said: text.slice(0, 60) });
  announce(words);
}

function flag() {
  comment(settings.flag, "Flagged for the lead.");
}

// Keys and buttons

/** Show the keys of the classes in the list of keys, and the key that skips beside them. */
function showKeys(keys) {
  skipKey = skipKeyOf(keys);
  const rows = [...keys].flatMap(([name, key]) => [
    make("dt", {}, make("kbd", { className: "key", textContent: key })),
    make("dd", { textContent: String(name), dir: "auto" }),
  ]);
  find("class-keys").replaceChildren(...rows);
  find("class-keys").hidden = rows.length === 0;
  find("skip").setAttribute("aria-keyshortcuts", skipKey);
  for (const shown of document.querySelectorAll(".skip-key")) shown.textContent = skipKey;
}

const COMMANDS = {
  Backspace: undo,
  ArrowLeft: undo,
  ArrowRight: forward,
  ";": () => openDialog("comment-dialog"),
  "!": flag,
  "/": () => choices.field?.focus(),
  "+": () => zoom(find("task"), 1),
  "=": () => zoom(find("task"), 1),
  "-": () => zoom(find("task"), -1),
  "?": () => find("guidelines")?.scrollIntoView(),
};
const openSkip = () => openDialog("skip-dialog");
const BUTTONS = { undo, forward, skip: openSkip, comment: COMMANDS[";"], flag };
for (const [id, command] of Object.entries(BUTTONS)) find(id).addEventListener("click", command);

const keySwitch = find("keys-on");
keySwitch.checked = read("keys") !== "off";
keySwitch.addEventListener("change", () => write("keys", keySwitch.checked ? "on" : "off"));

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
  const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
  const field = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (field && !(field === choices.field && field.value === "" && event.key === "Backspace")) return;
  if (isUndo) {
    event.preventDefault();
    return undo();
  }
  if (event.ctrlKey || event.metaKey || !keySwitch.checked || !shown) return;
  const isOnButton = event.target.closest("button, a, summary, [type=checkbox]") && (event.key === "Enter" || event.key === " ");
  if (isOnButton || event.repeat) return;
  if (event.key === "Enter" && place < trail.length && !choices.isMulti) return forward();
  if (choices.press(event.key)) event.preventDefault();
  else if (event.key === skipKey) {
    event.preventDefault();
    openSkip();
  } else if (Object.hasOwn(COMMANDS, event.key)) {
    event.preventDefault();
    COMMANDS[event.key]();
  }
});
find("refused-retry").addEventListener("click", () => outbox.retryRefused());
find("refused-drop").addEventListener("click", () => outbox.dropRefused());

document.addEventListener("visibilitychange", () => {
  if (document.hidden) spent += performance.now() - since;
  else if (supply.isStale) supply.refill();
  since = performance.now();
});
addEventListener("beforeunload", (event) => {
  if (outbox.waiting.length && !isElsewhere) event.preventDefault();
});
setInterval(() => {
  if (document.hidden || isElsewhere || !isStarted) return;
  if (supply.isStale || !supply.first) supply.refill();
}, 30_000);

function read(name) {
  try {
    return localStorage.getItem(`ladle.${name}`);
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(`ladle.${name}`, value);
  } catch {
    // the choice holds for this page only
  }
}

/** What this person has labelled since the last midnight of this browser's clock, and what is on its way. */
async function countToday() {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const before = today; // given on this page until now: some of it may be counted by the service already
  const onTheWay = outbox.waiting.length;
  try {
    const found = await send("GET", `/label/today?since=${(midnight.getTime() + offset) / 1000}`);
    today = found.labels + onTheWay + (today - before);
    showState();
  } catch {
    // the count of this page stands
  }
}

// One page at a time

/** Work here. Two pages of one person would show the same tasks, so another page that works stops. */
function begin({ steal = false } = {}) {
  const start = () => {
    isElsewhere = false;
    find("elsewhere").hidden = true;
    outbox.isStopped = false;
    outbox.start(); // what an earlier page has kept
    if (isStarted) supply.refill();
  };
  if (!navigator.locks) return start(); // without https there are no locks; a key makes each answer one all the same
  navigator.locks
    .request(`ladle.label.${scope}`, steal ? { steal } : { ifAvailable: true }, (lock) => {
      if (!lock) return stop();
      start();
      return new Promise(() => {}); // until the page is closed
    })
    .catch(stop); // another page took over
}

function stop() {
  isElsewhere = true;
  outbox.stop();
  find("elsewhere").hidden = false;
}

/** Take tasks from now on. Who leads and only looks at this page takes none. */
function startLabelling() {
  isStarted = true;
  find("start").hidden = true;
  showState();
  supply.refill();
}
find("start-labelling").addEventListener("click", startLabelling);

// What the other page has kept is read when this one begins anew.
find("take-over").addEventListener("click", () => {
  location.hash = "here";
  location.reload();
});
const isTakingOver = location.hash === "#here";
if (isTakingOver) history.replaceState(null, "", location.pathname);
isStarted = !settings.starts_by_click;
find("start").hidden = isStarted;
showState();
begin({ steal: isTakingOver });
countToday();
