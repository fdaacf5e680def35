"""From the bytes of a dump to its records, one at a time, whatever hides in them.

An operator's export job is another team's program: BOMs, CRLF, invalid UTF-8, lines of ten megabytes, a cut-off end.
One bad record costs itself; only what makes the rest unreadable, or proves that the end is missing, refuses the dump.
"""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import msgspec

from clients.lenient import decode_one
from domain.catalog.dumps.array import Skipped, elements
from domain.catalog.dumps.errors import BrokenDumpError, DumpError

__all__ = ["BEGIN", "END", "MAX_RECORD", "BrokenDumpError", "DumpError", "Head", "Record", "Reject", "read_records"]

MAX_RECORD = 5_000_000
"""Bytes of one record at most; the largest known offerings have a hundredth of that."""
_CHUNK = 1_000_000
_DEEPEST = 100
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_GZIP = b"\x1f\x8b"
BEGIN, END = "CatalogDump", "CatalogDumpEnd"
"""`@type` of the first and last record of the dumps that `bff catalog dump` writes: what begins must also end."""


class Head(msgspec.Struct, frozen=True):
    """What tells which resource and language a record is."""

    id: str | None = None
    type: str | None = msgspec.field(default=None, name="@type")
    base_type: str | None = msgspec.field(default=None, name="@baseType")
    language: str | None = msgspec.field(default=None, name="@language")
    records: int | None = None


@dataclass(frozen=True)
class Record:
    """One record as it stands in the file. `place` is `file:line`, or `file[index]` in an array."""

    place: str
    raw: bytes
    head: Head


@dataclass(frozen=True)
class Reject:
    """A record that cannot be used, and why."""

    place: str
    reason: str


_HEAD = msgspec.json.Decoder(Head)


def read_records(path: Path) -> Iterator[Record | Reject]:
    """The records of one file, in order.

    Raises:
        BrokenDumpError: no dump at all, unreadable from some place on, or cut off.
        OSError: the file cannot be read.
    """
    with path.open("rb") as raw:
        zipped = raw.read(2) == _GZIP
    with cast("IO[bytes]", gzip.open(path, "rb") if zipped else path.open("rb")) as file:
        try:
            yield from _whole(path.name, _records(path.name, file))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BrokenDumpError(f"{path.name}: the compressed file is broken or cut off: {error}") from None


def _whole(name: str, records: Iterator[Record | Reject]) -> Iterator[Record | Reject]:
    """The records between begin and end, where the dump says that it has them. Several may stand in one file."""
    begun = False
    count = 0
    for record in records:
        kind = record.head.type if isinstance(record, Record) else None
        if kind == BEGIN:
            if begun:
                break
            begun, count = True, 0
        elif kind == END and isinstance(record, Record):
            begun = False
            if record.head.records != count:
                raise BrokenDumpError(f"{name}: it says it has {record.head.records} records and has {count}")
        else:
            count += 1
            yield record
    if begun:
        raise BrokenDumpError(f"{name}: its end is missing; it was cut off")


def _records(name: str, file: IO[bytes]) -> Iterator[Record | Reject]:
    first = file.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
    while not first.strip() and len(first) <= MAX_RECORD and (more := file.read(_CHUNK)):
        first += more
    begin = first.lstrip()[:1]
    if begin == b"[":
        yield from _from_array(name, first, file)
    elif begin == b"{":
        yield from _from_lines(name, first, file)
    elif begin or len(first) > MAX_RECORD:
        raise BrokenDumpError(f"{name}: neither a JSON array nor one JSON object a line")


# ---------------------------------------------------------------- one object a line


def _from_lines(name: str, first: bytes, file: IO[bytes]) -> Iterator[Record | Reject]:
    for number, (line, ended) in enumerate(_lines(first, file), 1):
        place = f"{name}:{number}"
        text = line.strip()
        if not text:
            continue
        if len(text) > MAX_RECORD:
            if not ended:
                raise BrokenDumpError(f"{place}: longer than {MAX_RECORD:,} bytes and without an end; it was cut off")
            yield Reject(place, f"longer than {MAX_RECORD:,} bytes")
            continue
        record = _record(place, text)
        if isinstance(record, Reject) and not ended:
            raise BrokenDumpError(f"{place}: the last line is cut off: {record.reason}")
        yield record


def _lines(first: bytes, file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Lines with whether a newline ended them. Of an overlong one no more is kept than shows that it is."""
    rest = first
    while True:
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line, True
        chunk = file.read(_CHUNK)
        if not chunk:
            break
        rest = rest[: MAX_RECORD + 1] + chunk if len(rest) <= MAX_RECORD else _skipping(rest, chunk)
    if rest.strip():
        yield rest, False


def _skipping(rest: bytes, chunk: bytes) -> bytes:
    """Of a line that is already too long, only its length matters until its end comes."""
    end = chunk.find(b"\n")
    return rest if end < 0 else rest + chunk[end:]


# ---------------------------------------------------------------- one array


def _from_array(name: str, first: bytes, file: IO[bytes]) -> Iterator[Record | Reject]:
    found = elements(name, first, file, chunk=_CHUNK, longest=MAX_RECORD)
    for index, element in enumerate(found):
        place = f"{name}[{index}]"
        yield Reject(place, element.reason) if isinstance(element, Skipped) else _record(place, element)


# ---------------------------------------------------------------- one record


def _record(place: str, raw: bytes) -> Record | Reject:
    """A record with what its head says; of a head that is partly odd, the rest."""
    if _too_deep(raw):
        return Reject(place, f"nested deeper than {_DEEPEST} levels")
    try:
        return Record(place, raw, _HEAD.decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        try:
            return Record(place, raw, decode_one(raw, Head, lambda _: None))
        except msgspec.MsgspecError:
            return Reject(place, str(error))


def _too_deep(raw: bytes) -> bool:
    """Whether reading it could use up the stack, here or, with more on the stack already, in a serving process."""
    if raw.count(b"[") + raw.count(b"{") <= _DEEPEST:
        return False
    depth = deepest = 0
    for mark in _BRACKETS.findall(_STRINGS.sub(b"", raw)):
        depth += 1 if mark in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest > _DEEPEST
