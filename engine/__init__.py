"""A library of ours about GraphQL alone: declaring what fields read, and working out what a selection needs.

It knows nothing of telecoms and imports no other room. The compiler of operations will live here too.
"""

from engine.declare import computed, loads_of, reads_of, upstream_of
from engine.projection import projection, selects

__all__ = ["computed", "loads_of", "projection", "reads_of", "selects", "upstream_of"]
