"""Reads what real servers send: whatever fits is kept, what does not costs only itself.

The fast way decodes straight into typed structs. Only when that fails is the answer taken apart, so that one odd
element, one null list or one wrong type never fails a whole page.
"""

from collections.abc import Callable, Hashable
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

T = TypeVar("T")
Report = Callable[[str], None]

_MISSING = object()


def decode_list(body: bytes, model: type[T], report: Report) -> tuple[list[T], int]:
    """The elements of a JSON array that can be read as `model`, and how many there were in all.

    `report` hears of what was left out.

    Raises:
        msgspec.MsgspecError: not JSON, or not an array.
    """
    try:
        elements = _decoder(list[model]).decode(body)  # type: ignore[valid-type]
        return elements, len(elements)
    except msgspec.ValidationError:
        elements = _decoder(list[Any]).decode(body)
    found = (_convert(element, model, f"[{index}]", report) for index, element in enumerate(elements))
    return [element for element in found if element is not _MISSING], len(elements)


def decode_one(body: bytes, model: type[T], report: Report) -> T:
    """A JSON object as `model`.

    Raises:
        msgspec.MsgspecError: not JSON, or not readable as `model` even leniently.
    """
    try:
        return cast(T, _decoder(cast(Hashable, model)).decode(body))
    except msgspec.ValidationError:
        found = _convert(_decoder(Any).decode(body), model, "", report)
    if found is _MISSING:
        raise msgspec.ValidationError("not readable as " + model.__name__)
    return cast(T, found)


@cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(
        cast(Any, kind), float_hook=Decimal
    )  # a price is exact from its text on, even inside Any


def _convert(value: Any, kind: Any, path: str, report: Report) -> Any:
    """`value` as `kind`, with the parts that do not fit left out; `_MISSING` when nothing is left."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        if isinstance(value, list) and get_origin(kind) is tuple:
            return _convert_elements(value, get_args(kind)[0], path, report)
        struct = _struct_of(kind)
        if isinstance(value, dict) and struct is not None:
            return _convert_fields(value, struct, path, report)
        if value is not None:  # a null where a list is expected is common and says nothing
            report(f"{path or 'answer'}: {error}")
        return _MISSING


def _convert_elements(values: list[Any], kind: Any, path: str, report: Report) -> tuple[Any, ...]:
    found = (_convert(value, kind, f"{path}[{index}]", report) for index, value in enumerate(values))
    return tuple(value for value in found if value is not _MISSING)


def _convert_fields(value: dict[str, Any], struct: type, path: str, report: Report) -> Any:
    kept = {}
    for field in msgspec.structs.fields(struct):
        if field.encode_name in value:
            found = _convert(value[field.encode_name], field.type, f"{path}.{field.encode_name}", report)
            if found is not _MISSING:
                kept[field.name] = found
            elif field.required:
                return _MISSING
        elif field.required:
            report(f"{path or 'element'}: no {field.encode_name}")
            return _MISSING
    return struct(**kept)


def _struct_of(kind: Any) -> type | None:
    choices = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    found = [choice for choice in choices if choice is not NoneType and isinstance(choice, type)]
    return next((choice for choice in found if issubclass(choice, msgspec.Struct)), None)
