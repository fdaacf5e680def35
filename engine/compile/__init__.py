"""The compiler of operations: a valid operation becomes a plan, a plan becomes answers.

plan.py      what is asked for, as a tree: which fields are read inline, which have columns
access.py    how a field's value is got
load.py      filling the columns, level by level          resolve.py, settle.py, kinds.py help it
source.py    the generated function that builds the answer from the columns        leaves.py helps it
exact.py     the same by the book, when anything failed: errors, paths, nulls going up
operation.py chooses between a plan and graphql-core
"""

from engine.compile.operation import Operations, Prepared
from engine.compile.settle import LateError

__all__ = ["LateError", "Operations", "Prepared"]
