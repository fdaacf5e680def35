"""A dump of a large catalogue for `scripts/bench feeds`: the sandbox's own documents by rule, written without a server.

The sandbox's large range is uniform. Here some of it is varied by number, so that every filter has much and little to
find: bundles, business offerings, drafts, offerings that ended, that are not sold everywhere, or have long texts.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sandbox.languages import LANGUAGES, localised
from sandbox.seed.catalogue import documents

_ENCODE = msgspec.json.Encoder().encode
_COLOURS = ("amber", "birch", "cobalt", "dune", "ember", "fjord", "garnet", "heather", "indigo", "jade", "kelp")


def write_feed(path: Path, offerings: int) -> int:
    """Write an NDJSON dump, gzip where the name ends so, in both languages; the number of records."""
    count = 0
    with gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb") as file:
        for kind, document in _documents(offerings):
            if kind == "TMF620.catalog":
                continue
            for language in LANGUAGES:
                file.write(_ENCODE({**localised(document, language), "@language": language}) + b"\n")
                count += 1
    return count


def _documents(offerings: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, (kind, document) in enumerate(documents(offerings)):
        if kind == "TMF620.productOffering" and document["id"].startswith("po-series-"):
            _vary(document, number)
        yield kind, document


def _vary(document: dict[str, Any], number: int) -> None:
    colour = _COLOURS[number % len(_COLOURS)]
    document["description"] += f" In {colour}, model {number % 997}."
    if number % 10 == 0:
        document["marketSegment"] = [{"id": "b2b", "name": "B2B"}]
    if number % 25 == 0:
        document["isBundle"] = True
        own = int(document["id"].rpartition("-")[2])
        parts = [f"po-series-{max(own - back, 200)}" for back in (1, 2)]
        document["bundledProductOffering"] = [{"id": part, "name": part} for part in parts]
    if number % 40 == 0:
        document["lifecycleStatus"] = "In design"
    if number % 30 == 0:
        document["channel"] = [{"id": "shop", "name": "shop"}]
    if number % 200 == 0:
        document["validFor"] = {"startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2024-01-01T00:00:00Z"}
    if number % 50 == 0:
        document["description"] += " " + " ".join(f"{colour} detail {detail}." for detail in range(60))
