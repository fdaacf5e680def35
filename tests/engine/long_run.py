"""`scripts/differential`: many random documents, executed both ways; stops at the first divergence and shows it."""

import asyncio
import logging
import sys
from collections import Counter
from random import Random

import structlog

from tests.engine.differential import Compared, compare
from tests.engine.documents import document
from tests.engine.world import World, schema

TROUBLE = (0, 0, 20, 150)
"""How often a place misbehaves, of 1000; half of the worlds are without fault."""


async def case(number: int) -> Compared:
    """The case of a number is always the same."""
    random = Random(number)
    asked = document(schema._schema, random)
    trouble = TROUBLE[number % len(TROUBLE)]
    return await compare(schema._schema, asked, lambda: World(number, trouble))


async def run(cases: int, first: int) -> Counter[str]:
    """So many valid documents, from the first seed on; what came of them."""
    counted: Counter[str] = Counter()
    number = first
    while counted["compared"] < cases:
        done = await case(number)
        counted["compared"] += done.kind == "same"
        counted["with errors"] += done.exact
        counted["awaiting"] += done.awaited
        counted[done.kind] += done.kind != "same"
        number += 1
    return counted


def main() -> None:
    cases, first = (int(each) for each in (*sys.argv[1:], *("20000", "0")[len(sys.argv) - 1 :]))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    print(dict(asyncio.run(run(cases, first))))  # noqa: T201


if __name__ == "__main__":
    main()
