"""Where a listing goes on: an opaque cursor that only fits the question it was given for."""

import base64
import binascii
import zlib
from functools import lru_cache

import msgspec

from kernel.errors import BadRequestError

_MAX_CURSOR = 400
_MAX_OFFSET = 2**31 - 1


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """After the item `id`, found at `offset` in the upstream's listing, or in the sorted result.

    `narrowed` tells which upstream listing the offset counts in: the one the server filtered, or the whole.
    """

    question: int
    offset: int
    id: str
    narrowed: bool = False

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode("ascii")


def question_mark(question: object) -> int:
    """A short mark of a question (filter and order), the same in every process."""
    return zlib.crc32(msgspec.json.encode(question, order="deterministic"))


@lru_cache(maxsize=1_024)  # what is not a cursor raises, and is not kept
def parse_cursor(text: str, question: int) -> Cursor:
    """The cursor in `text`.

    Raises:
        BadRequestError: not a cursor of ours, or of another question.
    """
    try:
        raw = base64.b64decode(text[:_MAX_CURSOR] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(raw, type=Cursor)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise BadRequestError("This is not a valid cursor.") from None
    if not 0 <= cursor.offset <= _MAX_OFFSET or str(cursor) != text:
        raise BadRequestError("This is not a valid cursor.")
    if cursor.question != question:
        raise BadRequestError("This cursor belongs to another filter or sort order.")
    return cursor
