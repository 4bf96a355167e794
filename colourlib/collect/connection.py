"""Ask a web that cannot be trusted, with patience that ends.

A server may be busy, hang up in the middle, drip a byte at a time or send for ever. `Web` asks
again where that may help, and gives up when the time is over or Stop is pressed.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import io
import itertools
import random
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit
from urllib.response import addinfourl

from .web_errors import in_words, lasting, seconds, worth_another_try

MAX_BYTES = 64_000_000  # of one answer


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
    """The time of a whole query is over; no Exception either, for the same reason."""


class Web:
    """urllib with patience, a deadline and Stop, while inside `with`.

    urllib by itself asks once, waits for ever on a server that drips, and follows a redirect to
    ftp. Threads that are inside `until` ask through this object instead, and so does the client
    that searches for them: it stands in for urllib's opener, which is one for the whole process.
    """

    def __init__(self, patience: Patience, stop: threading.Event):
        self.patience, self.stop = patience, stop
        self._mine = threading.local()  # .end: when this thread's query ends; .attempt: what runs
        self._attempts: set[_Attempt] = set()
        self._lock, self._left = threading.Lock(), threading.Event()

    def __enter__(self) -> Web:
        self._before = urllib.request._opener  # urllib has no public way to ask for it
        self._plain = self._before or urllib.request.build_opener()
        self._inner = _opener_like(self._plain, self._watch)
        urllib.request.install_opener(self)
        threading.Thread(target=self._keep_time, daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        urllib.request.install_opener(self._before)
        self._left.set()

    @contextlib.contextmanager
    def until(self, end: float) -> Iterator[None]:
        """Let this thread ask with patience, until `end` (as of time.monotonic) at the latest."""
        self._mine.end = end
        try:
            yield
        finally:
            self._mine.end = None

    def open(self, request: urllib.request.Request, data=None, timeout=None):
        """What `urllib.request.urlopen` calls: ask, again if that may help, and read all of it.

        Raises Failed, Rejected for too large an answer, Stopped, and TimeUp.
        """
        over = getattr(self._mine, "end", None)
        if over is None:  # somebody else in this process: none of our business
            return self._plain.open(request, data, timeout)
        end = min(time.monotonic() + self.patience.picture, over)
        for number in itertools.count(1):
            if self.stop.is_set():
                raise Stopped
            if time.monotonic() > over:
                raise TimeUp
            try:
                return self._ask_once(request, end)
            except Rejected:
                raise
            except Exception as error:  # refused, timed out, no such host, half an answer, ...
                if self.stop.is_set():
                    raise Stopped from error
                pause = self._pause(error, number)
                again = worth_another_try(error) and number < self.patience.tries
                if not again or time.monotonic() + pause > end:
                    words = in_words(error) + (f", asked {number} times" if number > 1 else "")
                    raise Failed(words, lasting(error)) from error
            if self.stop.wait(pause):
                raise Stopped

    def _ask_once(self, request: urllib.request.Request, end: float) -> addinfourl:
        """One request, read to its last byte. Raises what urllib raises, and OSError for half."""
        attempt = self._mine.attempt = _Attempt(end)
        with self._lock:
            self._attempts.add(attempt)
        fresh = urllib.request.Request(request.full_url, headers=request.headers)
        late = f"not complete after {self.patience.picture:g} s"
        try:
            with self._inner.open(fresh, timeout=self.patience.timeout) as response:
                body = _read(response)
        except Exception as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            if attempt.over:
                raise TimeoutError(late) from error
            raise
        finally:
            with self._lock:
                self._attempts.discard(attempt)
        if attempt.over:  # a connection that was shut looks like one that has ended well
            raise TimeoutError(late)
        return addinfourl(io.BytesIO(body), response.headers, response.url, response.status)

    def _pause(self, error: Exception, number: int) -> float:
        """Seconds until the next try: doubling, a little different for each, or as asked for."""
        asked = getattr(error, "headers", None) and error.headers.get("Retry-After")
        pause = self.patience.pause * 2 ** (number - 1) * random.uniform(1, 1.25)
        return max(pause, seconds(asked or ""))

    def _watch(self, connection: socket.socket) -> None:
        """Remember the connection that the attempt of this thread has opened."""
        attempt = self._mine.attempt
        with self._lock:
            attempt.connections.append(connection)
            if attempt.over:
                attempt.end_now()

    def _keep_time(self) -> None:
        """Ends the attempts whose time is up, and all of them once Stop is pressed."""
        while not self._left.wait(0.05):
            with self._lock:
                for attempt in self._attempts:
                    if self.stop.is_set() or time.monotonic() > attempt.end:
                        attempt.end_now()


class _Attempt:
    """One request on its way: when it has to end, and the connections to end it by."""

    def __init__(self, end: float):
        self.end, self.over, self.connections = end, False, []

    def end_now(self) -> None:
        """Shut the connections: whoever waits for a byte from them is woken at once."""
        self.over = True
        for connection in self.connections:
            with contextlib.suppress(OSError):  # closed already
                # The plain socket's: that of TLS would first change what its reader is using.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


# ---- parts of urllib, made watchful --------------------------------------------------------------


class _Watched:
    """A connection of http.client that reports its socket."""

    def __init__(self, *arguments, watch, **named):
        super().__init__(*arguments, **named)
        self._report = watch

    def connect(self) -> None:
        super().connect()
        self._report(self.sock)


class _Plain(_Watched, http.client.HTTPConnection):
    pass


class _Secure(_Watched, http.client.HTTPSConnection):
    pass


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch):
        super().__init__()
        self.watch = watch

    def http_open(self, request):
        return self.do_open(_Plain, request, watch=self.watch)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch):
        super().__init__()
        self.watch = watch

    def https_open(self, request):
        return self.do_open(_Secure, request, watch=self.watch)


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to http and https only; urllib would follow one to ftp."""

    def http_error_302(self, request, answer, code, message, headers):
        target = urljoin(request.full_url, headers.get("Location") or headers.get("URI") or "")
        answer.close()  # urllib would first read whatever comes with it
        if not is_web(target):
            raise Rejected(f"leads away from the web, to {urlsplit(target).scheme}:")
        return super().http_error_302(request, answer, code, message, headers)

    def redirect_request(self, request, answer, code, message, headers, url):
        code = 307 if code == 308 else code  # which urllib knows from Python 3.11 on
        return super().redirect_request(request, answer, code, message, headers, url)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _opener_like(opener, watch) -> urllib.request.OpenerDirector:
    """An opener like another (proxies, the practice web), but watchful, and for the web alone."""
    names = ("HTTP", "HTTPS", "HTTPRedirect", "FTP", "File", "Data")
    replaced = tuple(getattr(urllib.request, f"{name}Handler") for name in names)
    ours = urllib.request.OpenerDirector()
    ours.addheaders = opener.addheaders
    for handler in opener.handlers:
        if not isinstance(handler, replaced):
            ours.add_handler(copy.copy(handler))  # a copy: a handler knows its one opener
    for handler in (_Http(watch), _Https(watch), _WebOnly()):
        ours.add_handler(handler)
    return ours


def _read(response: http.client.HTTPResponse) -> bytes:
    """The whole answer, at most MAX_BYTES. Raises Rejected, and ConnectionError for half of it."""
    body = io.BytesIO()
    too_large = Rejected(f"larger than {MAX_BYTES // 1_000_000} MB")
    if (response.length or 0) > MAX_BYTES:
        raise too_large
    while block := response.read1(1 << 16):  # read1: returns with what has come
        if body.tell() + len(block) > MAX_BYTES:
            raise too_large
        body.write(block)
    if response.length:  # what the server still owes of the length that it declared
        raise ConnectionError(f"{response.length} bytes short of its declared length")
    return body.getvalue()


def is_web(link: str) -> bool:
    parts = urlsplit(link)
    return parts.scheme.lower() in ("http", "https") and bool(parts.netloc)
