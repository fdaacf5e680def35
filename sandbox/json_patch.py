"""JSON Patch, RFC 6902, over JSON Pointer, RFC 6901: all operations or none.

A document may hold its texts in several languages (`sandbox.languages`): `test` compares what a reader of `language`
sees, and every operation that replaces a text drops its translations, as a merge-patch does.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from sandbox.languages import localised, spoken, translations

Path = list[str]


class PatchError(ValueError):
    """An operation that is malformed or cannot be done; nothing was changed."""


def json_patch(document: Any, operations: Any, language: str) -> Any:
    """A copy of `document` with all `operations` done, in their order.

    Raises:
        PatchError: one of them is no operation, leads nowhere, or is a `test` that fails.
    """
    if not isinstance(operations, list):
        raise PatchError("an array of operations was expected")
    holder = {"": deepcopy(document)}
    for number, operation in enumerate(operations):
        try:
            _do(holder, operation, language)
        except PatchError as error:
            raise PatchError(f"operation {number}: {error}") from error
    return holder[""]


def _do(holder: Any, operation: Any, language: str) -> None:
    if not isinstance(operation, dict) or str(operation.get("op")) not in _OPERATIONS:
        raise PatchError(f"op must be one of {', '.join(_OPERATIONS)}")
    _OPERATIONS[operation["op"]](holder, operation, language)


def _pointer(operation: dict[str, Any], name: str = "path") -> Path:
    """The tokens of a pointer, below the holder of the whole document."""
    text = operation.get(name)
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchError(f"{name} must be empty or start with /")
    tokens = text.split("/")
    if any("~" in token.replace("~0", "").replace("~1", "") for token in tokens):
        raise PatchError(f"{name}: ~ stands for nothing but in ~0 and ~1")
    return [token.replace("~1", "/").replace("~0", "~") for token in tokens]


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchError("value is missing")
    return deepcopy(operation["value"])


def _place(holder: Any, path: Path, *, beyond: bool = False) -> tuple[Any, Any]:
    """The object or array that the last token is in, and its key or index; `beyond` allows one that is not there."""
    node = holder
    for token in path[:-1]:
        node = node[_key(node, token)]
    return node, _key(node, path[-1], beyond=beyond)


def _key(node: Any, name: str, *, beyond: bool = False) -> Any:
    if isinstance(node, dict) and (beyond or name in node):
        return name
    if isinstance(node, list):
        if beyond and name == "-":
            return len(node)
        if name.isascii() and name.isdigit() and (name == "0" or name[0] != "0"):
            index = int(name[:9])
            if index < len(node) + beyond:
                return index
    raise PatchError(f"there is no {name!r}")


def _untranslated(node: Any, key: Any) -> None:
    if isinstance(node, dict):
        for texts in translations(node).values():
            texts.pop(key, None)


def _put(holder: Any, path: Path, value: Any) -> None:
    node, key = _place(holder, path, beyond=True)
    _untranslated(node, key)
    if isinstance(node, list):
        node.insert(key, value)
    else:
        node[key] = value


def _take(holder: Any, path: Path) -> Any:
    node, key = _place(holder, path)
    _untranslated(node, key)
    return node.pop(key)


def _add(holder: Any, operation: dict[str, Any], _: str) -> None:
    _put(holder, _pointer(operation), _value(operation))


def _remove(holder: Any, operation: dict[str, Any], _: str) -> None:
    path = _pointer(operation)
    if path == [""]:
        raise PatchError("the whole document cannot be removed")
    _take(holder, path)


def _replace(holder: Any, operation: dict[str, Any], _: str) -> None:
    node, key = _place(holder, _pointer(operation))
    node[key] = _value(operation)
    _untranslated(node, key)


def _move(holder: Any, operation: dict[str, Any], _: str) -> None:
    source, path = _pointer(operation, "from"), _pointer(operation)
    if path[: len(source)] == source:
        _place(holder, source)
        if path != source:
            raise PatchError("nothing can be moved into itself")
        return
    _put(holder, path, _take(holder, source))


def _copy(holder: Any, operation: dict[str, Any], _: str) -> None:
    node, key = _place(holder, _pointer(operation, "from"))
    _put(holder, _pointer(operation), deepcopy(node[key]))


def _test(holder: Any, operation: dict[str, Any], language: str) -> None:
    node, key = _place(holder, _pointer(operation))
    found = spoken(node, key, language) if isinstance(node, dict) else node[key]
    if not _equal(localised(found, language), _value(operation)):
        raise PatchError(f"{operation['path']} is something else")


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON values: numbers by value, but true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


_OPERATIONS: dict[str, Callable[[Any, dict[str, Any], str], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
