// The studio in a notebook: Python puts this behind studio.js. Its desk asks Python for everything.

const SILENT = "No answer from Python: it is busy, or this cell has to be run again. The hints stay here.";

async function bitmap(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return createImageBitmap(image);
}

function render({ model, el }) {
  const waiting = new Map(); // number of a question -> what its answer goes to
  let count = Math.floor(Math.random() * 1e9); // two views of one widget hear each other's answers
  let open = null, gone = false;

  function ask(message, seconds = 30) {
    return new Promise((resolve, reject) => {
      const asked = ++count;
      const timer = setTimeout(() => answered({ asked, error: SILENT }), 1000 * seconds);
      waiting.set(asked, { resolve, reject, timer });
      model.send({ ...message, asked });
    });
  }

  function answered({ asked, error, ...answer }) {
    const { resolve, reject, timer } = waiting.get(asked) ?? {};
    if (!waiting.delete(asked)) return;
    clearTimeout(timer);
    if (error) reject(new Error(error));
    else resolve(answer);
  }

  async function start() {
    const { photo, palette, ...told } = await ask({ do: "show" });
    const desk = {
      ...told,
      photo: await bitmap(photo),
      answer: async (hints) => bitmap((await ask({ do: "answer", hints })).picture),
      palette: palette ? async (x, y) => (await ask({ do: "palette", x, y })).colours : null,
      changed: (hints) => ask({ do: "keep", hints }),
      save: async (hints) => (await ask({ do: "save", hints }, 600)).said,
    };
    if (!gone) open = studio(el, desk);
  }

  model.on("msg:custom", answered);
  start().catch((error) => (el.textContent = error.message));
  return () => {
    gone = true;
    model.off("msg:custom", answered);
    open?.destroy();
  };
}

export default { render };
