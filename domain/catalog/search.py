"""Finding offerings by words, without regard to case, accents or punctuation.

Every word asked for must begin a word of the offering's name, description or category names; hits in the name come
first. On demand this reads the whole listing, which is kept; a daily dump answers the same question from an index.
"""

import re
import unicodedata
from functools import lru_cache

from clients.tmf620 import ProductOffering

_WORD = re.compile(r"[^\W_]+")
FIELDS = frozenset({"description", "category"})
"""What a search reads besides the name."""


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[str, ...]:
    """The words of a text, folded: `Größe-XL` gives `grosse`, `xl`."""
    # Decomposed first: only then has `𝐀` a lower case.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return tuple(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


def rank(offering: ProductOffering, wanted: tuple[str, ...]) -> int | None:
    """How well an offering answers: 0 all words in the name, 1 some elsewhere; None when a word is missing."""
    in_name = words(offering.name or "")
    if all(_begins(word, in_name) for word in wanted):
        return 0
    elsewhere = words(offering.description or "")
    in_categories = tuple(word for ref in offering.category for word in words(ref.name or ""))
    everywhere = in_name + elsewhere + in_categories
    return 1 if all(_begins(word, everywhere) for word in wanted) else None


def _begins(word: str, those: tuple[str, ...]) -> bool:
    return any(each.startswith(word) for each in those)
