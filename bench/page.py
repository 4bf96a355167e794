"""The page of colourlib in a browser: bytes, and seconds until somebody sees colours.

    python bench/page.py

Chromium, headless, served from loopback, WebAssembly with one thread. Needs npm once.
"""

import functools
import io
import shutil
import statistics
import sys
import tempfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from colourlib import page
from colourlib.common.files import shipped_folder

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu"]
STAGE, LONG = ".colourlib-stage", 120_000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def photo(width: int, height: int) -> dict:
    """A photo of this size as a browser is given it."""
    buffer = io.BytesIO()
    with Image.open(shipped_folder("photos") / "lake.jpg") as lake:
        lake.resize((width, height)).save(buffer, "JPEG", quality=90)
    return {"name": f"{width}.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def coloured(seen, given: dict) -> float:
    """Seconds from choosing a photo to its colours."""
    start = time.perf_counter()
    seen.set_input_files("#photo", given)
    expect(seen.locator("#said")).to_contain_text(given["name"] + ",", timeout=LONG)
    expect(seen.locator(STAGE)).to_have_attribute("aria-busy", "false", timeout=LONG)
    return time.perf_counter() - start


def answered(seen, k: int) -> float:
    """Seconds from a hint's new colour to the photo with it."""
    box = seen.locator(STAGE).bounding_box()
    seen.mouse.click(box["x"] + box["width"] * (k + 1) / 8, box["y"] + box["height"] / 2)
    expect(seen.locator(STAGE)).to_have_attribute("aria-busy", "false", timeout=LONG)
    seen.locator(".colourlib-swatch").nth(1).wait_for()
    start = time.perf_counter()
    seen.locator(".colourlib-swatch").nth(1).click()
    expect(seen.locator(STAGE)).to_have_attribute("aria-busy", "false", timeout=LONG)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sizes = page.make(folder)
        print(f"the whole page       {sum(sizes.values()) / 1e6:6.1f} MB in {len(sizes)} files")
        served = functools.partial(Quiet, directory=folder)
        server = ThreadingHTTPServer(("127.0.0.1", 0), served)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        seen = browser.new_page()
        start = time.perf_counter()
        seen.goto(f"http://127.0.0.1:{server.server_port}/")
        expect(seen.locator("#example")).to_be_visible()
        coloured(seen, photo(384, 256))
        print(f"first colours        {time.perf_counter() - start:6.1f} s after opening the page")
        again = [coloured(seen, photo(256, 256 + k)) for k in range(3)]
        print(f"256 px, anew         {statistics.median(again):6.2f} s")
        hints = [answered(seen, k) for k in range(5)]
        print(f"256 px, a hint       {statistics.median(hints):6.2f} s")
        start = time.perf_counter()
        coloured(seen, photo(4000, 3000))
        shown = time.perf_counter() - start
        with seen.expect_download(timeout=LONG):
            seen.get_by_role("button", name="Save PNG").click()
        whole = time.perf_counter() - start
        print(f"12 megapixels        {shown:6.1f} s to be seen, {whole:.1f} s to be saved")
        server.shutdown()
        browser.close()


if __name__ == "__main__":
    main()
