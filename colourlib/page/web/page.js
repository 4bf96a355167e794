// The page around the studio: it opens a photo, hands it to the network's worker, and saves. All of
// it happens in this browser; index.html forbids it to send anything anywhere else.

import { chromaOf } from "./arithmetic.js";
import { checked, download, hintsAsText, hintsOf, labelled, photoOf, sha256 } from "./files.js";
import { studio } from "./studio.js";

const SHOWN = 1024; // pixels of the longer side on the screen; a photo is saved at its full size
const $ = (id) => document.getElementById(id);
const say = (text) => ($("said").textContent = text);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

// ---- the worker ----------------------------------------------------------------------------------

// By way of a blob: so the rules of index.html hold in the worker, too.
const code = new Blob([`import ${JSON.stringify(new URL("worker.js", location.href).href)};`]);
const worker = new Worker(
    URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" }
);
const waiting = new Map();
let asked = 0;
worker.onmessage = ({ data: { id, value, error } }) => {
    const { right, wrong } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) right(value);
    else wrong(new Error(error));
};
worker.onerror = () => say("The network cannot start in this browser: it is too old, or a file is missing.");

function ask(what, value, moved = []) {
    return new Promise((right, wrong) => {
        waiting.set(++asked, { right, wrong });
        worker.postMessage({ id: asked, ask: what, value }, moved);
    });
}

// ---- a photo -------------------------------------------------------------------------------------

let card = null, open = null, desk = null; // what page.json tells; the photo; the studio on it

function drawing(picture) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height];
    if (picture instanceof ImageData) canvas.getContext("2d").putImageData(picture, 0, 0);
    else canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas;
}

// The photo at the size of the screen, as ImageData.
async function shown(bitmap) {
    const scale = Math.min(1, SHOWN / Math.max(bitmap.width, bitmap.height));
    const [w, h] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
    const how = { resizeWidth: w, resizeHeight: h, resizeQuality: "high" };
    const canvas = drawing(scale < 1 ? await createImageBitmap(bitmap, how) : bitmap);
    return canvas.getContext("2d").getImageData(0, 0, w, h);
}

async function openPhoto(file) {
    say(`${file.name} is opened …`);
    try {
        const bitmap = await photoOf(file);
        const size = [bitmap.width, bitmap.height], picture = await shown(bitmap);
        const next = { name: file.name, size, sha256: await sha256(file), picture };
        await ready;
        await ask("open", bitmap, [bitmap]);
        next.grey = drawing(await ask("colour", { picture, hints: null }));
        open = next;
        begin(remembered());
        say(`${file.name}, ${size[0]} × ${size[1]} pixels. It stays in this browser.`);
    } catch (error) {
        say(error.message + (open ? ` ${open.name} is still open.` : ""));
    }
}

function begin(hints) {
    desk?.destroy();
    const { picture, name } = open;
    const colour = (given) => ask("colour", { picture, hints: given });
    desk = studio($("studio"), {
        photo: open.grey,
        size: open.size,
        hints,
        answer: async (given) => drawing(await colour(given)),
        palette: card.bins ? (x, y) => ask("palette", [x, y]) : null,
        changed: remember,
        save: async (given) => {
            const png = await labelled(await ask("save", given));
            const as = `${name.replace(/\.\w+$/, "")}-coloured.png`;
            download(as, png);
            return `${as} is saved, ${megabytes(png.size)}. Its colours are guesses, and the file says so.`;
        },
        takesHints: card.hints,
    });
    $("hint-files").hidden = !card.hints;
}

// ---- hints: kept for this photo in this browser, and in a file where somebody wants one -----------

const place = () => `colourlib ${open.sha256 ?? open.name}`;

function remember(hints) {
    try {
        localStorage.setItem(place(), JSON.stringify(hints));
    } catch {
        throw new Error("This browser keeps nothing: save the hints as a file before you leave.");
    }
}

function remembered() {
    try {
        const kept = JSON.parse(localStorage.getItem(place()) ?? "[]");
        return kept.map((hint, number) => checked(hint, number + 1, open.size, chromaOf));
    } catch {
        return [];
    }
}

async function openHints(file) {
    try {
        const hints = await hintsOf(file, open, chromaOf);
        begin(hints);
        remember(hints);
        say(`${hints.length} hints from ${file.name}.`);
    } catch (error) {
        say(`${error.message} Your hints are as they were.`);
    }
}

function saveHints() {
    try {
        const name = `${open.name.replace(/\.\w+$/, "")}-hints.json`;
        download(name, new Blob([hintsAsText(open, desk.hints())], { type: "application/json" }));
        say(`${name} is saved: colourlib reads it, and so does this page.`);
    } catch (error) {
        say(error.message);
    }
}

// ---- the page ------------------------------------------------------------------------------------

async function begins() {
    const answer = await fetch("page.json");
    if (!answer.ok) throw new Error("page.json is missing beside this page: make the page again.");
    card = await answer.json();
    for (const line of card.about) {
        $("about").append(Object.assign(document.createElement("p"), { textContent: line }));
    }
    say(`The network is fetched, ${megabytes(card.bytes)} …`);
    await ask("start", card);
    say("The network is ready. Open a photo.");
}

const ready = begins();
ready.catch((error) => say(`${error.message} The page cannot colour anything so.`));

function chosen(input, action) {
    input.addEventListener("click", () => (input.value = "")); // the same file may be chosen again
    input.addEventListener("change", () => input.files.length && action(input.files[0]));
}
chosen($("photo"), openPhoto);
chosen($("hints"), openHints);
$("keep").addEventListener("click", saveHints);
$("example").addEventListener("click", async () => {
    const answer = await fetch("example.jpg");
    openPhoto(new File([await answer.blob()], "example.jpg"));
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) openPhoto(file);
});
