// Coloured points: WebGL for up to a million of them, a 2-d canvas where there is no WebGL.

const RADIUS = 2.6; // pixels, far away; points grow as one comes closer
const MOST_ON_CANVAS = 60000; // points of the 2-d canvas: every k-th of more
const PALETTE = 256;

const VERTEX = `
attribute vec2 cell;
attribute float value;
uniform vec2 centre;
uniform vec2 scale;
uniform float size;
uniform sampler2D palette;
varying vec4 colour;
void main() {
  colour = texture2D(palette, vec2((min(value, 255.0) + 0.5) / 256.0, 0.5));
  vec2 place = (cell + 0.5 - centre) * scale;
  gl_Position = colour.a > 0.0 ? vec4(place.x, -place.y, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size;
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 colour;
void main() {
  float far = length(gl_PointCoord - 0.5) * 2.0;
  if (far > 1.0) discard;
  gl_FragColor = vec4(colour.rgb, 1.0) * colour.a * smoothstep(1.0, 0.7, far);
}`;

export function pointLayer(canvas) {
  const options = { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: false };
  const gl = canvas.dataset.plain ? null : canvas.getContext("webgl2", options) || canvas.getContext("webgl", options);
  return gl ? webglLayer(canvas, gl) : plainLayer(canvas);
}

function unpack(packed) {
  const numbers = new Uint16Array(packed);
  const count = numbers.length / 3;
  return { x: numbers.subarray(0, count), y: numbers.subarray(count, 2 * count), value: numbers.subarray(2 * count), count };
}

function rgb(colour) {
  return [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
}

const radiusOf = (scale) => Math.min(7, RADIUS + Math.max(0, Math.log2(scale * 64)) * 0.5);

function webglLayer(canvas, gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const buffer = gl.createBuffer();
  const ringBuffer = gl.createBuffer();
  const texture = gl.createTexture();
  const palette = new Uint8Array(4 * PALETTE);
  const place = (name) => gl.getUniformLocation(program, name);
  const uniforms = { centre: place("centre"), scale: place("scale"), size: place("size") };
  const cell = gl.getAttribLocation(program, "cell");
  const value = gl.getAttribLocation(program, "value");
  gl.enableVertexAttribArray(cell);
  gl.enableVertexAttribArray(value);
  const layer = { count: 0, kind: "webgl" };
  let ring = null;

  function upload() {
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, PALETTE, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
  }

  function fill(target, x, y, values) { // x, y and value by turns, with one number of padding: 8 bytes a point
    const mixed = new Uint16Array(4 * x.length);
    for (let each = 0; each < x.length; each++) {
      mixed[4 * each] = x[each];
      mixed[4 * each + 1] = y[each];
      mixed[4 * each + 2] = values[each];
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, target);
    gl.bufferData(gl.ARRAY_BUFFER, mixed, gl.STATIC_DRAW);
  }

  function stroke(target, count, size) {
    gl.bindBuffer(gl.ARRAY_BUFFER, target);
    gl.vertexAttribPointer(cell, 2, gl.UNSIGNED_SHORT, false, 8, 0);
    gl.vertexAttribPointer(value, 1, gl.UNSIGNED_SHORT, false, 8, 4);
    gl.uniform1f(uniforms.size, size);
    gl.drawArrays(gl.POINTS, 0, count);
  }

  layer.set = (packed, colours) => {
    const found = unpack(packed);
    fill(buffer, found.x, found.y, found.value);
    palette.fill(0);
    colours.slice(0, PALETTE).forEach((colour, each) => palette.set([...rgb(colour), 235], 4 * each));
    for (let each = colours.length; each < PALETTE && colours.length; each++) palette.set([...rgb(colours[colours.length - 1]), 235], 4 * each);
    upload();
    layer.count = found.count;
  };
  layer.clear = () => { layer.count = 0; };
  layer.show = (each, isShown) => {
    palette[4 * each + 3] = isShown ? 235 : 0;
    upload();
  };
  layer.ring = (x, y) => {
    ring = [x, y];
    fill(ringBuffer, [x], [y], [0]);
  };
  layer.draw = (view, width, height, ratio) => {
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(uniforms.centre, view.x, view.y);
    gl.uniform2f(uniforms.scale, (2 * view.scale) / width, (2 * view.scale) / height);
    const size = 2 * radiusOf(view.scale) * ratio;
    if (layer.count) stroke(buffer, layer.count, size);
    if (ring && layer.count) stroke(ringBuffer, 1, size * 1.8);
  };
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  return layer;
}

function plainLayer(canvas) {
  const painter = canvas.getContext("2d");
  const layer = { count: 0, kind: "2d" };
  let found = null;
  let colours = [];
  let hidden = new Set();
  layer.set = (packed, given) => {
    [found, colours, hidden] = [unpack(packed), given, new Set()];
    layer.count = found.count;
  };
  layer.clear = () => { [found, layer.count] = [null, 0]; };
  layer.show = (each, isShown) => { isShown ? hidden.delete(each) : hidden.add(each); };
  layer.ring = () => {};
  layer.draw = (view, width, height, ratio) => {
    painter.setTransform(ratio, 0, 0, ratio, 0, 0);
    painter.clearRect(0, 0, width, height);
    if (!found) return;
    const step = Math.ceil(found.count / MOST_ON_CANVAS);
    const radius = radiusOf(view.scale);
    for (let each = 0; each < found.count; each += step) {
      if (hidden.has(found.value[each])) continue;
      const px = (found.x[each] + 0.5 - view.x) * view.scale + width / 2;
      const py = (found.y[each] + 0.5 - view.y) * view.scale + height / 2;
      if (px < -radius || py < -radius || px > width + radius || py > height + radius) continue;
      painter.fillStyle = colours[Math.min(found.value[each], colours.length - 1)];
      painter.beginPath();
      painter.arc(px, py, radius, 0, 7);
      painter.fill();
    }
  };
  return layer;
}
