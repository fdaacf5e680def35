"""Writing a dump from any TMF620: `bff catalog dump`. One NDJSON file, gzip where its name ends so, all languages.

The last record counts the others, so that a file that was cut off is known for what it is.
"""

import gzip
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import IO, cast

import msgspec

from clients import tmf620
from clients.everything import every_entity
from clients.tmf import TMFClient
from domain.catalog.dumps.records import BEGIN, END
from kernel.context import Audience

_TYPES = {
    tmf620.OFFERINGS: "ProductOffering",
    tmf620.PRICES: "ProductOfferingPrice",
    tmf620.SPECIFICATIONS: "ProductSpecification",
    tmf620.CATEGORIES: "Category",
}
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode


async def write_dump(
    client: TMFClient,
    path: Path,
    *,
    languages: Sequence[str],
    channel: str,
    progress: Callable[[str, int], None] = lambda _what, _count: None,
) -> int:
    """Write everything the shop uses to `path`, which appears only when it is whole; the number of records.

    Raises:
        UpstreamError: the upstream failed; nothing is left behind.
        OSError: the file cannot be written.
    """
    # a name of its own: a job that begins before the last one has ended must not write into that one's file
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        with cast("IO[bytes]", gzip.open(unfinished, "wb") if path.suffix == ".gz" else unfinished.open("wb")) as file:
            file.write(b'{"@type":"%s"}\n' % BEGIN.encode())
            count = 0
            for language in languages:
                async for line in _lines(client, Audience(language, channel), progress):
                    file.write(line)
                    count += 1
            file.write(b'{"@type":"%s","records":%d}\n' % (END.encode(), count))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


async def _lines(client: TMFClient, audience: Audience, progress: Callable[[str, int], None]) -> AsyncIterator[bytes]:
    for collection in tmf620.collections():
        head = b'{"@type":"%s","@language":"%s",' % (_TYPES[collection].encode(), audience.language.encode())
        count = 0
        fields = frozenset(field.encode_name for field in msgspec.structs.fields(collection.model))
        async for entity in every_entity(client, collection, audience, fields):
            yield head + _ENCODE(entity)[1:] + b"\n"
            count += 1
            if count % 1_000 == 0:
                progress(f"{collection.path} ({audience.language})", count)
