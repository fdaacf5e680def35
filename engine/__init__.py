"""A library of ours about GraphQL alone: declaring what fields read, what a selection needs, and compiling operations.

It knows nothing of telecoms and imports no other room.
"""

from engine.answers import Answers, Found, Made
from engine.compile import LateError, Operations, Prepared
from engine.declare import (
    computed,
    followed,
    is_lasting,
    lasting_list,
    loads_of,
    reads_of,
    relation,
    shown_by,
    upstream_of,
)
from engine.projection import projection, selects
from engine.public import names, private_field, public_fields

__all__ = [
    "Answers",
    "Found",
    "LateError",
    "Made",
    "Operations",
    "Prepared",
    "computed",
    "followed",
    "is_lasting",
    "lasting_list",
    "loads_of",
    "names",
    "private_field",
    "projection",
    "public_fields",
    "reads_of",
    "relation",
    "selects",
    "shown_by",
    "upstream_of",
]
