"""A library of ours about GraphQL alone: declaring what fields read, what a selection needs, and compiling operations.

It knows nothing of telecoms and imports no other room.
"""

from engine.compile import Operations, Prepared
from engine.declare import computed, loads_of, reads_of, relation, upstream_of
from engine.projection import projection, selects

__all__ = [
    "Operations",
    "Prepared",
    "computed",
    "loads_of",
    "projection",
    "reads_of",
    "relation",
    "selects",
    "upstream_of",
]
