"""What a plan made of an object is kept with the object, and given again while all that it was made of is the same.

Only objects of lasting types are trusted so far (`engine.declare.is_lasting`): they never change, and what is kept goes
when they go. A part of an answer is made of the object itself, by its attributes and by fields that are fixed, and of
what was loaded for it or depends on who asks and when: these are its inputs, compared by identity. Equal is not enough:
1 and True are, and read differently.
"""

from typing import Any

import msgspec

from engine.compile.plan import Field, Selection
from engine.declare import is_lasting

MOST_ROWS = 4
"""Parts of answers that are kept with one object, one for each plan and place; then it begins anew."""


def kept_by(selection: Selection) -> list[Field] | None:
    """The inputs that an object's part of the answer is kept by; None where it is not kept."""
    if not is_lasting(selection.type):
        return None
    inputs = [field for field in selection.fields if field.column >= 0 or not _is_fixed(field)]
    return inputs if all(field.is_leaf or field.is_inline_below for field in inputs) else None


def kept_whole_by(selection: Selection) -> list[Field] | None:
    """The columns that the parts of all objects of a list are kept by, together; None where they are not.

    Only what stands in one plain list by itself is: its part is then found with the list, and nothing need be asked of
    any object.
    """
    above = selection.above
    if above is None or above.column < 0 or above.is_abstract or above.lists != 1 or above.nullable[1]:
        return None
    inputs = kept_by(selection)
    return None if inputs is None or any(field.column < 0 for field in inputs) else inputs


def _is_fixed(field: Field) -> bool:
    """Whether an inline field's part depends on nothing but the object."""
    below = (each for selection in field.selections for each in selection.fields)
    return field.access.fixed and all(map(_is_fixed, below))


def again(kept: dict[Any, Any], key: Any, row: tuple[Any, ...]) -> Any:
    """The part of a row, or of a list's rows, that is given for the second time: it is kept as bytes from now on.

    What was made for one answer and never again does not cost that. A part with something in it that is no JSON stays
    as it is, for whoever writes the answer to complain of.
    """
    try:
        part: Any = msgspec.Raw(msgspec.json.encode(row[0]))
    except (TypeError, ValueError, RecursionError):
        return row[0]
    kept[key] = (part, *row[1:])
    return part


def keep(kept: dict[Any, Any], key: Any, row: tuple[Any, ...]) -> None:
    """Put a row into the `__dict__` of its object."""
    if key not in kept and len(kept) >= MOST_ROWS:
        ours = [each for each in kept if isinstance(each, type)]
        if len(ours) >= MOST_ROWS:
            for each in ours:
                del kept[each]
    kept[key] = row
