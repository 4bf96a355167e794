"""What an error of the web means: is it worth another try, when, and in which words is it told."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import re
import socket
import ssl
import time
import urllib.error


def worth_another_try(error: Exception) -> bool:
    """Whether asking again within seconds may help."""
    reason = getattr(error, "reason", error)  # of a URLError: what lies behind it
    return not (lasting(error) or isinstance(reason, (socket.gaierror, ssl.SSLError)))


def lasting(error: Exception) -> bool:
    """Whether an address will answer the same on another day: 404 and its kin, or no address."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code < 500 and error.code not in (408, 425, 429)
    return isinstance(error, (ValueError, http.client.InvalidURL))


def seconds(retry_after: str) -> float:
    """Seconds to wait by a Retry-After header: a number, or a date; 0 for anything else."""
    if re.fullmatch(r"\s*\d{1,9}\s*", retry_after):
        return float(retry_after)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    return 0.0


def in_words(error: Exception) -> str:
    """What went wrong with a request, for a student: 'HTTP 404 Not Found', 'timed out'."""
    if isinstance(error, urllib.error.HTTPError):
        words = f"HTTP {error.code} {http.client.responses.get(error.code, '')}".strip()
        return words + ", and no end to it" * (300 <= error.code < 400)  # sent in circles
    if isinstance(error, urllib.error.URLError):
        error = error.reason
    return str(getattr(error, "strerror", "") or error) or type(error).__name__
