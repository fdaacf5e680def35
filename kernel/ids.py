"""Ids: what may stand in an upstream's URL path, and the opaque global ids that clients see.

A global id is base64url of `Type:local id` without padding. It is opaque to clients but not secret, and whatever comes
back is checked again: `../../admin` inside a well-formed global id must never reach a URL.
"""

import base64
import binascii
import re
from binascii import b2a_base64
from collections.abc import Collection
from typing import NamedTuple

from kernel.errors import BadRequestError

MAX_LOCAL_ID = 128
_LOCAL_ID = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_:@()=~+\-]|\.(?!\.)){0,127}", re.ASCII)
_SIMPLE_IDS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\-]{0,127}(?:/[A-Za-z0-9_][A-Za-z0-9_\-]{0,127})*", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]{0,63}", re.ASCII)
_MAX_GLOBAL_ID = 300
_URL_SAFE = str.maketrans("+/", "-_")


def is_local_id(text: str) -> bool:
    """True when an upstream's id may go into a URL path: 1 to 128 allowed characters, no `/`, `?`, `#`, `%` or `..`."""
    return _LOCAL_ID.fullmatch(text) is not None


def are_local_ids(texts: Collection[str]) -> bool:
    """Whether all of these are such ids; at one look, where they hold nothing but letters, digits, `_` and `-`."""
    together = "/".join(texts)
    simple = together.count("/") == len(texts) - 1 and _SIMPLE_IDS.fullmatch(together) is not None
    return simple or all(map(is_local_id, texts))


class GlobalId(NamedTuple):
    """`type` is a GraphQL type's name, `local` the id its upstream knows it by."""

    type: str
    local: str

    def __str__(self) -> str:
        return global_id_text(self.type, self.local)


def global_id_text(kind: str, local: str) -> str:
    """A global id as clients see it. Working it out takes less than finding it among thousands."""
    text = b2a_base64(f"{kind}:{local}".encode("ascii"), newline=False).decode("ascii").rstrip("=")
    return text if text.isalnum() else text.translate(_URL_SAFE)


def parse_global_id(text: str) -> GlobalId:
    """The parts of a global id.

    Raises:
        BadRequestError: not one of ours, not in its one canonical form, or with a local id that may not go upstream.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise BadRequestError("This is not a valid id.") from None
    kind, _, local = raw.partition(":")
    found = GlobalId(kind, local)
    if len(text) > _MAX_GLOBAL_ID or not _TYPE.fullmatch(kind) or not is_local_id(local) or str(found) != text:
        raise BadRequestError("This is not a valid id.")
    return found


def local_id(text: str, type_name: str) -> str:
    """The local id inside a global id of the given type.

    Raises:
        BadRequestError: as `parse_global_id`, or the id is another type's.
    """
    found = parse_global_id(text)
    if found.type != type_name:
        raise BadRequestError(f"This is not the id of a {type_name}.")
    return found.local
