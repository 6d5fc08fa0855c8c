// The map of the pool. Tiles of density are drawn on a 2-d canvas, coloured points above them by WebGL (or on a 2-d
// canvas where there is no WebGL), the line of a choice above both. Positions are cells of the layout, 0 to 65,536.

import { pointLayer } from "./points.js";

const facts = JSON.parse(document.getElementById("map-facts").textContent);
const TILE = 256;
const DEEPEST_SCALE = 16; // pixels for a cell, at most
const HOVER_MS = 90;
const REACH_PIXELS = 12;
const MOST_CORNERS = 180;

const element = (id) => document.getElementById(id);
const box = element("map");
const tileCanvas = element("tiles");
const hover = element("hover");
const line = element("line");
const painter = tileCanvas.getContext("2d");
const layer = pointLayer(element("points"));

const view = { x: facts.cells / 2, y: facts.cells / 2, scale: 0 }; // the cell in the middle; pixels for a cell
const images = new Map(); // address -> image of a tile
let tilesBy = ""; // "" for grey alone, else the colour whose tiles are drawn
let shape = null; // corners of the line that is being drawn, in pixels
let asked = 0; // the number of the last colour asked for
let queued = false;

const width = () => box.clientWidth;
const height = () => box.clientHeight;
const smallest = () => Math.min(width(), height()) / facts.cells;
const toCell = (px, py) => [view.x + (px - width() / 2) / view.scale, view.y + (py - height() / 2) / view.scale];
const toPixel = (x, y) => [(x - view.x) * view.scale + width() / 2, (y - view.y) * view.scale + height() / 2];

function limit(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function draw() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => {
    queued = false;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [tileCanvas, element("points")]) {
      const size = [Math.round(width() * ratio), Math.round(height() * ratio)];
      if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    }
    drawTiles(ratio);
    layer.draw(view, width(), height(), ratio);
    box.dataset.drawn = `${tilesBy || "grey"} ${layer.count}`;
  });
}

// Of a small pool few pixels have an example: they are drawn larger, or nobody would see them.
const coarser = () => (facts.examples < 50_000 ? 2 : facts.examples < 1_000_000 ? 1 : 0);

function drawTiles(ratio) {
  painter.setTransform(ratio, 0, 0, ratio, 0, 0);
  painter.clearRect(0, 0, width(), height());
  painter.imageSmoothingEnabled = false;
  const wanted = Math.ceil(Math.log2((view.scale * ratio * facts.cells) / TILE) - 0.3);
  const zoom = limit(wanted - coarser(), 0, facts.deepest);
  const size = facts.cells / 2 ** zoom;
  const [left, top] = toCell(0, 0);
  const [right, bottom] = toCell(width(), height());
  const last = 2 ** zoom - 1;
  for (let y = limit(Math.floor(top / size), 0, last); y <= limit(Math.floor(bottom / size), 0, last); y++) {
    for (let x = limit(Math.floor(left / size), 0, last); x <= limit(Math.floor(right / size), 0, last); x++) {
      const [px, py] = toPixel(x * size, y * size);
      paint(zoom, x, y, px, py, size * view.scale);
    }
  }
  if (tilesBy) return;
  painter.globalCompositeOperation = "source-in"; // density has the grey of the theme, as the style sheet says it
  painter.fillStyle = getComputedStyle(tileCanvas).color;
  painter.fillRect(0, 0, width(), height());
  painter.globalCompositeOperation = "source-over";
}

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

function paint(zoom, x, y, px, py, side) {
  const image = tile(zoom, x, y);
  if (image.ready) {
    painter.drawImage(image, px, py, side, side);
    return;
  }
  for (let up = 1; up <= zoom; up++) { // a part of a larger tile that is there, until this one is
    const parent = images.get(address(zoom - up, x >> up, y >> up));
    if (!parent || !parent.ready) continue;
    const part = TILE / 2 ** up;
    const across = x - ((x >> up) << up);
    const down = y - ((y >> up) << up);
    painter.drawImage(parent, across * part, down * part, part, part, px, py, side, side);
    return;
  }
}

const address = (zoom, x, y) => `/map/tiles/${zoom}/${x}/${y}.png?v=${facts.version}${tilesBy ? `&by=${tilesBy}` : ""}`;

function tile(zoom, x, y) {
  const name = address(zoom, x, y);
  let image = images.get(name);
  if (!image) {
    image = new Image();
    image.ready = false;
    image.onload = () => { image.ready = true; draw(); };
    image.onerror = () => images.delete(name);
    image.src = name;
    images.set(name, image);
    if (images.size > 600) images.delete(images.keys().next().value);
  }
  return image;
}

// Colours

async function colour(by) {
  const number = ++asked;
  const note = element("note");
  element("legend").replaceChildren();
  if (!by) {
    tilesBy = "";
    layer.clear();
    note.textContent = "Grey: examples, darker where there are more.";
    draw();
    return;
  }
  note.textContent = "The colours are being worked out…";
  try {
    const legend = await json(`/map/legend/${by}`);
    const packed = legend.drawn === "points" ? await (await ok(`/map/points/${by}`)).arrayBuffer() : null;
    if (number !== asked) return;
    tilesBy = packed ? "" : by;
    if (packed) layer.set(packed, legend.hues.map((hue) => hue.colour));
    else layer.clear();
    const shown = legend.shown < legend.total ? ` ${legend.shown.toLocaleString("en")} of ${legend.total.toLocaleString("en")} are drawn, evenly.` : "";
    note.textContent = `${legend.note ? `Coloured ${legend.note}. ` : ""}Grey: all other examples.${shown}`;
    element("legend").replaceChildren(...legend.hues.map((hue, place) => legendLine(hue, place, Boolean(packed))));
  } catch (error) {
    if (number !== asked) return;
    tilesBy = "";
    layer.clear();
    note.textContent = error.message;
  }
  draw();
}

function legendLine(hue, place, canHide) {
  const item = document.createElement("li");
  const spot = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  spot.setAttribute("viewBox", "0 0 10 10");
  spot.setAttribute("aria-hidden", "true");
  const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [name, value] of [["cx", 5], ["cy", 5], ["r", 4.5], ["fill", hue.colour]]) circle.setAttribute(name, value);
  spot.append(circle);
  const words = document.createElement("span");
  words.textContent = hue.name;
  const count = document.createElement("span");
  count.className = "muted";
  count.textContent = hue.count < 0 ? "" : hue.count.toLocaleString("en");
  if (!canHide) {
    item.append(spot, words, count);
    return item;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  button.title = "Show or hide";
  button.append(spot, words, count);
  button.addEventListener("click", () => {
    const isShown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isShown));
    layer.show(place, isShown);
    draw();
  });
  item.append(button);
  return item;
}

async function ok(name) {
  const answer = await fetch(name, { headers: { Accept: "application/json" } });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || `The service answered ${answer.status}.`);
}

const json = async (name) => (await ok(name)).json();

// The example under the pointer

let hoverTimer = 0;
let hoverNumber = 0;

function lookSoon(px, py) {
  clearTimeout(hoverTimer);
  hoverTimer = setTimeout(() => look(px, py), HOVER_MS);
}

async function look(px, py) {
  const number = ++hoverNumber;
  const [x, y] = toCell(px, py);
  const reach = limit(Math.ceil(REACH_PIXELS / view.scale), 1, 4096);
  if (x < 0 || y < 0 || x > facts.cells || y > facts.cells) return hide();
  try {
    const answer = await ok(`/map/nearest?x=${x}&y=${y}&reach=${reach}`);
    if (number !== hoverNumber) return undefined;
    if (answer.status === 204) return hide();
    const found = await answer.json();
    const content = await json(`/content/${encodeURIComponent(found.id)}`).catch(() => ({ text: "", images: [], fields: [] }));
    if (number !== hoverNumber) return undefined;
    return show(found, content);
  } catch {
    return hide();
  }
}

function hide() {
  hoverNumber++;
  hover.hidden = true;
}

function show(found, content) {
  const parts = [];
  if (content.images.length) {
    const image = document.createElement("img");
    image.src = content.images[0];
    image.alt = "";
    parts.push(image);
  }
  const link = document.createElement("a");
  link.href = `/examples/${encodeURIComponent(found.id)}`;
  link.textContent = found.id;
  parts.push(link);
  const text = content.text || content.fields.map(([name, value]) => `${name}: ${value}`).join("; ");
  if (text) {
    const words = document.createElement("p");
    words.textContent = text.length > 240 ? `${text.slice(0, 240)} …` : text;
    parts.push(words);
  }
  const known = Object.entries(found.facts).map(([name, value]) => `${name} ${value}`).join(", ");
  const line = document.createElement("p");
  line.className = "small muted";
  line.textContent = known || "unasked";
  parts.push(line);
  hover.replaceChildren(...parts);
  hover.hidden = false;
  const [px, py] = toPixel(found.x + 0.5, found.y + 0.5);
  const x = px + 14 + hover.offsetWidth > width() ? px - 14 - hover.offsetWidth : px + 14;
  hover.style.setProperty("left", `${limit(x, 4, Math.max(4, width() - hover.offsetWidth - 4))}px`);
  hover.style.setProperty("top", `${limit(py - 10, 4, Math.max(4, height() - hover.offsetHeight - 4))}px`);
  layer.ring(found.x, found.y);
  draw();
}

// Moving

function zoomAt(px, py, factor) {
  const [x, y] = toCell(px, py);
  view.scale = limit(view.scale * factor, smallest() * 0.9, DEEPEST_SCALE);
  view.x = limit(x - (px - width() / 2) / view.scale, 0, facts.cells);
  view.y = limit(y - (py - height() / 2) / view.scale, 0, facts.cells);
  hide();
  draw();
}

function move(dx, dy) {
  view.x = limit(view.x - dx / view.scale, 0, facts.cells);
  view.y = limit(view.y - dy / view.scale, 0, facts.cells);
  draw();
}

function whole() {
  [view.x, view.y, view.scale] = [facts.cells / 2, facts.cells / 2, smallest()];
  draw();
}

const pointers = new Map();
const lasso = element("lasso");
const isChoosing = () => lasso.getAttribute("aria-pressed") === "true";

function at(event) {
  const place = box.getBoundingClientRect();
  return [event.clientX - place.left, event.clientY - place.top];
}

box.addEventListener("pointerdown", (event) => {
  if (event.target.closest(".hover")) return;
  box.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, at(event));
  if (isChoosing() && pointers.size === 1) {
    shape = [at(event)];
    drawLine();
  }
});

box.addEventListener("pointermove", (event) => {
  const now = at(event);
  const before = pointers.get(event.pointerId);
  if (!before) {
    if (event.pointerType === "mouse" && !event.target.closest(".hover")) lookSoon(...now);
    return;
  }
  if (shape) {
    const last = shape[shape.length - 1];
    if (Math.hypot(now[0] - last[0], now[1] - last[1]) >= 3) shape.push(now);
    drawLine();
  } else if (pointers.size === 2) {
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
    const is = Math.hypot(now[0] - other[0], now[1] - other[1]);
    if (was > 0) zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, is / was);
  } else {
    move(now[0] - before[0], now[1] - before[1]);
  }
  pointers.set(event.pointerId, now);
});

for (const name of ["pointerup", "pointercancel"]) {
  box.addEventListener(name, (event) => {
    const was = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    if (shape) {
      const corners = shape;
      shape = null;
      drawLine();
      if (name === "pointerup" && corners.length >= 3) openList(corners.map(([px, py]) => toCell(px, py)));
    } else if (name === "pointerup" && was && event.pointerType !== "mouse") {
      look(...was);
    }
  });
}

box.addEventListener("pointerleave", () => clearTimeout(hoverTimer));
box.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomAt(...at(event), Math.exp(-limit(event.deltaY, -200, 200) / 200));
}, { passive: false });
box.addEventListener("dblclick", (event) => zoomAt(...at(event), 2));

box.addEventListener("keydown", (event) => {
  const step = 80;
  const keys = {
    ArrowLeft: () => move(step, 0),
    ArrowRight: () => move(-step, 0),
    ArrowUp: () => move(0, step),
    ArrowDown: () => move(0, -step),
    "+": () => zoomAt(width() / 2, height() / 2, 1.5),
    "-": () => zoomAt(width() / 2, height() / 2, 1 / 1.5),
    0: whole,
    Enter: () => look(width() / 2, height() / 2),
    Escape: hide,
  };
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey || event.target !== box) return;
  event.preventDefault();
  keys[event.key]();
});

// Choosing

function drawLine() {
  line.firstElementChild.setAttribute("points", (shape || []).map((corner) => corner.join(",")).join(" "));
}

function openList(corners) {
  const step = Math.max(1, Math.ceil(corners.length / MOST_CORNERS));
  const kept = corners.filter((_, place) => place % step === 0).map(([x, y]) => `${Math.round(x)},${Math.round(y)}`);
  window.location.assign(`/map/list?shape=${encodeURIComponent(kept.join(";"))}`);
}

lasso.addEventListener("click", () => {
  lasso.setAttribute("aria-pressed", String(!isChoosing()));
  box.classList.toggle("choosing", isChoosing());
  hide();
});
element("in-view").addEventListener("click", () => {
  const [left, top] = toCell(0, 0);
  const [right, bottom] = toCell(width(), height());
  openList([[left, top], [right, top], [right, bottom], [left, bottom]].map((corner) => corner.map((each) => limit(each, -1, facts.cells + 1))));
});
element("closer").addEventListener("click", () => zoomAt(width() / 2, height() / 2, 1.6));
element("farther").addEventListener("click", () => zoomAt(width() / 2, height() / 2, 1 / 1.6));
element("whole").addEventListener("click", whole);
element("colour").addEventListener("change", (event) => colour(event.target.value));

new ResizeObserver(() => {
  if (view.scale < smallest() * 0.9 || view.scale === 0) whole();
  draw();
}).observe(box);
whole();
colour(element("colour").value);
