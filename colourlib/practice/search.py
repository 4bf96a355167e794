"""A picture search engine on this machine that serves practice scenes.

Inside ``with serve():`` every http or https address that `urllib` opens is answered by a server on
127.0.0.1, so the real `bing-image-downloader` searches, pages and downloads without a network. The
server is one function from an address to a `Response`; pass your own to play any other web.

``serve(web, waits=False)`` is for collecting: it sends all at once and tells how long that would
have taken. So a link is slow because its `Response` says so, never because the machine is busy.
"""

import contextlib
import html
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urljoin, urlsplit

from PIL import Image

from .. import practice
from ..collect.connection import TOLD
from ..common.pictures import encoded
from ..common.queries import QUERIES

PAGE = 12  # links on one page of results: a query needs several pages, as on the web
SIZES = ((216, 160), (160, 160), (160, 216), (192, 160))  # width, height; 160 on the shorter side
FIRST_SEED = 10_000  # scenes of smaller seeds stay unseen by whatever learns from this web
REFUSED = "refused.example"  # the host that refuses every connection
STEP = 0.05  # seconds; how often the server looks whether it or a waiting client has ended


@dataclass(frozen=True)
class Response:
    """One answer of the server; the last three are for servers that behave badly.

    All waiting ends when the client hangs up.
    """

    body: bytes
    status: int = 200
    content_type: str = "image/jpeg"
    length: int | None = None  # that it declares; the true one unless given
    headers: Mapping[str, str] = field(default_factory=dict)  # further ones: Retry-After, Location
    wait: float = 0.0  # seconds before anything is sent; math.inf: for ever
    drip: float = 0.0  # seconds before each single byte of the body
    hang_up: bool = False  # close the connection without an answer


def results_page(links: list[str]) -> Response:
    """The page of search results that `bing-image-downloader` reads: one `murl` for each link."""
    facts = (json.dumps({"murl": x}, ensure_ascii=False, separators=(",", ":")) for x in links)
    tags = [f'<a class="iusc" m="{html.escape(fact)}"></a>' for fact in facts]
    return Response("\n".join(tags).encode(), content_type="text/html; charset=utf-8")


def origin_at(query: str, position: int) -> tuple[str, int, int, int]:
    """(query, seed, width, height) of the scene at a position of a query's results."""
    seed = FIRST_SEED + position
    return query, seed, *SIZES[seed % len(SIZES)]


def practice_links(query: str, first: int) -> list[str]:
    """The `PAGE` links from position `first` on (not page number); of unknown queries none."""
    places = range(first, first + PAGE if query in QUERIES else first)
    return [practice.url_of(*origin_at(query, place)) for place in places]


def asked(url: str) -> tuple[int, str] | None:
    """The first position and the query that a page of results is asked for; None: no such page."""
    parts = urlsplit(url)
    if parts.path != "/images/async":
        return None
    values = parse_qs(parts.query)
    return int(values.get("first", ["0"])[0]), values.get("q", [""])[0]


def practice_web(url: str) -> Response:
    """The whole practice web: result pages, and scenes as JPEG (quality 95, chroma not halved)."""
    if found := asked(url):
        return results_page(practice_links(found[1], max(found[0], 0)))
    scene = practice.scene_of_url(url)
    if scene is None:
        return Response(b"no such picture", 404, "text/plain")
    return Response(encoded(Image.fromarray(scene.rgb()), "JPEG", quality=95, subsampling=0))


class _Handler(BaseHTTPRequestHandler):
    """Asks `respond` about the address that `_ToLoopback` packed into the path."""

    def do_GET(self) -> None:
        url = unquote(self.path[1:])
        try:
            answer = self.server.respond(url)
        except Exception as error:  # a fault of the stand-in reaches the client as a server error
            self.server.failures.setdefault(repr(error), url)
            answer = Response(repr(error).encode(), 500, "text/plain")
        with contextlib.suppress(ConnectionError):  # the client may hang up at any time
            self._send(url, answer)

    def _send(self, url: str, answer: Response) -> None:
        if not self.server.waits:
            longest = max(answer.wait, answer.drip)
            times = longest, answer.wait + answer.drip * len(answer.body)
            told = dict(zip(TOLD, map(str, times), strict=True))
            answer = replace(answer, headers={**answer.headers, **told}, wait=0.0, drip=0.0)
        if not self._wait(answer.wait) or answer.hang_up:
            return
        length = len(answer.body) if answer.length is None else answer.length
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(length))
        for name, value in answer.headers.items():
            # A redirect is relative to `url`, not to the address of this server.
            self.send_header(name, urljoin(url, value) if name == "Location" else value)
        self.end_headers()
        parts = [bytes([byte]) for byte in answer.body] if answer.drip else [answer.body]
        for part in parts:
            if not self._wait(answer.drip):
                return
            self.wfile.write(part)

    def _wait(self, seconds: float) -> bool:
        """Let time pass; False as soon as the client has hung up or the server is to close."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.connection.settimeout(min(left, STEP))
            try:
                if not self.connection.recv(1, socket.MSG_PEEK):  # the client has hung up
                    return False
                self.server.closing.wait(min(left, STEP))  # it sends more than was asked for
            except TimeoutError:  # it is waiting
                pass
            finally:
                self.connection.settimeout(None)
            if self.server.closing.is_set():
                return False
        return True

    def log_message(self, *args) -> None:
        """Keep the notebook quiet."""


class _ToLoopback(urllib.request.BaseHandler):
    """Sends a request for any address to the server on this machine; `REFUSED` to a dead port."""

    handler_order = 100  # before urllib's own handlers look at the request

    def __init__(self, port: int, closed_port: int, tells: bool):
        self.here, self.nobody = f"127.0.0.1:{port}", f"127.0.0.1:{closed_port}"
        self.tells = tells  # what `collect.connection` asks for

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        if request.host == self.here:
            return request
        host = self.nobody if urlsplit(request.full_url).hostname == REFUSED else self.here
        packed = f"http://{host}/{quote(request.full_url, safe='')}"
        rewritten = urllib.request.Request(packed, headers=request.headers, unverifiable=True)
        rewritten.timeout = request.timeout
        if hasattr(request, "redirect_dict"):  # tells urllib when it goes in circles
            rewritten.redirect_dict = request.redirect_dict
        return rewritten

    https_request = http_request


@contextlib.contextmanager
def serve(respond: Callable[[str], Response] = practice_web, waits: bool = True) -> Iterator[str]:
    """Answer every http(s) address that `urllib` opens in this process with `respond(url)`.

    waits: whether time really passes while an answer waits or drips; if not, the collector is told
    how much would, and goes by that.
    Yields the server's own address; at the end of the block the earlier opener returns.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)  # port 0: any that is free
    server.daemon_threads = True
    server.respond, server.closing, server.failures = respond, threading.Event(), {}
    server.waits = waits
    nobody = socket.socket()  # has a port, so that no other program gets it, but does not listen
    nobody.bind(("127.0.0.1", 0))
    threading.Thread(target=server.serve_forever, args=(STEP,), daemon=True).start()
    before = urllib.request._opener  # urllib has no public way to ask for it
    redirect = _ToLoopback(server.server_port, nobody.getsockname()[1], tells=not waits)
    no_proxy = urllib.request.ProxyHandler({})
    urllib.request.install_opener(urllib.request.build_opener(no_proxy, redirect))
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        urllib.request.install_opener(before)
        server.closing.set()  # whoever is kept waiting is sent away
        server.shutdown()
        server.server_close()
        nobody.close()
        for error, url in server.failures.items():  # else it looks like the web's
            print(f"The web itself failed at {url}: {error}")
