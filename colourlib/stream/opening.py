"""Open what lies on a disk or in the web; a connection that breaks is taken up where it broke."""

import http.client
import io
import time
import urllib.request
from typing import BinaryIO

from ..collect.connection import is_web

PAUSES = (0, 1, 4)  # seconds before each try
PATIENCE = 30  # seconds without a byte


def opened(url: str) -> BinaryIO:
    """A file of this machine or the web, to be read once from its beginning. Raises OSError."""
    return io.BufferedReader(_Answer(url), 1 << 18) if is_web(url) else open(url, "rb")


class _Answer(io.RawIOBase):
    """What a web address sends, as a file; where the connection breaks it is taken up again."""

    def __init__(self, url: str) -> None:
        self.url, self.at, self.answer = url, 0, None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        for pause in PAUSES:
            time.sleep(pause)
            try:
                self.answer = self.answer or _ask(self.url, self.at)
                read = self.answer.readinto(buffer)
                if not read and self.answer.length:
                    raise ConnectionError(f"{self.answer.length} bytes short of its length")
                self.at += read
                return read
            except (OSError, http.client.HTTPException) as error:
                self.answer, last = None, error
                if getattr(error, "code", 500) < 500:  # such as 404: it is not there
                    break
        raise last

    def close(self) -> None:
        if self.answer is not None:
            self.answer.close()
        super().close()


def _ask(url: str, start: int) -> http.client.HTTPResponse:
    """An answer from its byte `start` on, whether the server knows ranges or not."""
    ranged = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers=ranged)
    answer = urllib.request.urlopen(request, timeout=PATIENCE)
    if not is_web(answer.url):
        raise ConnectionError("it leads away from the web")
    left = start if answer.status != 206 else 0
    while left and (passed := answer.read(min(left, 1 << 20))):
        left -= len(passed)
    return answer
