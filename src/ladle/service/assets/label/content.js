// An example as elements of the page. All of it is text and addresses that the service has checked; nothing is parsed as HTML.

const SMALL = 100; // pixels: smaller images are shown larger, pixel by pixel
const ZOOMS = [1, 2, 4, 8];

/** Make an element: a tag, properties, children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The content of a task: images, text, rows of keys and values; its id where there is nothing else. */
export function contentOf(task) {
  const parts = make("div", { className: "content" });
  const { images = [], text = "", fields = [] } = task.content ?? {};
  if (images.length) {
    const many = images.length > 1;
    parts.append(
      make(
        "div",
        { className: many ? "images many" : "images" },
        ...images.map((address, place) => imageOf(address, many ? `Image ${place + 1} of ${images.length}` : "The image to label")),
      ),
    );
  }
  if (text) parts.append(make("div", { className: "text", dir: "auto", textContent: text }));
  if (fields.length) {
    const rows = fields.flatMap(([name, value]) => [
      make("dt", { textContent: name }),
      make("dd", { textContent: value, dir: "auto" }),
    ]);
    parts.append(make("dl", {}, ...rows));
  }
  if (!parts.childElementCount) {
    parts.append(make("p", { className: "muted", textContent: "There is no content to show for this example, only its id:" }));
    parts.append(make("p", { className: "mono", textContent: task.id }));
  }
  return parts;
}

function imageOf(address, name) {
  const image = make("img", { alt: name, decoding: "async", draggable: false });
  const frame = make("button", { type: "button", className: "frame", title: "Zoom", "aria-label": `${name}: zoom` }, image);
  image.addEventListener("load", () => {
    frame.classList.toggle("small", Math.max(image.naturalWidth, image.naturalHeight) <= SMALL);
  });
  image.addEventListener("error", () => {
    frame.replaceWith(make("p", { className: "notice warn", role: "alert", textContent: "This image cannot be shown. Skip the example with a reason." }));
  });
  frame.addEventListener("click", (event) => zoomAt(frame, event));
  image.src = address;
  return frame;
}

/** Zoom the images of a task in or out by one step. */
export function zoom(content, step) {
  content.querySelectorAll(".frame").forEach((frame) => setZoom(frame, Number(frame.dataset.zoom || 0) + step));
}

function zoomAt(frame, event) {
  const box = frame.getBoundingClientRect();
  const across = (event.clientX - box.left) / box.width;
  const down = (event.clientY - box.top) / box.height;
  const next = (Number(frame.dataset.zoom || 0) + 1) % ZOOMS.length;
  setZoom(frame, next);
  frame.scrollLeft = across * frame.scrollWidth - frame.clientWidth / 2;
  frame.scrollTop = down * frame.scrollHeight - frame.clientHeight / 2;
}

function setZoom(frame, place) {
  const image = frame.querySelector("img");
  const step = Math.max(0, Math.min(place, ZOOMS.length - 1));
  if (step > 0 && !frame.dataset.zoom) {
    frame.style.width = `${frame.clientWidth}px`; // the frame keeps its size, and the image grows inside it
    frame.style.height = `${frame.clientHeight}px`;
    frame.dataset.width = image.clientWidth;
  }
  if (step === 0) {
    frame.style.width = frame.style.height = image.style.width = "";
    delete frame.dataset.zoom;
  } else {
    frame.dataset.zoom = step;
    image.style.width = `${ZOOMS[step] * frame.dataset.width}px`;
  }
  frame.classList.toggle("zoomed", step > 0);
}

/** Load and decode the images of a task, so that it is there before it is shown. */
export async function preload(element) {
  await Promise.allSettled(Array.from(element.querySelectorAll("img"), (image) => image.decode()));
}
