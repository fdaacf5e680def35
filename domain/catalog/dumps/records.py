"""From the bytes of a dump to its records, one at a time, whatever hides in them.

An operator's export job is another team's program: BOMs, CRLF, invalid UTF-8, lines of ten megabytes, a cut-off end.
One bad record costs itself; only what makes the rest unreadable, or proves that the end is missing, refuses the dump.
"""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import msgspec

MAX_RECORD = 5_000_000
"""Bytes of one record at most; the largest known offerings have a hundredth of that."""
_CHUNK = 1_000_000
_GZIP = b"\x1f\x8b"
BEGIN, END = "CatalogDump", "CatalogDumpEnd"
"""`@type` of the first and last record of the dumps that `bff catalog dump` writes: what begins must also end."""


class DumpError(Exception):
    """The dump cannot be used; the text says why, for the one who runs the job."""


class BrokenDumpError(DumpError):
    """Unreadable from some place on, or cut off."""


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
    """The records between begin and end, where the dump says that it has them."""
    begun = ended = False
    count = 0
    for record in records:
        kind = record.head.type if isinstance(record, Record) else None
        if kind == BEGIN:
            begun = True
        elif kind == END and isinstance(record, Record):
            ended = True
            if record.head.records != count:
                raise BrokenDumpError(f"{name}: it says it has {record.head.records} records and has {count}")
        else:
            count += 1
            yield record
    if begun and not ended:
        raise BrokenDumpError(f"{name}: its end is missing; it was cut off")


def _records(name: str, file: IO[bytes]) -> Iterator[Record | Reject]:
    first = file.read(_CHUNK).removeprefix(codecs.BOM_UTF8)
    begin = first.lstrip()[:1]
    if begin == b"[":
        yield from _from_array(name, first, file)
    elif begin == b"{":
        yield from _from_lines(name, first, file)
    elif begin:
        raise BrokenDumpError(f"{name}: neither a JSON array nor one JSON object a line")


# ---------------------------------------------------------------- one object a line


def _from_lines(name: str, first: bytes, file: IO[bytes]) -> Iterator[Record | Reject]:
    for number, (line, ended) in enumerate(_lines(first, file), 1):
        place = f"{name}:{number}"
        text = line.strip()
        if not text:
            continue
        if len(text) > MAX_RECORD:
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
    """Elements of a JSON array of any length, no more than one chunk and one element in memory."""
    window = _Window(name, first, file)
    window.skip("[")
    index = 0
    while not window.at("]"):
        if index:
            window.skip(",")
        place = f"{name}[{index}]"
        text = window.element(place)
        yield _record(place, text.encode("utf-8", "surrogateescape"))
        index += 1
    window.skip("]")
    if window.more():
        raise BrokenDumpError(f"{name}: something follows after the array's end")


class _Window:
    """The part of a text file that is being looked at. Bytes that are no UTF-8 pass through unchanged."""

    def __init__(self, name: str, first: bytes, file: IO[bytes]) -> None:
        self._name, self._file = name, file
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text, self._at, self._ended = self._decode(first), 0, False
        self._parse = json.JSONDecoder().raw_decode

    def more(self) -> bool:
        """Skip blanks; False at the end of the file."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return True
            if not self._fill():
                return False

    def at(self, mark: str) -> bool:
        return self.more() and self._text[self._at] == mark

    def skip(self, mark: str) -> None:
        if not self.at(mark):
            what = "its end is missing; it was cut off" if not self.more() else f"expected {mark!r}"
            raise BrokenDumpError(f"{self._name}: {what}")
        self._at += 1

    def element(self, place: str) -> str:
        """The text of the next element."""
        self.more()
        while True:
            try:
                _, end = self._parse(self._text, self._at)
                if end < len(self._text) or self._ended:
                    text, self._at = self._text[self._at : end], end
                    return text
            except (ValueError, RecursionError) as error:
                if self._ended or len(self._text) - self._at > MAX_RECORD:
                    raise BrokenDumpError(f"{place}: not readable from here on: {error}") from None
            self._fill()

    def _fill(self) -> bool:
        chunk = self._file.read(max(_CHUNK, len(self._text) - self._at))
        self._ended = self._ended or not chunk
        self._text = self._text[self._at :] + self._decode(chunk, final=not chunk)
        self._at = 0
        return bool(chunk)


def _record(place: str, raw: bytes) -> Record | Reject:
    try:
        return Record(place, raw, _HEAD.decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Reject(place, str(error))
