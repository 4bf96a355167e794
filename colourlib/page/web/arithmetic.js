// What colourlib does in Python, once more: resizing as Pillow and torch do it, lightness, chroma
// under a photo, hints as squares. A picture is {width, height, data}, four bytes a pixel.

const SMALLEST = 16, LONGEST = 8; // as in colourise.py
const SHARE = 1 / 32, AB_SCALE = 110; // as in hints.py and colour.py
const APART = 20; // Lab units, as in vivid.py
const MOST = 150, KNEE = 6 / 29, SLOPE = 3 * (6 / 29) ** 2; // as in common/chroma.py
const IN_Y = [0.212671, 0.71516, 0.072169]; // of sRGB's R, G and B; below: what X and Z, less Y, add
const FROM_X = [3.07998037, -0.92124778, 0.05289046];
const FROM_Z = [-0.54282129, 0.04524734, 1.151232];

// Python rounds halves to the even number.
export const rounded = (v) =>
    Math.abs((v % 1) - 0.5) < 1e-12 ? 2 * Math.round(v / 2) : Math.round(v);

// At which size a network sees a photo whose shorter side it wants to have `size` pixels.
export function seen(width, height, size) {
    const scale = Math.min(size / Math.min(width, height), (LONGEST * size) / Math.max(width, height));
    return [width, height].map((side) => Math.max(SMALLEST, rounded(side * scale)));
}

// What each of `to` pixels takes of `from`: a triangle as wide as a pixel of the smaller picture.
function shares(from, to, length = from) {
    const scale = length / to, wide = Math.max(1, scale), made = [];
    for (let i = 0; i < to; i++) {
        const middle = (i + 0.5) * scale;
        const first = Math.max(0, Math.trunc(middle - wide + 0.5));
        const last = Math.min(from, Math.trunc(middle + wide + 0.5));
        const part = [];
        for (let k = first; k < last; k++)
            part.push(Math.max(0, 1 - Math.abs((k - middle + 0.5) / wide)));
        const sum = part.reduce((a, b) => a + b, 0);
        made.push([first, part.map((v) => v / sum)]);
    }
    return made;
}

// A band (height x width) at another size, bilinear and antialiased; `bytes`: rounded after both
// steps, as Pillow does with a photo. box: how much of the band it is, in its pixels.
export function resized(band, [width, height], [W, H], bytes = false, box = [width, height]) {
    const round = bytes ? (v) => Math.min(255, Math.max(0, Math.floor(v + 0.5))) : (v) => v;
    const across = new Float32Array(W * height);
    shares(width, W, box[0]).forEach(([first, part], x) => {
        for (let y = 0; y < height; y++) {
            let sum = 0;
            for (let k = 0; k < part.length; k++) sum += part[k] * band[y * width + first + k];
            across[y * W + x] = round(sum);
        }
    });
    const made = new Float32Array(W * H);
    shares(height, H, box[1]).forEach(([first, part], y) => {
        for (let x = 0; x < W; x++) {
            let sum = 0;
            for (let k = 0; k < part.length; k++) sum += part[k] * across[(first + k) * W + x];
            made[y * W + x] = round(sum);
        }
    });
    return made;
}

// The lightness 0..100 of a photo at a size: blocks of whole pixels first, as Pillow does.
export function lightness(photo, [W, H]) {
    const { width, height } = photo;
    const fx = Math.max(1, Math.trunc(width / W / 2)), fy = Math.max(1, Math.trunc(height / H / 2));
    const [w, h] = [Math.ceil(width / fx), Math.ceil(height / fy)];
    const bands = [0, 1, 2].map((channel) =>
        resized(blocks(photo, channel, fx, fy, w, h), [w, h], [W, H], true, [width / fx, height / fy])
    );
    const light = lights();
    return bands[0].map((_, i) => {
        const Y = bands.reduce((sum, band, k) => sum + IN_Y[k] * light[band[i]], 0);
        return 116 * (Y > KNEE ** 3 ? Math.cbrt(Y) : Y / SLOPE + 4 / 29) - 16;
    });
}

// A channel, on white, each block of fx x fy pixels as its mean.
function blocks({ width, height, data }, channel, fx, fy, w, h) {
    const made = new Float32Array(w * h);
    for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) {
            const bottom = Math.min(height, (y + 1) * fy), right = Math.min(width, (x + 1) * fx);
            let sum = 0;
            for (let v = y * fy; v < bottom; v++)
                for (let u = x * fx; u < right; u++) {
                    const at = 4 * (v * width + u), a = data[at + 3];
                    sum += a === 255 ? data[at + channel] : (data[at + channel] * a) / 255 + 255 - a;
                }
            made[y * w + x] = Math.round(sum / (bottom - y * fy) / (right - x * fx));
        }
    return made;
}

let curves = null; // sRGB byte -> light, and light in 16,383 steps -> byte
function tables() {
    if (curves) return curves;
    const light = Float32Array.from({ length: 256 }, (_, v) =>
        v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    const gamma = Uint8Array.from({ length: 16384 }, (_, i) => {
        const v = i / 16383;
        return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
    });
    return (curves = { light, gamma });
}
const lights = () => tables().light;

// Give a photo, in place, this chroma: ab = [a, b], each h x w, in Lab units. Its lightness stays.
// What sRGB does not have is mixed in linear light with the grey of the same Y until it fits.
export function putChroma(photo, ab, [w, h]) {
    const { width, height, data } = photo, { light, gamma } = tables();
    const bands = ab.map((band) => band.slice());
    for (let i = 0; i < w * h; i++) {
        const chroma = Math.hypot(ab[0][i], ab[1][i]);
        if (chroma > MOST) for (const band of bands) band[i] *= MOST / chroma;
    }
    const wide = bands.map((band) => resized(band, [w, h], [width, h]));
    const rows = shares(h, height), line = [new Float32Array(width), new Float32Array(width)];
    for (let y = 0; y < height; y++) {
        const [first, part] = rows[y];
        line.forEach((row, band) => {
            row.fill(0);
            part.forEach((share, k) => {
                const from = wide[band].subarray((first + k) * width, (first + k + 1) * width);
                for (let x = 0; x < width; x++) row[x] += share * from[x];
            });
        });
        for (let x = 0, at = 4 * y * width; x < width; x++, at += 4) {
            const Y = Math.min(1, IN_Y[0] * light[data[at]] + IN_Y[1] * light[data[at + 1]]
                + IN_Y[2] * light[data[at + 2]]);
            const f = Y > KNEE ** 3 ? Math.cbrt(Y) : KNEE + (Y - KNEE ** 3) / SLOPE;
            const X = linear(f + line[0][x] / 500) - Y, Z = linear(f - line[1][x] / 200) - Y;
            const r = FROM_X[0] * X + FROM_Z[0] * Z, g = FROM_X[1] * X + FROM_Z[1] * Z;
            const b = FROM_X[2] * X + FROM_Z[2] * Z;
            const highest = Math.max(r, g, b, 1e-9), lowest = Math.max(-Math.min(r, g, b), 1e-9);
            const fits = Math.min((1 - Y) / highest, Y / lowest, 1);
            data[at] = gamma[(16383 * (Y + fits * r) + 0.5) | 0];
            data[at + 1] = gamma[(16383 * (Y + fits * g) + 0.5) | 0];
            data[at + 2] = gamma[(16383 * (Y + fits * b) + 0.5) | 0];
        }
    }
}

const linear = (f) => (f > KNEE ? f * f * f : KNEE ** 3 + (f - KNEE) * SLOPE);

// Hints as the network sees them, (3, H, W): squares of scaled ab, and where they are. Drawn for
// w x h pixels; what is beyond them stays empty.
export function drawn(hints, [width, height], [w, h], [W, H] = [w, h]) {
    const made = new Float32Array(3 * W * H), short = Math.min(width, height);
    for (const [x, y, a, b, brush] of hints) {
        const share = brush === undefined ? SHARE : brush / short;
        const side = Math.max(1, rounded(share * Math.min(w, h))), half = Math.floor(side / 2);
        const row = Math.trunc((y * h) / height), column = Math.trunc((x * w) / width);
        for (let v = Math.max(0, row - half); v < Math.min(h, row - half + side); v++)
            for (let u = Math.max(0, column - half); u < Math.min(w, column - half + side); u++)
                [a / AB_SCALE, b / AB_SCALE, 1].forEach((value, k) => (made[(k * H + v) * W + u] = value));
    }
    return made;
}

// The likeliest of bins [a, b, share] that nobody would call alike, as vivid.palette has them: each
// stands for those nearer than APART, with their shares.
export function likeliest(bins, count = 5) {
    let left = [...bins];
    const found = [];
    while (found.length < count && left.length) {
        const [a, b] = left.reduce((one, two) => (two[2] > one[2] ? two : one));
        const near = (bin) => Math.hypot(bin[0] - a, bin[1] - b) < APART;
        found.push([a, b, left.filter(near).reduce((sum, bin) => sum + bin[2], 0)]);
        left = left.filter((bin) => !near(bin));
    }
    return found;
}

// "#2e7d32" -> [a, b]: what hints.py makes of a colour's name.
export function chromaOf(colour) {
    const [r, g, b] = [1, 3, 5].map((at) => lights()[parseInt(colour.slice(at, at + 2), 16)]);
    const root = (v) => (v > KNEE ** 3 ? Math.cbrt(v) : v / SLOPE + 4 / 29);
    const X = root((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
    const Y = root(IN_Y[0] * r + IN_Y[1] * g + IN_Y[2] * b);
    const Z = root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
    return [500 * (X - Y), 200 * (Y - Z)];
}
