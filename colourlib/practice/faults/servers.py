"""The servers of the practice web that do not answer as they should, and its odd addresses.

Each row says what goes wrong, what becomes of it, and how the server answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ... import practice
from ..search import Response, practice_web
from .files import Fault, Origin

TWICE = "same link on two pages"


def _scene(origin: Origin, **how) -> Response:
    """The scene as the healthy web serves it, but for `how`."""
    return replace(practice_web(practice.url_of(*origin)), **how)


def _says(status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(words.encode(), status, "text/plain", headers=headers or {})


SERVERS: dict[str, Fault] = {fault.name: fault for fault in [
    Fault("404", "The page still shows the link, but the picture is gone.",
          "at collection", "HTTP 404", lambda o: _says(404, "gone")),
    Fault("500", "The server is broken, however often it is asked.",
          "at collection", "HTTP 500", lambda o: _says(500, "sorry")),
    Fault("503 then 200", "The server is busy and says when to come back: then it works.",
          "kept", "", _scene, _says(503, "busy", {"Retry-After": "0"})),
    Fault("429 then 200", "We ask too fast; after a pause the server answers.",
          "kept", "", _scene, _says(429, "slow down")),
    Fault("connection refused", "The machine is there, but no server is running on it.",
          "at collection", "refused", _scene),
    Fault("hung up", "The server closes the connection without a word.",
          "at collection", "closed connection|reset",
          lambda o: Response(b"", hang_up=True)),
    Fault("hang", "The server takes the question and never answers.",
          "at collection", "timed out|not complete",
          lambda o: _scene(o, wait=math.inf)),
    Fault("slow drip", "One byte now and then: never silent, never done.",
          "at collection", "not complete", lambda o: _scene(o, drip=0.3)),
    Fault("shorter than declared", "The connection breaks in mid-picture.",
          "at collection", "short of its declared length",
          lambda o: _scene(o, length=len(_scene(o).body) + 4321)),
    Fault("moved", "The server sends us to another address, where the picture is.", "kept", "",
          lambda o: _says(301, "moved", {"Location": practice.url_of(*o)})),
    Fault("redirect loop", "The server sends us on, and on, and back to where we were.",
          "at collection", "HTTP 302",
          lambda o: _says(302, "", {"Location": ""})),  # "" is where we are
    Fault("redirect to ftp", "A web address that leads out of the web.",
          "at collection", "leads away from the web, to ftp",
          lambda o: _says(302, "", {"Location": f"ftp://faults.example/{o.seed}.jpg"})),
    Fault("redirect to a file", "A trap: the answer points to a file on our own disk.",
          "at collection", "leads away from the web, to file",
          lambda o: _says(302, "", {"Location": "file:///etc/passwd"})),
    Fault("file link", "The same trap as a link in the results.",
          "at collection", "only http", _scene),
    Fault("percent-encoded address", "A blank and an accent, written %20 and %C3%A9.",
          "kept", "", _scene),
    Fault("non-ASCII address", "The same, written as they are: a request cannot carry them.",
          "kept", "", _scene),
    Fault("same bytes, other address", "The very same file on another server.",
          "at collection", "same bytes as", _scene),
    Fault("same bytes, other query", "One photo found under two search words.",
          "at collection", "same bytes as", _scene),
    Fault(TWICE, "A result that comes again on the next page.", "kept", "", _scene),
]}  # fmt: skip
