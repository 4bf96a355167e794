// The studio: a grey photo on which a person sets colours. One file, no build step, and nothing of
// Jupyter in it: a notebook and a page in the web use the same. What colours the photo, and where
// the hints are kept, is the affair of the `desk` that the caller gives.
//
//   import { studio } from "./studio.js";
//   const { destroy, hints } = studio(root, desk);
//
// desk = {
//   photo: canvas or ImageBitmap, the grey photo for display
//   size: [width, height] of the whole photo; hints are in its pixels
//   hints: [[x, y, a, b] or [x, y, a, b, side], ...], those known already; side of the square in pixels
//   answer(hints) -> Promise of a canvas or ImageBitmap: the photo coloured. One at a time, the newest wins
//   palette(x, y) -> Promise of [[a, b, share], ...], likely colours there; or null: no such tool
//   changed(hints): keeps them after each change. It may return a Promise; its error is shown
//   save(hints) -> Promise of a string: writes the PNG, and what to tell the person
//   takesHints: false for a network without hints: before and after, and save
// }

// ---- one colour: the constants of colourlib/common/lab.py ---------------------------------------

const WHITE = [0.95047, 1.0, 1.08883];
const XYZ_FROM_RGB = [
  [0.412453, 0.35758, 0.180423], [0.212671, 0.71516, 0.072169], [0.019334, 0.119193, 0.950227],
];
const RGB_FROM_XYZ = inverse(XYZ_FROM_RGB);
const D = 6 / 29;

function inverse(m) {
  const minor = (r, c) => {
    const [p, q] = [0, 1, 2].filter((i) => i !== r);
    const [s, t] = [0, 1, 2].filter((i) => i !== c);
    return (m[p][s] * m[q][t] - m[p][t] * m[q][s]) * ((r + c) % 2 ? -1 : 1);
  };
  const whole = [0, 1, 2].reduce((sum, c) => sum + m[0][c] * minor(0, c), 0);
  return [0, 1, 2].map((r) => [0, 1, 2].map((c) => minor(c, r) / whole));
}

const times = (m, v) => m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);

/** L 0..100 and ab in Lab units -> linear light [r, g, b]; outside 0..1 it is no colour of sRGB. */
function lightOf(L, a, b) {
  const y = (L + 16) / 116;
  const back = (f) => (f > D ? f ** 3 : (f - 4 / 29) * 3 * D * D);
  return times(RGB_FROM_XYZ, [y + a / 500, y, y - b / 200].map((f, i) => back(f) * WHITE[i]));
}

/** L 0..100 and ab in Lab units -> [r, g, b], whole numbers 0..255, clipped. */
export function labToRgb(L, a, b) {
  return lightOf(L, a, b).map((light) => {
    const v = Math.min(1, Math.max(0, light));
    return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
  });
}

/** [r, g, b] 0..255 -> [L, a, b] in Lab units. */
export function rgbToLab(r, g, b) {
  const light = [r, g, b].map((byte) => {
    const v = byte / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const [x, y, z] = times(XYZ_FROM_RGB, light).map((v, i) => {
    const part = v / WHITE[i];
    return part > D ** 3 ? Math.cbrt(part) : part / (3 * D * D) + 4 / 29;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** Is this colour inside sRGB? */
export function isColour(L, a, b) {
  return lightOf(L, a, b).every((v) => v > -0.002 && v < 1.002);
}

const HUES = [
  [20, "pink"], [52, "red"], [80, "orange"], [112, "yellow"], [165, "green"], [220, "teal"],
  [312, "blue"], [345, "purple"], [361, "pink"],
];

/** A name for the chroma, so that nobody has to see it. */
export function nameOf(a, b) {
  const [hue, chroma] = polar(a, b);
  if (chroma < 6) return "grey";
  const strength = chroma < 22 ? "pale " : chroma > 60 ? "strong " : "";
  return strength + HUES.find(([end]) => hue < end)[1];
}

const polar = (a, b) => [((Math.atan2(b, a) * 180) / Math.PI + 360) % 360, Math.hypot(a, b)];
const round = (value) => Math.round(value * 10) / 10;

// ---- the page -----------------------------------------------------------------------------------

export const SHARE = 1 / 32; // of the shorter side: a hint that names no side, as in hints.py
const BRUSHES = { small: SHARE / 2, medium: SHARE, large: 2 * SHARE };
const STRONGEST = 110; // Lab units: the rim of the wheel
const WHEEL = 168; // pixels
const KEYS =
  "On the photo: arrow keys move the cross (with Shift by one pixel), Enter sets a hint. On a hint: " +
  "arrow keys move it, Delete removes it. Anywhere: 1 to 9 choose a colour for the hint that is chosen, " +
  "B shows before and after, Escape lets the hint go, Ctrl+Z undoes, Ctrl+Y does it again.";
// JupyterLab hears of a key before we do; it leaves those alone whose element says this itself.
const OUR_KEYS = { "data-lm-suppress-shortcuts": "true" };
let studios = 0;

/** What calls an action once at a time; asked meanwhile, it calls it once more at the end. */
function newest(action) {
  let busy = false, again = false;
  return async () => {
    again = true;
    if (busy) return;
    for (busy = true; again; ) {
      again = false;
      await action();
    }
    busy = false;
  };
}

function make(tag, name, parent, attributes = {}, text = "") {
  const node = document.createElement(tag);
  node.className = `colourlib-${name}`;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  parent.append(node);
  return node;
}

function button(name, text, parent, action, attributes = {}) {
  const node = make("button", name, parent, { type: "button", ...OUR_KEYS, ...attributes }, text);
  node.addEventListener("click", action);
  return node;
}

function slider(name, text, parent, [low, high, value]) {
  const label = make("label", `${name}-label`, parent, {}, text);
  const limits = { type: "range", min: low, max: high, step: 1, value };
  return make("input", name, label, { ...limits, ...OUR_KEYS });
}

export function studio(root, desk) {
  const [width, height] = desk.size;
  const short = Math.min(width, height);
  const id = `colourlib-studio-${++studios}`;
  let hints = desk.takesHints ? desk.hints.map((hint) => [...hint]) : []; // as they are drawn
  let kept = hints; // as they were after the last whole change
  let past = [], future = []; // what undo and redo go to
  let lately = ""; // the last change, where several are one step: arrow keys, a slider
  let at = -1; // the hint that is chosen
  let cross = [width >> 1, height >> 1];
  let likely = [], last = null; // the colours offered; the one used last: [a, b]
  let gone = false, asked = 0;

  // -- what there is

  // What a click on the wheel or on words focuses, so that keys come here and not to the notebook.
  const box = make("div", "studio", root, { tabindex: "-1", ...OUR_KEYS });
  box.style.setProperty("--shape", desk.photo.width / desk.photo.height);
  const bar = make("div", "bar", box, { role: "group", "aria-label": "Tools" });
  const undo = button("undo", "Undo", bar, () => step(past, future, "Undone."));
  const redo = button("redo", "Redo", bar, () => step(future, past, "Done again."));
  const remove = button("delete", "Delete hint", bar, () => drop(at));
  const save = button("save", "Save PNG", bar, keep);
  const sides = make("fieldset", "brush-choice", bar);
  make("legend", "legend", sides, {}, "Brush");
  const brushes = Object.keys(BRUSHES).map((name) => {
    const label = make("label", "brush-label", sides);
    const radio = { type: "radio", name: `${id}-brush`, value: name, ...OUR_KEYS };
    const node = make("input", "brush-size", label, radio);
    node.checked = name === "medium";
    node.addEventListener("change", () => at >= 0 && change(at, { side: sideOf(name) }));
    label.append(name);
    return node;
  });

  const desktop = make("div", "desk", box);
  const left = make("div", "left", desktop);
  const stage = make("div", "stage", left, {
    tabindex: "0", role: "application", "aria-describedby": `${id}-keys`, ...OUR_KEYS,
    "aria-label": desk.takesHints ? "Photo: set hints here" : "Photo",
  });
  const picture = (name) => {
    const canvas = make("canvas", name, stage, { "aria-hidden": "true" });
    [canvas.width, canvas.height] = [desk.photo.width, desk.photo.height];
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(desk.photo, 0, 0);
    return canvas;
  };
  const [grey, coloured] = [picture("grey"), picture("coloured")];
  const brush = make("div", "brush", stage, { "aria-hidden": "true" });
  const target = make("div", "cross", stage, { "aria-hidden": "true" });
  const markers = []; // buttons, one a hint
  const said = make("p", "said", left, { role: "status" });
  const compare = slider("compare", "Before ↔ after", left, [0, 100, 100]);
  compare.addEventListener("input", () => uncover(compare.value));
  const seen = make("label", "seen-label", left);
  const show = make("input", "seen", seen, { type: "checkbox", ...OUR_KEYS });
  show.checked = true;
  show.addEventListener("change", () => stage.classList.toggle("colourlib-bare", !show.checked));
  seen.append("Show the hints");

  const panel = make("fieldset", "colours", desktop);
  const title = make("legend", "title", panel);
  const swatches = make("div", "swatches", panel, { role: "group", "aria-label": "Likely colours" });
  const wheel = make("canvas", "wheel", panel, { width: WHEEL, height: WHEEL, "aria-hidden": "true" });
  const hue = slider("hue", "Hue, degrees", panel, [0, 359, 0]);
  const strength = slider("strength", "Strength", panel, [0, STRONGEST, 0]);
  make("p", "guess", box, {}, desk.takesHints
    ? "Colours are guesses. A hint is what you say; what lies around it is guessed from there."
    : "Colours are guesses. This network takes no hints.");
  const help = make("details", "help", box);
  make("summary", "summary", help, OUR_KEYS, "Keys");
  make("p", "keys", help, { id: `${id}-keys` }, desk.takesHints ? KEYS : "B shows before and after.");
  for (const node of [undo, redo, remove, sides, panel, seen]) node.hidden = !desk.takesHints;

  // -- what is shown

  const say = (text) => (said.textContent = text);
  const complain = (error) => gone || say(String(error?.message ?? error));
  const sideOf = (name) => (name === "medium" ? undefined : round(short * BRUSHES[name]));
  const told = (k) => `Hint ${k + 1}: ${nameOf(hints[k][2], hints[k][3])}, at ${hints[k][0]}, ${hints[k][1]}`;

  function put(node, x, y) {
    node.style.left = `${(100 * (x + 0.5)) / width}%`;
    node.style.top = `${(100 * (y + 0.5)) / height}%`;
  }

  /** [L, a, b] of a canvas where the photo has this pixel. */
  function pixel(canvas, x, y) {
    const column = Math.min(canvas.width - 1, Math.floor((x / width) * canvas.width));
    const row = Math.min(canvas.height - 1, Math.floor((y / height) * canvas.height));
    const context = canvas.getContext("2d");
    return rgbToLab(...context.getImageData(column, row, 1, 1).data.slice(0, 3));
  }

  /** How light the panel shows a colour: as the photo is there, but never so that it cannot be seen. */
  const lightness = (k) => Math.min(80, Math.max(45, pixel(grey, hints[k][0], hints[k][1])[0]));

  function paint(node, L, a, b) {
    const rgb = labToRgb(L, a, b);
    node.style.backgroundColor = `rgb(${rgb})`;
    node.style.color = rgbToLab(...rgb)[0] > 49.4 ? "black" : "white"; // 4.5 : 1 at least
  }

  function draw() {
    while (markers.length > hints.length) markers.pop().remove();
    while (markers.length < hints.length) markers.push(marker(markers.length));
    hints.forEach(([x, y, a, b], k) => {
      put(markers[k], x, y);
      paint(markers[k].firstChild, lightness(k), a, b);
      markers[k].setAttribute("aria-label", told(k));
      markers[k].setAttribute("aria-pressed", String(k === at));
    });
    put(target, ...cross);
    brush.hidden = at < 0;
    const chosen = document.activeElement;
    [undo.disabled, redo.disabled, remove.disabled] = [!past.length, !future.length, at < 0];
    panel.disabled = at < 0;
    if (box.contains(chosen) && chosen.matches(":disabled")) stage.focus({ preventScroll: true });
    title.textContent = at < 0 ? "Colour: choose or set a hint first" : `Colour of hint ${at + 1}`;
    if (at < 0) return;
    const [x, y, a, b, side = SHARE * short] = hints[at];
    put(brush, x, y);
    brush.style.width = `${(100 * side) / width}%`;
    brush.style.height = `${(100 * side) / height}%`;
    const ratio = side / short;
    const near = (name) => Math.abs(Math.log(BRUSHES[name] / ratio));
    const size = Object.keys(BRUSHES).reduce((one, two) => (near(two) < near(one) ? two : one));
    for (const node of brushes) node.checked = node.value === size;
    drawPanel(lightness(at), a, b);
  }

  function drawPanel(L, a, b) {
    const offered = likely.map(([p, q, share]) => [p, q, `${Math.round(100 * share)} %`]);
    if (last) offered.push([...last, "used last"]);
    while (swatches.children.length > offered.length) swatches.lastChild.remove();
    offered.forEach(([p, q, words], k) => {
      const node = swatches.children[k] ?? button("swatch", "", swatches, () => choose(k));
      node.textContent = `${k + 1} ${nameOf(p, q)}, ${words}`;
      paint(node, L, p, q);
    });
    const [degrees, chroma] = polar(a, b);
    if (document.activeElement !== hue && chroma > 0.5) hue.value = degrees; // grey keeps its hue
    if (document.activeElement !== strength) strength.value = chroma;
    hue.setAttribute("aria-valuetext", `${Math.round(hue.value)} degrees, ${nameOf(a, b)}`);
    drawWheel(L);
    const [middle, scale] = [WHEEL / 2, WHEEL / 2 / STRONGEST];
    const context = wheel.getContext("2d");
    for (const [line, colour] of [[5, "black"], [2, "white"]]) {
      context.beginPath();
      context.arc(middle + a * scale, middle - b * scale, 7, 0, 7);
      [context.lineWidth, context.strokeStyle] = [line, colour];
      context.stroke();
    }
  }

  let disc = null, discL = NaN; // the wheel of one lightness, drawn once
  function drawWheel(L) {
    const context = wheel.getContext("2d");
    if (L !== discL) {
      [disc, discL] = [context.createImageData(WHEEL, WHEEL), L];
      for (let row = 0; row < WHEEL; row++) {
        for (let column = 0; column < WHEEL; column++) {
          const [a, b] = onWheel(column, row);
          if (Math.hypot(a, b) > STRONGEST) continue;
          const faint = isColour(L, a, b) ? 255 : 70; // no screen shows it at this lightness
          disc.data.set([...labToRgb(L, a, b), faint], 4 * (row * WHEEL + column));
        }
      }
    }
    context.putImageData(disc, 0, 0);
  }

  const onWheel = (column, row) =>
    [column - WHEEL / 2, WHEEL / 2 - row].map((v) => (v * STRONGEST * 2) / WHEEL);

  function uncover(share) {
    compare.value = share;
    coloured.style.clipPath = `inset(0 0 0 ${100 - share}%)`;
    compare.setAttribute("aria-valuetext", `${share} % of the photo coloured`);
  }

  // -- the photo is coloured: one question at a time, and the newest hints last

  const ask = newest(async () => {
    stage.setAttribute("aria-busy", "true");
    try {
      const answer = await desk.answer(plain());
      if (gone) return;
      coloured.getContext("2d").drawImage(answer, 0, 0, coloured.width, coloured.height);
    } catch (error) {
      complain(error);
    }
    stage.setAttribute("aria-busy", "false");
  });
  const remember = newest(async () => {
    try {
      await desk.changed(plain());
    } catch (error) {
      complain(error);
    }
  });

  const plain = () => hints.map((hint) => [...hint]);

  async function offer() {
    const mine = ++asked;
    likely = [];
    if (!desk.palette || at < 0) return;
    try {
      const found = await desk.palette(hints[at][0], hints[at][1]);
      if (mine !== asked || gone || at < 0) return;
      likely = found;
      draw();
    } catch (error) {
      complain(error);
    }
  }

  // -- what is done

  /** One step further; several with the same words in a row are one, as with an arrow key. */
  function commit(next, words, same = "") {
    if (!same || same !== lately) past.push(kept);
    lately = same;
    future = [];
    set(next, words);
  }

  function set(next, words) {
    kept = hints = next;
    at = Math.min(at, hints.length - 1);
    draw();
    if (!Number(compare.value)) uncover(100); // or nothing of it would be seen
    say(words || (at >= 0 ? `${told(at)}.` : ""));
    ask();
    remember();
  }

  function step(from, to, words) {
    if (!from.length) return;
    to.push(kept);
    lately = "";
    const next = from.pop();
    at = next.length > hints.length ? next.length - 1 : at;
    set(next, `${words} ${next.length} ${next.length === 1 ? "hint" : "hints"}.`);
    offer();
  }

  function altered(k, { x, y, a, b, ...more }) {
    const old = hints[k];
    const side = "side" in more ? more.side : old[4];
    const hint = [x ?? old[0], y ?? old[1], round(a ?? old[2]), round(b ?? old[3])];
    return hints.map((one, i) => (i !== k ? one : side === undefined ? hint : [...hint, side]));
  }

  function change(k, what, same) {
    commit(altered(k, what), "", same && `${same} ${k}`);
  }

  function add(x, y) {
    if (!desk.takesHints) return;
    const name = brushes.find((node) => node.checked).value;
    const [, a, b] = pixel(coloured, x, y); // as it is guessed: nothing changes yet
    const side = sideOf(name);
    const hint = [x, y, round(a), round(b)];
    cross = [x, y];
    at = hints.length;
    commit([...hints, side === undefined ? hint : [...hint, side]]);
    say(`${told(at)}, as guessed. Now choose its colour.`);
    offer();
  }

  function drop(k) {
    if (k < 0) return;
    const had = stage.contains(document.activeElement) || document.activeElement === remove;
    at = -1;
    commit(hints.filter((_, i) => i !== k), `Hint ${k + 1} is deleted; those after it move up.`);
    if (had) stage.focus();
  }

  function select(k) {
    if (k === at) return;
    at = k;
    lately = "";
    offer();
    draw();
    say(k < 0 ? "No hint is chosen." : `${told(k)}. It is chosen.`);
  }

  function colour(a, b, same) {
    if (at < 0) return;
    last = [a, b];
    change(at, { a, b }, same);
  }

  function choose(k) {
    const chosen = [...likely, ...(last ? [last] : [])][k];
    if (chosen) colour(chosen[0], chosen[1]);
  }

  async function keep() {
    save.disabled = true;
    say("The photo is coloured at its full size …");
    try {
      const words = await desk.save(plain());
      if (!gone) say(words);
    } catch (error) {
      complain(error);
    }
    save.disabled = false;
    if (document.activeElement === document.body) save.focus({ preventScroll: true });
  }

  // -- pointers

  function placeOf(event) {
    const { left: x, top: y, width: w, height: h } = stage.getBoundingClientRect();
    const inside = (share, size) => Math.min(size - 1, Math.max(0, Math.floor(share * size)));
    return [inside((event.clientX - x) / w, width), inside((event.clientY - y) / h, height)];
  }

  stage.addEventListener("click", (event) => {
    if (!event.target.closest(".colourlib-marker")) add(...placeOf(event));
  });

  function marker(k) {
    const node = make("button", "marker", stage, { type: "button", ...OUR_KEYS });
    make("span", "number", node, {}, String(k + 1));
    let held = null; // where the pointer went down
    node.addEventListener("focus", () => select(k));
    node.addEventListener("click", () => select(k));
    node.addEventListener("pointerdown", (event) => {
      held = { x: event.clientX, y: event.clientY, moved: false };
      node.setPointerCapture(event.pointerId);
      select(k);
    });
    node.addEventListener("pointermove", (event) => {
      if (!held) return;
      held.moved ||= Math.hypot(event.clientX - held.x, event.clientY - held.y) > 4;
      if (!held.moved) return;
      const [x, y] = placeOf(event);
      hints = altered(k, { x, y });
      draw();
      ask();
    });
    const end = (whole) => () => {
      const moved = held?.moved;
      held = null;
      if (!moved) return;
      if (whole) commit(hints);
      else set(kept, "The hint is back where it was.");
      offer();
    };
    node.addEventListener("pointerup", end(true));
    node.addEventListener("pointercancel", end(false));
    return node;
  }

  function onTheWheel(event) {
    if (at < 0 || !(event.buttons & 1)) return;
    wheel.setPointerCapture(event.pointerId);
    const { left: x, top: y, width: w } = wheel.getBoundingClientRect();
    const [a, b] = onWheel(((event.clientX - x) * WHEEL) / w, ((event.clientY - y) * WHEEL) / w);
    const least = Math.min(1, STRONGEST / Math.hypot(a, b));
    colour(a * least, b * least, "wheel");
  }
  wheel.addEventListener("pointerdown", (event) => {
    lately = "";
    onTheWheel(event);
  });
  wheel.addEventListener("pointermove", onTheWheel);
  for (const node of [hue, strength]) {
    for (const kind of ["focus", "pointerdown"]) node.addEventListener(kind, () => (lately = ""));
    node.addEventListener("input", () => {
      const turn = (hue.value * Math.PI) / 180;
      colour(strength.value * Math.cos(turn), strength.value * Math.sin(turn), "slider");
    });
  }

  // -- keys

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function arrow([across, down], fine, k) {
    const far = fine ? 1 : Math.max(1, Math.round(short / 50));
    const [x, y] = k < 0 ? cross : hints[k];
    const to = (value, size) => Math.min(size - 1, Math.max(0, value));
    const [column, row] = [to(x + across * far, width), to(y + down * far, height)];
    cross = [column, row];
    if (k >= 0) {
      change(k, { x: column, y: row }, "arrow");
      return offer();
    }
    draw();
    say(`${column}, ${row}`);
  }

  function actionOf(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const own = event.target === stage;
    const k = markers.indexOf(event.target);
    if (event.ctrlKey || event.metaKey) {
      if (key === "y" || (key === "z" && event.shiftKey)) return () => redo.click();
      return key === "z" ? () => undo.click() : null;
    }
    if (event.altKey) return null;
    if (key === "b") return () => uncover(Number(compare.value) ? 0 : 100);
    if (!desk.takesHints) return null;
    if (key === "Escape") return at < 0 ? null : () => select(-1);
    if (/^[1-9]$/.test(key)) return () => choose(Number(key) - 1);
    if (ARROWS[key] && (own || k >= 0)) return () => arrow(ARROWS[key], event.shiftKey, k);
    if (own && (key === "Enter" || key === " ")) return () => add(...cross);
    if ((own || k >= 0) && (key === "Delete" || key === "Backspace")) return () => drop(own ? at : k);
    return null;
  }

  box.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });

  uncover(100);
  draw();
  ask();
  return {
    hints: plain,
    destroy() {
      gone = true;
      box.remove();
    },
  };
}
