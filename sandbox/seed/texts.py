"""A text in both languages, and how it is stored: English in place, German in the `_i18n` beside it."""

from dataclasses import dataclass
from typing import Any

from sandbox.languages import KEY


@dataclass(frozen=True, slots=True)
class T:
    """One text in English and German."""

    en: str
    de: str

    def __add__(self, other: "T | str") -> "T":
        tail = other if isinstance(other, T) else same(other)
        return T(self.en + tail.en, self.de + tail.de)


def same(text: str) -> T:
    """A name that no language changes."""
    return T(text, text)


def stored(node: Any) -> Any:
    """`node` with every T below it moved to where `sandbox.languages` looks for it; None values are left out."""
    if isinstance(node, (list, tuple)):
        return [stored(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {
        key: value.en if isinstance(value, T) else stored(value) for key, value in node.items() if value is not None
    }
    german = {key: value.de for key, value in node.items() if isinstance(value, T) and value.de != value.en}
    return {**plain, KEY: {"de": german}} if german else plain
