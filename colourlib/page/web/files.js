// Files that are opened and saved: photos, hints as hints.py writes them, PNGs that say what they are.

const VERSION = 2, REACH = 128; // of the hints' file; Lab units, as in hints.py
const MOST = 32; // megapixels: what a phone's memory can still hold, twice
const SAID = "Colours estimated by a neural network, not recorded (colourlib)";

// A photo's file as an ImageBitmap, upright. Throws a sentence for what is none, or is too large.
export async function photoOf(file) {
    const image = new Image(), address = URL.createObjectURL(file);
    try {
        await new Promise((right, wrong) => {
            image.onload = right;
            image.onerror = wrong;
            image.src = address;
        });
        const pixels = image.naturalWidth * image.naturalHeight;
        if (!pixels) throw 0;
        if (pixels > MOST * 1e6) {
            const much = Math.round(pixels / 1e6);
            throw new Error(`${file.name} has ${much} megapixels, and this page takes up to ${MOST}: `
                + "make it smaller, or colour it with colourlib's command.");
        }
        return await createImageBitmap(image);
    } catch (error) {
        if (error instanceof Error) throw error;
        throw new Error(`${file.name} is no picture that this browser can read: try a JPEG or a PNG.`);
    } finally {
        URL.revokeObjectURL(address);
    }
}

// What a file of hints calls its photo; null where the page came without https.
export async function sha256(file) {
    if (!globalThis.crypto?.subtle) return null;
    const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function hintsAsText(photo, hints) {
    if (!photo.sha256) throw new Error("Hints are kept only where this page is opened by https.");
    const of = { name: photo.name, size: photo.size, sha256: photo.sha256 };
    const version = hints.some((hint) => hint.length > 4) ? VERSION : 1; // 1 knows no sides
    return JSON.stringify({ version, photo: of, hints }, null, 1) + "\n";
}

// The hints in such a file. Throws a sentence where it is no such file, or another photo's.
export async function hintsOf(file, photo, chromaOf) {
    let content;
    try {
        content = JSON.parse(await file.text());
        if (!Array.isArray(content.hints) || typeof content.photo.name !== "string") throw 0;
    } catch {
        throw new Error(`${file.name} is damaged, or is no file of hints.`);
    }
    if (![1, VERSION].includes(content.version))
        throw new Error(`${file.name} is of version ${content.version}; this page reads 1 and ${VERSION}.`);
    if (photo.sha256 ? content.photo.sha256 !== photo.sha256 : `${content.photo.size}` !== `${photo.size}`)
        throw new Error(`${file.name} holds the hints of another photo, ${content.photo.name}.`);
    return content.hints.map((hint, number) => checked(hint, number + 1, photo.size, chromaOf));
}

// A hint as [x, y, a, b] or [x, y, a, b, side]. Throws a sentence for one that is none.
export function checked(hint, number, [width, height], chromaOf) {
    const finite = (value) => typeof value === "number" && Number.isFinite(value);
    const is = (what) => new Error(`Hint ${number} ${what}.`);
    if (!Array.isArray(hint) || hint.length < 3 || hint.length > 5)
        throw is("should be x, y, a, b");
    const [x, y] = hint, named = typeof hint[2] === "string";
    if (!finite(x) || !finite(y) || x < 0 || y < 0 || x >= width || y >= height)
        throw is(`lies at x = ${x}, y = ${y}, but the photo has ${width} x ${height} pixels`);
    const ab = named ? (/^#[0-9a-f]{6}$/i.test(hint[2]) ? chromaOf(hint[2]) : []) : hint.slice(2, 4);
    if (ab.length !== 2 || !ab.every((v) => finite(v) && Math.abs(v) <= REACH))
        throw is(`has no colour: a and b are numbers from -${REACH} to ${REACH}, or "#2e7d32"`);
    const side = hint[named ? 3 : 4];
    if (side !== undefined && !(finite(side) && side > 0)) throw is("has a side that is no size");
    return side === undefined ? [x, y, ...ab] : [x, y, ...ab, side];
}

export function download(name, content) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// A PNG with a line of text in it: whoever finds it later is told that its colours are guesses.
export async function labelled(png) {
    const bytes = new Uint8Array(await png.arrayBuffer()), head = 33; // signature and IHDR
    const text = new TextEncoder().encode(`tEXtDescription\0${SAID}`);
    const chunk = new Uint8Array(text.length + 8), view = new DataView(chunk.buffer);
    view.setUint32(0, text.length - 4);
    chunk.set(text, 4);
    view.setUint32(text.length + 4, crc(text));
    return new Blob([bytes.subarray(0, head), chunk, bytes.subarray(head)], { type: "image/png" });
}

function crc(bytes) {
    let sum = ~0;
    for (const byte of bytes) {
        sum ^= byte;
        for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
    }
    return ~sum >>> 0;
}
