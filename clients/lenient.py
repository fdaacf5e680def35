"""Reads what real servers send: whatever fits is kept, what does not costs only itself.

The fast way decodes straight into typed structs. Only when that fails is the answer taken apart, so that one odd
element, one null list or one wrong type never fails a whole page. It is taken apart as *text*, part by part: a number
that no type can hold would otherwise fail the whole answer before anybody could leave it out.
"""

import re
from collections.abc import Callable, Hashable
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from clients.texts import Scope, Texts

T = TypeVar("T")
Report = Callable[[str], None]
Known = tuple[Texts, Scope]

_MISSING = object()
# Besides its own errors msgspec lets out those of UTF-8, of nesting too deep and of a Decimal's exponent.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError)
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(u[dD][89a-fA-F]\w\w)|.)", re.DOTALL | re.ASCII)


def decode_list(body: bytes, model: type[T], report: Report, known: Known | None = None) -> tuple[list[T], int]:
    """The elements of a JSON array that can be read as `model`, and how many there were in all.

    `report` hears of what was left out. `known`: where objects are kept by their texts, and which.

    Raises:
        msgspec.MsgspecError: not JSON, not an array, or nested deeper than Python's recursion limit.
    """
    try:
        elements = _elements(body, model, known)
        return elements, len(elements)
    except _UNREADABLE:
        parts = _taken_apart(_repaired(body), list[msgspec.Raw])
    found = (_convert(part, model, f"[{index}]", report) for index, part in enumerate(parts))
    return [element for element in found if element is not _MISSING], len(parts)


def decode_one(body: bytes, model: type[T], report: Report, known: Known | None = None) -> T:
    """A JSON object as `model`.

    Raises:
        msgspec.MsgspecError: not JSON, or not readable as `model` even leniently.
    """
    try:
        decode = _decoder(cast(Hashable, model)).decode
        return cast(T, decode(body) if known is None else known[0].read(known[1], [body], decode)[0])
    except _UNREADABLE:
        found = _convert(_taken_apart(_repaired(body), msgspec.Raw), model, "", report)
    if found is _MISSING:
        raise msgspec.ValidationError("not readable as " + model.__name__)
    return cast(T, found)


def _elements(body: bytes, model: type[T], known: Known | None) -> list[T]:
    if known is None:
        return cast(list[T], _decoder(list[model]).decode(body))  # type: ignore[valid-type]
    texts, scope = known
    return texts.read(scope, _decoder(list[msgspec.Raw]).decode(body), _decoder(cast(Hashable, model)).decode)


@cache
def _decoder(kind: Hashable, *, strict: bool = True) -> msgspec.json.Decoder[Any]:
    # a price is exact from its text on, even inside Any
    return msgspec.json.Decoder(cast(Any, kind), strict=strict, float_hook=Decimal)


def _repaired(body: bytes) -> bytes:
    """Without a byte order mark, and U+FFFD for what is no character: a name cut inside an emoji costs only that."""
    text = body.decode("utf-8-sig", "replace")
    return _ESCAPE.sub(lambda escape: r"\ufffd" if escape[1] else escape[0], text).encode()


def _taken_apart(text: bytes | msgspec.Raw, kind: Any) -> Any:
    """The parts of a JSON array or object, each as text."""
    try:
        return _decoder(kind).decode(text)
    except RecursionError:
        raise msgspec.DecodeError("nested too deep") from None


def _convert(part: msgspec.Raw, kind: Any, path: str, report: Report) -> Any:
    """`part` as `kind`, with what does not fit left out; `_MISSING` when nothing is left."""
    try:
        return _decoder(kind, strict=False).decode(part)
    except _UNREADABLE as error:
        start = bytes(part)[:1]
        if start == b"[" and get_origin(kind) is tuple:
            return _convert_elements(part, get_args(kind)[0], path, report)
        struct = _struct_of(kind)
        if start == b"{" and struct is not None:
            return _convert_fields(part, struct, path, report)
        if start != b"n":  # a null where a list is expected is common and says nothing
            report(f"{path or 'answer'}: {error}")
        return _MISSING


def _convert_elements(part: msgspec.Raw, kind: Any, path: str, report: Report) -> tuple[Any, ...]:
    elements = enumerate(_taken_apart(part, list[msgspec.Raw]))
    found = (_convert(element, kind, f"{path}[{index}]", report) for index, element in elements)
    return tuple(value for value in found if value is not _MISSING)


def _convert_fields(part: msgspec.Raw, struct: type, path: str, report: Report) -> Any:
    parts = _taken_apart(part, dict[str, msgspec.Raw])
    kept = {}
    for field in msgspec.structs.fields(struct):
        if field.encode_name in parts:
            found = _convert(parts[field.encode_name], field.type, f"{path}.{field.encode_name}", report)
            if found is not _MISSING:
                kept[field.name] = found
            elif field.required:
                return _MISSING
        elif field.required:
            report(f"{path or 'element'}: no {field.encode_name}")
            return _MISSING
    try:
        return struct(**kept)
    except ValueError as error:
        report(f"{path or 'element'}: {error}")
        return _MISSING


def _struct_of(kind: Any) -> type | None:
    choices = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    found = [choice for choice in choices if choice is not NoneType and isinstance(choice, type)]
    return next((choice for choice in found if issubclass(choice, msgspec.Struct)), None)
