"""Ask a web that cannot be trusted, with patience that ends.

A server may be busy, hang up, drip a byte at a time or send for ever. `Web` asks again where that
may help, and gives up when the time is over or Stop is pressed. A stand-in for the web on this
machine tells how long its answers take instead of taking it: by that the same links always fail,
however busy the machine is.

Of urllib3 only `Retry` is used, to read Retry-After: the client that searches asks through urllib.
Besides, urllib3 limits the silence between two bytes, not the time of a whole picture; it cannot
end a request that waits, as Stop has to; and it makes no pause before the second try.
"""

import contextlib
import copy
import http.client
import io
import random
import socket
import ssl
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler
from urllib.response import addinfourl

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

MAX_BYTES = 64_000_000  # of one answer
DAY = 86_400  # seconds
TOLD = ("X-Silence", "X-Whole")  # seconds before a byte, and in all, of a stand-in that tells


@dataclass(frozen=True)
class Patience:
    """How long to wait for the web, and how often to ask it again."""

    timeout: int  # seconds without a byte; the downloader insists on an int
    picture: float  # seconds for one picture, or one page of results, with all its tries
    query: float  # seconds for one query
    tries: int
    pause: float  # seconds before the second try; twice as many before the third


class Rejected(Exception):
    """A picture is turned away; the message says why and goes into its row."""


class Failed(Exception):
    """An address did not answer, or with an error; `lasting` if asking another day is no use."""

    def __init__(self, words: str, lasting: bool):
        super().__init__(words)
        self.lasting = lasting


class Stopped(BaseException):
    """The student pressed Stop. Not an Exception, so that no `except Exception` swallows it."""


class TimeUp(BaseException):
    """The time of a whole query is over. Not an Exception either, for the same reason."""


class Web:
    """urllib with patience, a deadline and Stop, while inside `with`.

    Threads that have called `begin` ask through this object, and so does the client that searches
    for them: it stands in for urllib's opener, which is one for the whole process.
    """

    def __init__(self, patience: Patience):
        self.patience, self.stop = patience, threading.Event()
        # .end: when this thread's query ends; .attempt: what runs; .told: seconds told of so far
        self._mine = threading.local()
        self._attempts: set[_Attempt] = set()
        self._left = threading.Event()

    def __enter__(self) -> "Web":
        self._before = urllib.request._opener  # urllib has no public way to ask for it
        self._plain = self._before or urllib.request.build_opener()
        # The others stay (proxies, the practice web): as copies, because a handler has one opener.
        others = [h for h in self._plain.handlers if not isinstance(h, _Watchful.__bases__)]
        # What a stand-in tells is believed, and nothing that comes from the web itself.
        self._is_told = any(getattr(handler, "tells", False) for handler in others)
        ours = _Watchful()
        ours.watch = lambda made: self._mine.attempt.sockets.append(made)
        ours.silence_ends = not self._is_told
        self._inner = urllib.request.build_opener(*map(copy.copy, others), ours)
        self._inner.addheaders = self._plain.addheaders
        urllib.request.install_opener(self)
        threading.Thread(target=self._keep_time, daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        urllib.request.install_opener(self._before)
        self._left.set()

    def begin(self, seconds: float) -> None:
        """From now on let this thread ask with patience, for so many seconds."""
        self._mine.told = 0.0
        self._mine.end = self._now() + seconds

    def _now(self) -> float:
        """Seconds on the clock that patience goes by: of the machine, or as told to this thread."""
        return self._mine.told if self._is_told else time.monotonic()

    def open(self, request: urllib.request.Request, data=None, timeout=None):
        """What `urllib.request.urlopen` calls: ask, again if that may help, and read all of it.

        Raises Failed, Rejected for too large an answer, Stopped, and TimeUp.
        """
        over = getattr(self._mine, "end", None)
        if over is None:  # somebody else in this process asks: leave them alone
            return self._plain.open(request, data, timeout)
        end = min(self._now() + self.patience.picture, over)
        pause = 0.0
        for number in range(1, self.patience.tries + 1):
            if self.stop.wait(pause):
                raise Stopped
            if self._now() >= over:
                raise TimeUp
            try:
                return self._ask_once(request, end)
            except Rejected:
                raise
            except Exception as error:  # refused, timed out, no such host, half an answer, ...
                if self.stop.is_set():
                    raise Stopped from error
                pause, behind = self._pause(error, number), getattr(error, "reason", error)
                lasting = isinstance(error, (ValueError, http.client.InvalidURL))  # no address
                if isinstance(error, HTTPError):  # 404 and its kin will be the same another day
                    lasting = error.code < 500 and error.code not in (408, 425, 429)
                hopeless = lasting or isinstance(behind, (socket.gaierror, ssl.SSLError))
                late = self._now() + pause > end
                if hopeless or late or number == self.patience.tries:
                    words = in_words(error) + (f", asked {number} times" if number > 1 else "")
                    raise Failed(words, lasting) from error

    def _ask_once(self, request: urllib.request.Request, end: float) -> addinfourl:
        """One request, read to its last byte. Raises what urllib raises, and OSError for half."""
        attempt = self._mine.attempt = _Attempt(end)
        self._attempts.add(attempt)
        fresh = urllib.request.Request(request.full_url, headers=request.headers)
        try:
            with self._inner.open(fresh, timeout=self.patience.timeout) as response:
                if self._is_told:
                    self._let_pass(response.headers, end)
                body = _read(response)
        except Exception as error:
            if isinstance(error, HTTPError):
                error.close()
            if not attempt.over:
                raise
        finally:
            self._attempts.discard(attempt)
        if attempt.over:  # a connection that was shut may look like one that has ended well
            raise self._too_long()
        return addinfourl(io.BytesIO(body), response.headers, response.url, response.status)

    def _let_pass(self, headers, end: float) -> None:
        """The time that a stand-in tells of. Raises TimeoutError where patience ends before it."""
        silence, whole = (float(headers.get(name, 0)) for name in TOLD)
        left, most = end - self._now(), self.patience.timeout
        if silence > most and most <= left:
            self._mine.told += most
            raise TimeoutError("timed out")
        self._mine.told += min(whole, left)
        if whole > left:
            raise self._too_long()

    def _too_long(self) -> TimeoutError:
        return TimeoutError(f"not complete after {self.patience.picture:g} s")

    def _pause(self, error: Exception, number: int) -> float:
        """Seconds until the next try: doubling, a little different for each, or as asked for."""
        pause = self.patience.pause * 2 ** (number - 1) * random.uniform(1, 1.25)
        headers = getattr(error, "headers", None) or {}
        with contextlib.suppress(InvalidHeader, ValueError):  # neither a number nor a date
            asked = Retry().parse_retry_after(headers.get("Retry-After", ""))
            pause = max(pause, min(asked, DAY))
        return pause

    def _keep_time(self) -> None:
        """Shut the sockets of attempts whose time is up, and of all of them once Stop is pressed.

        Whoever waits for a byte from one is woken at once.
        """
        while not self._left.wait(0.05):
            for attempt in list(self._attempts):
                late = not self._is_told and time.monotonic() > attempt.end
                if self.stop.is_set() or late:
                    attempt.over = True
                    for connection in list(attempt.sockets):
                        with contextlib.suppress(OSError):  # closed already
                            # As a plain socket: TLS would first change what its reader is using.
                            socket.socket.shutdown(connection, socket.SHUT_RDWR)


@dataclass(eq=False)
class _Attempt:
    """One request on its way: when it has to end, and the sockets to end it by."""

    end: float
    over: bool = False
    sockets: list[socket.socket] = field(default_factory=list)


class _Watchful(HTTPHandler, HTTPSHandler, HTTPRedirectHandler):
    """Opens http and https alone, and reports the socket of each connection to `watch`.

    Unless `silence_ends`, a socket waits for its first byte as long as that takes.
    """

    def do_open(self, connection, request, **options):
        watch, silence_ends = self.watch, self.silence_ends

        class Watched(connection):
            def connect(self):
                self.timeout = self.timeout if silence_ends else None
                super().connect()
                watch(self.sock)

        return super().do_open(Watched, request, **options)

    def http_error_302(self, request, answer, code, message, headers):
        target = urljoin(request.full_url, headers.get("Location") or headers.get("URI") or "")
        answer.close()  # urllib would first read whatever comes with it
        if not is_web(target):  # urllib would follow a redirect to ftp
            raise Rejected(f"leads away from the web, to {urlsplit(target).scheme}:")
        code = 307 if code == 308 else code  # which urllib knows from Python 3.11 on
        return super().http_error_302(request, answer, code, message, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _read(response: http.client.HTTPResponse) -> bytes:
    """The whole answer, at most MAX_BYTES. Raises Rejected, and ConnectionError for half of it."""
    body, length = io.BytesIO(), response.length or 0
    while length <= MAX_BYTES and (block := response.read1(1 << 16)):  # returns what has come
        body.write(block)
        length = max(length, body.tell())
    if length > MAX_BYTES:
        raise Rejected(f"larger than {MAX_BYTES // 1_000_000} MB")
    if response.length:  # what the server still owes of the length that it declared
        raise ConnectionError(f"{response.length} bytes short of its declared length")
    return body.getvalue()


def is_web(link: str) -> bool:
    parts = urlsplit(link)
    return parts.scheme.lower() in ("http", "https") and bool(parts.netloc)


def in_words(error: Exception) -> str:
    """What went wrong with a request, for a student: 'HTTP 404 Not Found', 'timed out'."""
    if isinstance(error, HTTPError):
        words = f"HTTP {error.code} {http.client.responses.get(error.code, '')}".strip()
        return words + ", and no end to it" * (300 <= error.code < 400)  # sent in circles
    if isinstance(error, URLError):
        error = error.reason
    return str(getattr(error, "strerror", "") or error) or type(error).__name__
