"""Two languages in one document: English stands in place, every other language in a `_i18n` beside it.

`{"name": "Green", "_i18n": {"de": {"name": "Grün"}}}` answers "Green" in English and "Grün" in German, at any depth.
The key never leaves the server. A write has no language: it replaces the text in all of them (see `forget`).
"""

from collections.abc import Iterable
from typing import Any

DEFAULT = "en"
LANGUAGES = (DEFAULT, "de")
KEY = "_i18n"


def negotiate(accept_language: str | None) -> str:
    """The language to answer in, RFC 9110 section 12.5.4; English where nothing else fits."""
    wanted = sorted(_ranges(accept_language or ""), key=lambda weighted: -weighted[1])
    primaries = (tag.partition("-")[0] for tag, weight in wanted if weight > 0)
    return next((tag for tag in primaries if tag in LANGUAGES), DEFAULT)


def _ranges(header: str) -> Iterable[tuple[str, float]]:
    for item in header.split(","):
        tag, _, weight = item.partition(";")
        yield tag.strip().lower(), _weight(weight)


def _weight(parameter: str) -> float:
    try:
        return float(parameter.partition("=")[2]) if parameter.strip() else 1.0
    except ValueError:
        return 0.0


def translations(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The texts of a node by language; what a client put there that can be none counts for nothing."""
    found = node.get(KEY)
    return {name: texts for name, texts in found.items() if isinstance(texts, dict)} if isinstance(found, dict) else {}


def spoken(node: dict[str, Any], key: str, language: str) -> Any:
    """`node[key]` in `language`; None where there is no such key."""
    return translations(node).get(language, {}).get(key, node.get(key))


def localised(node: Any, language: str) -> Any:
    """A copy of `node` in one language, with no trace of the others."""
    if isinstance(node, dict):
        texts = translations(node).get(language, {})
        return {key: localised(texts.get(key, value), language) for key, value in node.items() if key != KEY}
    if isinstance(node, list):
        return [localised(item, language) for item in node]
    return node


def forget(document: dict[str, Any], patch: dict[str, Any]) -> None:
    """Drop translations of what a merge-patch is about to replace, so that no language keeps the old text."""
    for texts in translations(document).values():
        for key in patch.keys() & texts.keys():
            del texts[key]
    for key, value in patch.items():
        if key != KEY and isinstance(value, dict) and isinstance(document.get(key), dict):
            forget(document[key], value)
