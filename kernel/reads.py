"""What one answer was made of, noted while it is made, so that it can be kept for as long as it holds, and no longer.

Whoever reads for a request notes what it read: under which names changes of it are told, until when it is fresh, and
when the mere passing of time changes what it means. What a newcomer would get wrong: a reader that notes nothing lets
an answer live on after what is in it has changed.
"""

FOREVER = float("inf")


class Reads:
    """All moments are seconds since the epoch. `began`: since when, at the earliest, anything was read.

    Until `fresh_until` all of it is fresh; until `stale_until` it may be used while it is renewed, until `error_until`
    when that fails: each the earliest of anything's. `holds_until`: when something begins or ends, such as the time in
    which a price is in force; from then on the answer is wrong, however fresh. `doubtful`: something was used that is
    only better than nothing.
    """

    __slots__ = ("began", "doubtful", "error_until", "fresh_until", "holds_until", "names", "stale_until")

    def __init__(self, began: float) -> None:
        self.began = began
        self.names: set[str] = set()
        self.fresh_until = self.stale_until = self.error_until = self.holds_until = FOREVER
        self.doubtful = False

    def note(self, fresh_until: float, stale_until: float, error_until: float) -> None:
        """Something was read that is good for so long."""
        self.fresh_until = min(self.fresh_until, fresh_until)
        self.stale_until = min(self.stale_until, stale_until)
        self.error_until = min(self.error_until, error_until)

    def note_change(self, at: float) -> None:
        """Something means something else from this moment on; one that was over before the answer was begun is none."""
        if at > self.began:
            self.holds_until = min(self.holds_until, at)


def entity_names(path: str, local_id: str) -> tuple[str, ...]:
    """What to note of an entity of the collection `path`."""
    return f"{path}/{local_id}", f"{path}/*"


def listing_names(path: str) -> tuple[str, ...]:
    """What to note of a listing: whichever of its entities changes, it may have others now."""
    return f"{path}/", f"{path}/*"


def names_told_by(change: str) -> tuple[str, ...]:
    """The noted names that a change makes outdated: of `productOffering/po-1`, or of any (`productOffering/*`)."""
    path, _, local_id = change.partition("/")
    return (change,) if local_id == "*" else (change, f"{path}/")
