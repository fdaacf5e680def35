"""Whole answers at the edge: an operation of which every field is public is answered for nobody in particular, once.

What makes it safe is that nothing of the caller gets in: the context that such an answer is made in (`Public.context`)
knows the audience and no more, no principal, no cart, no cookie. So a field that was declared public by mistake fails,
or shows what a stranger sees; it cannot show one caller's things to another.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from starlette.types import Scope

from bff.edge.errors import execution_error
from bff.settings import AnswerSettings, Settings
from dataloaders.lru import ByteLRU
from engine import Answers, Made, Prepared
from kernel.clock import Clock
from kernel.context import Audience
from resolvers.context import Context

_MEMO_BYTES = 4_000_000
_MEMO_ENTRY_BYTES = 400
_BYTES_A_MEGABYTE = 1_000_000
Headers = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer as it goes out. `outcome`: whole, partial, or refused when nothing was executed. `good_until`: seconds
    since the epoch.
    """

    body: bytes
    outcome: str
    kept: bool
    good_until: float
    etag: bytes

    @property
    def refused(self) -> bool:
        return self.outcome == "refused"


class Public(Protocol):
    """What the edge must know to answer for nobody in particular."""

    def answers(self, scope: Scope) -> Answers[Whole] | None:
        """Where whole answers are kept; None where none are."""
        ...

    def audience(self, headers: Headers) -> Audience:
        """The audience of a guest who sends these headers."""
        ...

    def context(self, scope: Scope, audience: Audience) -> Context:
        """A context that knows nothing of a caller, and notes what is read."""
        ...


def open_answers(settings: Settings, clock: Clock) -> Answers[Whole] | None:
    """The store of one process; None where the settings leave no room for one.

    Who comes when half of a request's time is gone makes an answer of its own: the one under way ends when that is up.
    """
    if not settings.answers.memory_mb:
        return None
    memory: ByteLRU[Any] = ByteLRU(settings.answers.memory_mb * _BYTES_A_MEGABYTE)
    return Answers(memory, clock.now, settings.request_timeout / 2)


@dataclass
class Memo:
    """Which question a request's own bytes ask: so one that comes again is not even parsed. Only of public ones."""

    _known: ByteLRU[str] = field(default_factory=lambda: ByteLRU(_MEMO_BYTES))

    def get(self, asked: bytes) -> str | None:
        return self._known.get(asked)

    def put(self, asked: bytes, question: str) -> None:
        self._known.put(asked, question, _MEMO_ENTRY_BYTES + len(asked))


def question_of(text: str, operation: Prepared, variables: dict[str, Any] | None) -> str | None:
    """What is asked, whoever asks; None where the variables do not fit."""
    values = operation.variables_text(variables or {})
    if values is None:
        return None
    name = (operation.name or "").encode()
    document = hashlib.sha256(text.encode()).digest()
    return hashlib.sha256(b"".join((document, len(name).to_bytes(4), name, values))).hexdigest()


def made_of(result: Any, context: Context, settings: AnswerSettings) -> Made[Whole]:
    """The answer to an operation that was executed, with what it was made of and how long it is good."""
    reads = context.request.reads
    assert reads is not None  # noqa: S101  (`Public.context` promises it)
    errors = [execution_error(error) for error in result.errors or ()]
    refused = result.data is None and bool(errors) and all(error.path is None for error in result.errors)
    if refused:
        body = msgspec.json.encode({"errors": errors[:1]})  # the second only says that there are more
    else:
        body = msgspec.json.encode({"errors": errors, "data": result.data} if errors else {"data": result.data})
    outcome = "refused" if refused else "partial" if errors else "whole"
    tag = b'"' + hashlib.blake2b(body, digest_size=16).hexdigest().encode() + b'"'
    fresh = min(reads.fresh_until, reads.began + settings.lifetime)
    fresh_until = min(fresh, reads.holds_until)
    return Made(
        Whole(body, outcome, not errors and not reads.doubtful, fresh_until, tag),
        len(body),
        frozenset(reads.names),
        fresh_until,
        min(fresh + settings.stale_while_revalidate, reads.stale_until, reads.holds_until),
        min(fresh + settings.stale_if_error, reads.error_until, reads.holds_until),
        bool(errors),
        reads.doubtful,
    )


def has_tag(if_none_match: bytes, etag: bytes) -> bool:
    """Whether a client has it already: RFC 9110, section 13.1.2, by weak comparison."""
    given = (each.strip().removeprefix(b"W/") for each in if_none_match.split(b","))
    return any(each in (etag, b"*") for each in given)


def cache_control(whole: Whole, settings: AnswerSettings, now: float) -> bytes:
    """How long browsers and CDNs may show it. Events do not reach them, so that is far less than here."""
    left = int(whole.good_until - now)
    if not whole.kept:
        return b"private, no-store"
    age = max(0, min(settings.max_age, left))
    stale = max(0, min(settings.max_stale, left - age))
    return b"public, max-age=%d, stale-while-revalidate=%d" % (age, stale)
