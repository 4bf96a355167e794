"""Photos that stream: sets too large for one disk as arrays, from tar shards or from the Hub.

    python -m colourlib shard FOLDER -o shards/
    ws = open_workspace("shards:/path/{000..099}.tar")   # also shards:https://..., hub:owner/name
    run = fit(net, ws.prepared())

What judges lies in memory. Training photos pass through a buffer that mixes them, however many
there are, and each process (RANK of WORLD_SIZE, as launchers set them) sees its share.
"""

import os
import re
from pathlib import Path

from . import feed, hub, shards

PREFIXES = (shards.PREFIX, hub.PREFIX)
DONE = (
    "The photos of {!r} stream: they are not collected or cleaned here, nor seen one by one. "
    "Go on with data = ws.prepared(), which 05_train trains on."
)


def is_stream(source: str) -> bool:
    """Does a source name shards or a set of the Hub?"""
    return source.startswith(PREFIXES)


def check(source: str) -> str:
    """The source, a path made absolute. Raises CourseError where it cannot be."""
    if source.startswith(hub.PREFIX):
        return hub.check(source)
    feed.need("webdataset")
    first, name = shards.addresses(source)[0], source.removeprefix(shards.PREFIX)
    here = os.path.abspath(os.path.expanduser(name))
    return source if re.match("https?:", first) else shards.PREFIX + here


def data(source: str, root: Path, size: int) -> feed.StreamedData:
    """What a network is trained and judged on. Raises CourseError before any training."""
    return (hub if source.startswith(hub.PREFIX) else shards).data(source, root, size)
