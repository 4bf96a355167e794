// The page that module `review` shows in a notebook. It keeps no state of its own: every key and
// click is sent to Python, and what Python answers is drawn. Text from the web is only ever set as
// text, never as HTML.

const KEYS = {
  k: "keep", r: "reject", d: "take back", backspace: "take back", delete: "take back", u: "undo",
};
const HELP =
  "Click a picture to keep or reject it. Keys: arrows move, K keep, R reject, D or Backspace " +
  "take the decision back, U or Ctrl+Z undo, Shift+U or Ctrl+Y redo, Page Up and Page Down turn " +
  "the page. Each decision is saved at once; run clean.judge again when you are done.";
const BUSY = "No answer from Python yet: it is busy, or this cell has to be run again.";

function button(name, text, label, parent, action) {
  const node = make("button", name, parent, { type: "button", "aria-label": label, ...OUR_KEYS });
  node.textContent = text;
  node.addEventListener("click", action);
  return node;
}

function render({ model, el }) {
  let page = null; // the last answer
  let asked = 0;
  let waiting = 0; // a timer: says so when Python does not answer
  let here = 0; // which card of the page has the keyboard
  let wanted = null; // "first" or "last": which card is to have it on the page to come

  const box = make("div", "review", el, { tabindex: "-1", ...OUR_KEYS }); // words focus it, too
  const bar = make("div", "bar", box);
  const label = make("label", "label", bar);
  label.append("Show ");
  const named = { "aria-label": "Which pictures to show" };
  const reasons = make("select", "reasons", label, { ...named, ...OUR_KEYS });
  reasons.addEventListener("change", () => ask({ do: "open", reason: reasons.value }));
  const back = button("back", "‹ Previous", "Previous page", bar, () => turn(-1, "first"));
  const where = make("span", "where", bar);
  const next = button("next", "Next ›", "Next page", bar, () => turn(1, "first"));
  const undo = button("undo", "Undo", "Undo the last decision", bar, () => ask({ do: "undo" }));
  const redo = button("redo", "Redo", "Redo what was undone", bar, () => ask({ do: "redo" }));
  const line = make("p", "line", box);
  const counts = make("span", "counts", line);
  const said = make("span", "said", line, { role: "status" });
  const grid = make("div", "grid", box, {
    role: "listbox", "aria-multiselectable": "true", "aria-label": "Pictures: selected means kept",
  });
  make("p", "help", box).textContent = HELP;

  function ask(message) {
    model.send({ ...message, asked: ++asked });
    clearTimeout(waiting);
    waiting = setTimeout(() => (said.textContent = BUSY), 3000);
  }

  function turn(step, card) {
    const target = page ? page.page + step : -1;
    if (target < 0 || target >= page.pages) return false;
    wanted = card;
    ask({ do: "turn", page: target });
    return true;
  }

  function select(index) {
    here = Math.min(Math.max(index, 0), grid.children.length - 1);
    [...grid.children].forEach((card, i) => (card.tabIndex = i === here ? 0 : -1));
  }

  function focus(index) {
    select(index);
    grid.children[here]?.focus();
  }

  function move(step) {
    const target = here + step;
    if (target >= 0 && target < grid.children.length) focus(target);
    else if (Math.abs(step) === 1) turn(step, step > 0 ? "first" : "last");
  }

  function columns() {
    const top = grid.children[0]?.offsetTop;
    return [...grid.children].filter((card) => card.offsetTop === top).length || 1;
  }

  function decide(what, index = here) {
    if (page?.cards[index]) ask({ do: what, number: page.cards[index].number });
  }

  function toggle(index) {
    if (page?.cards[index]) decide(page.cards[index].keep ? "reject" : "keep", index);
  }

  const moves = {
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    ArrowUp: () => move(-columns()),
    ArrowDown: () => move(columns()),
    Home: () => focus(0),
    End: () => focus(grid.children.length - 1),
    PageUp: () => turn(-1, "first"),
    PageDown: () => turn(1, "first"),
    " ": () => toggle(here),
    Enter: () => toggle(here),
  };

  grid.addEventListener("focusin", (event) => {
    const at = [...grid.children].indexOf(event.target);
    if (at >= 0) select(at);
  });

  box.addEventListener("keydown", (event) => {
    const letter = event.key.toLowerCase();
    const held = event.ctrlKey || event.metaKey;
    const inGrid = grid.contains(event.target);
    let action = null;
    if (held && (letter === "z" || letter === "y")) {
      action = () => ask({ do: letter === "y" || event.shiftKey ? "redo" : "undo" });
    } else if (inGrid && !held && !event.altKey) {
      if (letter === "u" && event.shiftKey) action = () => ask({ do: "redo" });
      else if (KEYS[letter] === "undo") action = () => ask({ do: "undo" });
      else if (KEYS[letter]) action = () => decide(KEYS[letter]);
      else action = moves[event.key];
    }
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });

  function newCard(card, index) {
    const node = make("div", "card", grid, { role: "option", tabindex: "-1", ...OUR_KEYS });
    const frame = make("div", "frame", node);
    const source = page.pictures[card.number];
    if (source) make("img", "picture", frame, { src: source, alt: card.name, draggable: "false" });
    else make("span", "none", frame).textContent = "no picture";
    make("div", "state", node);
    make("div", "name", node).textContent = card.name;
    make("div", "reason", node).textContent = card.reason;
    node.addEventListener("click", () => {
      focus(index);
      toggle(index);
    });
    return node;
  }

  function drawCard(card, node) {
    node.dataset.number = card.number;
    node.title = card.file ? `${card.file}\n${card.reason}` : card.reason;
    node.setAttribute("aria-label", `${card.name}: ${card.state}. ${card.reason}`);
    node.setAttribute("aria-selected", String(card.keep));
    node.setAttribute("aria-disabled", String(card.fixed));
    node.classList.toggle("colourlib-rejected", !card.keep);
    node.classList.toggle("colourlib-by-hand", card.hand);
    node.querySelector(".colourlib-state").textContent = card.state;
  }

  function draw(answer) {
    clearTimeout(waiting);
    const had = grid.contains(document.activeElement);
    const numbers = (cards) => (cards ?? []).map((card) => card.number).join();
    const others = numbers(page?.cards) !== numbers(answer.cards) || !grid.children.length;
    page = answer;
    if (others) {
      grid.replaceChildren();
      answer.cards.forEach(newCard);
    }
    answer.cards.forEach((card, i) => drawCard(card, grid.children[i]));

    const choices = answer.reasons.map(([reason, text]) => {
      const option = new Option(text, reason);
      option.selected = reason === answer.reason;
      return option;
    });
    reasons.replaceChildren(...choices);
    where.textContent = `page ${answer.page + 1} of ${answer.pages}`;
    const chosen = document.activeElement;
    back.disabled = answer.page === 0;
    next.disabled = answer.page + 1 >= answer.pages;
    undo.disabled = answer.undo === 0;
    redo.disabled = answer.redo === 0;
    if (box.contains(chosen) && chosen.disabled) box.focus({ preventScroll: true }); // or it is lost
    counts.textContent = answer.counts;
    said.textContent = answer.said || (answer.cards.length ? "" : "No picture to show here.");

    const at = answer.cards.findIndex((card) => card.number === answer.at);
    if (at >= 0) select(at);
    else if (others) select(wanted === "last" ? answer.cards.length - 1 : 0);
    if (had && document.activeElement !== grid.children[here]) focus(here);
    wanted = null;
  }

  model.on("msg:custom", draw);
  ask({ do: "show" });
  return () => {
    clearTimeout(waiting);
    model.off("msg:custom", draw);
  };
}

export default { render };
