// The page that module `people` shows in a notebook: a pair for a second, then an answer by click or
// by arrow key. It keeps nothing: each answer goes to Python, which sends the next pair.

function render({ model, el }) {
  let pair = null; // what is asked about; null while Python has not answered
  let hiding = 0; // a timer
  const box = make("div", "review", el, { tabindex: "0", ...OUR_KEYS });
  const said = make("p", "said", box, { role: "status" });
  const row = make("div", "line", box);
  const bar = make("div", "bar", box);
  const start = make("button", "start", bar, { type: "button", ...OUR_KEYS });
  const sides = ["left", "right"].map((side) => {
    const image = make("img", `pair-${side}`, row, { width: 288, height: 288, alt: `picture on the ${side}` });
    const node = make("button", side, bar, { type: "button", ...OUR_KEYS });
    node.textContent = side === "left" ? "← the left one" : "the right one →";
    node.addEventListener("click", () => choose(side));
    image.style.visibility = "hidden";
    return { image, node };
  });
  make("p", "help", box).textContent =
    "Start, look for a second, and say which one the machine has coloured: click, or press ← or →. " +
    "Each answer is saved at once; you may stop and go on later.";
  start.textContent = "Start";
  start.addEventListener("click", () => ask({ do: "show" }));

  function ask(message) {
    pair = null;
    model.send(message);
  }

  function choose(side) {
    if (pair) ask({ do: side, number: pair.number });
  }

  box.addEventListener("keydown", (event) => {
    const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
    if (!side) return;
    event.preventDefault();
    event.stopPropagation();
    choose(side);
  });

  function draw(answer) {
    clearTimeout(hiding);
    start.hidden = true;
    said.textContent = answer.said || `Pair ${answer.number + 1} of ${answer.of}`;
    sides.forEach(({ image, node }, i) => {
      node.disabled = answer.done;
      image.style.visibility = answer.done ? "hidden" : "visible";
      if (!answer.done) image.src = answer.pictures[i];
    });
    if (answer.done) return;
    pair = answer;
    box.focus();
    hiding = setTimeout(() => {
      sides.forEach(({ image }) => (image.style.visibility = "hidden"));
    }, 1000 * answer.seconds);
  }

  model.on("msg:custom", draw);
  return () => {
    clearTimeout(hiding);
    model.off("msg:custom", draw);
  };
}

export default { render };
