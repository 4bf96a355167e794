// The network, away from the page, so that the page stays quick. It is asked by messages,
// {id, ask, value}, and answers {id, value} or {id, error}.

import * as ort from "./ort.wasm.bundle.min.mjs";
import { drawn, likeliest, lightness, putChroma, resized, seen } from "./arithmetic.js";

const STRIDE = 32; // a TransferNet sees the photo filled up to multiples of it
let card, graphs, photo, small; // what the page is told; sessions; the photo, and a small copy
let looked = new Map(); // size -> {x, shape, whole, maps}

const tensor = (data, shape) => new ort.Tensor("float32", data, [1, ...shape]);

async function fetched(name) {
    const answer = await fetch(new URL(name, import.meta.url));
    if (!answer.ok) throw new Error(`${name} is missing beside this page: make the page again.`);
    return answer;
}

async function start(told) {
    card = told;
    ort.env.wasm.numThreads = 1; // threads need headers that a static server does not send
    // It comes compressed, a quarter of the bytes: a static server does not do that for us.
    const packed = (await fetched("ort-wasm-simd-threaded.wasm.gz")).body;
    const whole = packed.pipeThrough(new DecompressionStream("gzip"));
    ort.env.wasm.wasmBinary = await new Response(whole).arrayBuffer();
    ort.env.logLevel = "error";
    graphs = {};
    for (const name of card.graphs) {
        const content = await (await fetched(`${name}.onnx`)).arrayBuffer();
        graphs[name] = await ort.InferenceSession.create(new Uint8Array(content));
    }
}

// A new photo: an ImageBitmap. Its lightness at the largest size that the network wants.
async function open(bitmap) {
    const size = [bitmap.width, bitmap.height];
    let next;
    try {
        const context = new OffscreenCanvas(...size).getContext("2d", { willReadFrequently: true });
        context.drawImage(bitmap, 0, 0);
        next = context.getImageData(0, 0, ...size);
        if (!next.data.some((byte) => byte)) throw 0; // some browsers draw nothing, and say nothing
    } catch {
        throw new Error(`This browser cannot hold ${size.join(" × ")} pixels, or they are all empty.`);
    }
    const shape = seen(...size, Math.max(...card.sizes));
    const L = lightness(next, shape).map((value) => value / 50 - 1);
    [photo, small, looked] = [next, { L, shape, size }, new Map()];
}

// The photo at a size, and what the encoder makes of it: once, whatever is asked afterwards.
async function look(size) {
    if (looked.has(size)) return looked.get(size);
    const shape = card.sizes.length > 1 ? seen(...small.shape, size) : small.shape;
    const [w, h] = shape;
    const L = tensor(resized(small.L, small.shape, shape), [1, h, w]);
    const fill = graphs.looks ? (side) => STRIDE * Math.ceil(side / STRIDE) : (side) => side;
    const found = { shape, whole: shape.map(fill), L, maps: { L } };
    if (graphs.looks) found.maps = await graphs.looks.run({ L });
    looked.set(size, found);
    return found;
}

// The mean of what the network says at each size: ab as [a, b], at the shape of the small copy.
async function guess(hints) {
    const [w, h] = small.shape, sum = [0, 1].map(() => new Float32Array(w * h));
    for (const size of card.sizes) {
        const { shape, whole, L, maps } = await look(size);
        const asked = hints.length ? { L, hints: drawn(hints, small.size, shape, whole) } : {};
        if (hints.length) asked.hints = tensor(asked.hints, [3, whole[1], whole[0]]);
        const run = (hints.length ? graphs.hinted : graphs.alone).run({ ...maps, ...asked });
        const { ab, shares } = await run;
        if (shares) looked.get(size).shares = shares;
        sum.forEach((total, band) => {
            const cut = new Float32Array(shape[0] * shape[1]);
            for (let y = 0; y < shape[1]; y++) {
                const from = (band * whole[1] + y) * whole[0];
                cut.set(ab.data.subarray(from, from + shape[0]), y * shape[0]);
            }
            const scale = (110 * card.saturation) / card.sizes.length;
            resized(cut, shape, small.shape).forEach((v, i) => (total[i] += scale * v));
        });
    }
    if (!sum[0].every(Number.isFinite) || !sum[1].every(Number.isFinite))
        throw new Error("The network's answer is no number: its weights are broken.");
    return sum;
}

// The colours that the network thinks likely at a place, the likeliest first: [[a, b, share], ...].
async function palette([x, y]) {
    const size = card.sizes.includes(card.vivid) ? card.vivid : card.sizes[0];
    const found = await look(size);
    if (!found.shares) found.shares = (await graphs.alone.run(found.maps)).shares;
    const [, , h, w] = found.shares.dims, [width, height] = small.size;
    const at = (v, side, seenAt, most) => Math.min(most - 1, Math.trunc((v * seenAt) / side / 4));
    const place = at(y, height, found.shape[1], h) * w + at(x, width, found.shape[0], w);
    return likeliest(card.bins.map(([a, b], q) => [a, b, found.shares.data[q * h * w + place]]));
}

// A picture of the photo (ImageData of any size) with its chroma; grey where `hints` is null.
async function colour({ picture, hints }) {
    const ab = hints ? await guess(hints) : [[0], [0]].map((one) => Float32Array.from(one));
    putChroma(picture, ab, hints ? small.shape : [1, 1]);
    return picture;
}

// The whole photo as a PNG.
async function save(hints) {
    const whole = new ImageData(photo.data.slice(), photo.width, photo.height);
    const canvas = new OffscreenCanvas(photo.width, photo.height);
    canvas.getContext("2d").putImageData(await colour({ picture: whole, hints }), 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
}

const TOOLS = { start, open, palette, colour, save };
let turn = Promise.resolve(); // one at a time: a session cannot be asked twice at once
self.onmessage = ({ data: { id, ask, value } }) => {
    turn = turn.then(async () => {
        try {
            self.postMessage({ id, value: await TOOLS[ask](value) });
        } catch (error) {
            self.postMessage({ id, error: String(error?.message ?? error) });
        }
    });
};
