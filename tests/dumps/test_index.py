"""What the index keeps is of one state of the file, whenever the file changes."""

import asyncio
from types import SimpleNamespace
from typing import Any

from domain.catalog.dumps.index import OfferingIndex

FOR_ALL, HIDDEN = 0b1000_0000, 0b1000_0001


class File(SimpleNamespace):
    """One offering, shown or hidden; `version` as an open dump has it."""

    version = 1
    traits = FOR_ALL

    def hide(self) -> None:
        self.version, self.traits = 2, HIDDEN


def index_of(file: Any) -> OfferingIndex:
    index = OfferingIndex(file, None)  # type: ignore[arg-type]
    index._read_traits = lambda: bytes([file.traits])  # type: ignore[method-assign]
    return index


async def test_what_was_read_before_a_change_makes_nothing_that_is_kept_after_it() -> None:
    """The file changes while a set waits for its turn to be made of what is known of the offerings."""
    file = File()
    index = index_of(file)
    assert await index.visible(1 << 3) == 1
    async with index._turn:
        waiting = asyncio.create_task(index.visible(1 << 3 | 1))
        await asyncio.sleep(0)
        file.hide()
    await waiting
    assert await index.visible(1 << 3 | 1) == 0


async def test_what_is_made_while_the_file_changes_is_not_kept() -> None:
    """Not even in the last moment: it is made on a thread, and others go on reading."""
    file = File()
    index = index_of(file)

    def size(_: object) -> int:
        file.hide()
        assert index._get("other") is None
        return 0

    assert await index._made("set", lambda: "old", size) == "old"
    assert index._get("set") is None
