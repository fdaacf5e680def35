"""A JSON array of any length, taken apart into the texts of its elements without holding more than a few of them.

Elements are found by parsing. One that cannot be parsed, or never seems to end, is skipped by its brackets alone, so
that it costs itself; only an array whose own end is missing costs the dump.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from domain.catalog.dumps.errors import BrokenDumpError

_MARKS = re.compile(r'["\\\[\]{},]')
_IN_STRING = re.compile(r'["\\]')


@dataclass(frozen=True)
class Skipped:
    """An element that cannot be used, and why."""

    reason: str


def elements(name: str, first: bytes, file: IO[bytes], *, chunk: int, longest: int) -> Iterator[bytes | Skipped]:
    """The elements of the array that begins in `first` and goes on in `file`, which is read `chunk` bytes at a time.

    Raises:
        BrokenDumpError: it is not closed, or something follows its end.
    """
    window = _Window(name, first, file, chunk, longest)
    window.skip("[")
    index = 0
    while not window.at("]"):
        if index:
            window.skip(",")
        element = window.element()
        yield element if isinstance(element, Skipped) else element.encode("utf-8", "surrogateescape")
        index += 1
    window.skip("]")
    if window.more():
        raise BrokenDumpError(f"{name}: something follows after the array's end")


class _Window:
    """The part of a text file that is being looked at. Bytes that are no UTF-8 pass through unchanged."""

    def __init__(self, name: str, first: bytes, file: IO[bytes], chunk: int, longest: int) -> None:
        self._name, self._file, self._chunk, self._longest = name, file, chunk, longest
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
            what = f"expected {mark!r}" if self.more() else "its end is missing; it was cut off"
            raise BrokenDumpError(f"{self._name}: {what}")
        self._at += 1

    def element(self) -> str | Skipped:
        """The next element; more of the file is read until it is whole or longer than allowed."""
        self.more()
        while True:
            try:
                _, end = self._parse(self._text, self._at)
            except RecursionError:
                return self._skipped("nested too deep")
            except ValueError as error:
                if self._ended or len(self._text) - self._at > self._longest:
                    return self._skipped(f"not JSON: {error}")
            else:
                if end < len(self._text) or self._ended:
                    text, self._at = self._text[self._at : end], end
                    return text if len(text) <= self._longest else Skipped(self._too_long)
            self._fill()

    @property
    def _too_long(self) -> str:
        return f"longer than {self._longest:,} bytes"

    def _skipped(self, reason: str) -> Skipped:
        """Go behind the element by its brackets and strings."""
        depth, in_string, length = 0, False, 0
        while True:
            start = self._at
            found = (_IN_STRING if in_string else _MARKS).search(self._text, start)
            self._at = found.end() if found else len(self._text)
            length += self._at - start
            mark = found[0] if found else ""
            if not mark:
                self._need_more()
            elif mark == '"':
                in_string = not in_string
            elif mark == "\\":
                self._pass_one()
            elif mark in "[{":
                depth += 1
            elif depth == 0:  # a comma or bracket of the array's own
                self._at -= 1
                break
            elif mark != ",":
                depth -= 1
                if depth == 0:
                    break
        return Skipped(self._too_long if length > self._longest else reason)

    def _pass_one(self) -> None:
        if self._at == len(self._text):
            self._need_more()
        self._at += 1

    def _need_more(self) -> None:
        if not self._fill():
            raise BrokenDumpError(f"{self._name}: its end is missing; it was cut off")

    def _fill(self) -> bool:
        chunk = self._file.read(max(self._chunk, len(self._text) - self._at))
        self._ended = self._ended or not chunk
        self._text = self._text[self._at :] + self._decode(chunk, final=not chunk)
        self._at = 0
        return bool(chunk)
