"""What a resolver may hand back besides a value: nothing, an exception, something to await.

Types are judged once each and remembered, so that a whole column costs one look at the set of its types.
"""

from typing import Any, Final

from graphql.pyutils import Undefined, is_awaitable

_MOST_TYPES = 10_000


class Failure:
    """An exception in the place of a value. Ours alone, so that it is never mistaken for one."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class UnfitError(Exception):
    """The generated completion met something that only the exact one can deal with."""


class NotAtHandError(Exception):
    """An object does not have of itself what a plan relied on."""


PLAIN: Final[set[type]] = {str, int, float, bool, list, tuple, dict}
"""Types known to be neither exceptions nor awaitable. Never None's: whether null is allowed depends on the place."""


def is_plain(kind: type) -> bool:
    """Whether values of a type can be used as they are."""
    if kind in PLAIN:
        return True
    if issubclass(kind, Exception | Failure | type(None) | type(Undefined)) or _awaitable(kind):
        return False
    if len(PLAIN) >= _MOST_TYPES:  # types made at run time must not be kept for ever
        PLAIN.clear()
    PLAIN.add(kind)
    return True


def _awaitable(kind: type) -> bool:
    """Or maybe so: an object that makes its attributes up can only be asked itself."""
    return hasattr(kind, "__await__") or hasattr(kind, "__getattr__") or hasattr(kind, "gi_code")


def all_plain(kinds: set[type]) -> bool:
    """Whether values of all these types can be used as they are."""
    return kinds <= PLAIN or all(map(is_plain, kinds))


def require_plain(value: Any) -> None:
    """Do nothing about a value that can be used as it is.

    Raises:
        UnfitError: it is nothing, an exception, or must be awaited.
    """
    if not is_plain(type(value)):
        unfit(value)


def at_hand(value: Any) -> Any:
    """The value, where there is one.

    Raises:
        NotAtHandError: there is none.
    """
    if value is None:
        raise NotAtHandError
    return value


def unfit(value: Any = None) -> Any:
    """Give up on the generated completion. A coroutine that nobody will await is closed.

    Raises:
        UnfitError: always.
    """
    close = getattr(value, "close", None)
    if close is not None and is_awaitable(value):
        close()
    raise UnfitError


def outcome(value: Any) -> Any:
    """A settled value as it is kept in a column: exceptions become failures, `Undefined` becomes None."""
    if isinstance(value, Exception):
        return Failure(value)
    return None if value is Undefined else value
