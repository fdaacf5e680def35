"""One call of one upstream, made safe: within a time-out, fenced by circuit breakers, a GET retried on a budget.

What a newcomer would get wrong: every status the caller does not name as an answer is an error here, 404 included. And
a write that was sent and brought no usable answer has not failed: its outcome is unknown, and nothing here repeats it.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import stamina

from clients.auth import Authentication
from clients.guard import CircuitBreaker, RetryBudget
from clients.http import Reply, Sender
from clients.metrics import TimedCall
from kernel.clock import Clock
from kernel.context import Audience, Deadline
from kernel.errors import (
    UnknownOutcomeError,
    UpstreamError,
    UpstreamInvalidError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
    UpstreamUnreachedError,
)

_SUCCESS = (200, 206)
_WRITTEN = range(200, 300)
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TIMEOUT = 408
_TOO_MANY = 429
_SERVER_ERROR = 500
_INSTANT = 0.001  # stamina takes 0 for no limit


class RefusedError(UpstreamInvalidError):
    """A 4xx (or a redirect): the server is well and does not want this request."""

    def __init__(self, upstream: str, status: int, *, detail: str) -> None:
        super().__init__(upstream, detail=detail)
        self.status = status

    @property
    def of_the_caller(self) -> bool:
        """Whether it is us whom it does not want: then asking in another way is no use, and a load on it besides."""
        return self.status in (_UNAUTHORIZED, _FORBIDDEN)


@dataclass(frozen=True)
class UpstreamOptions:
    """Settings of one upstream, all with the meaning that `.env.example` gives.

    `private`: it holds what people tell of themselves, so that no log may have a filter or a word of its answers.
    """

    base_url: str
    version: str = "v4"
    timeout: float = 5.0
    page_size: int = 100
    max_url: int = 4_000
    fan_out: int = 8
    attempts: int = 3
    channel_header: str = "x-channel"
    breaker_threshold: int = 5
    breaker_cooldown: float = 5.0
    private: bool = False


@dataclass(frozen=True)
class Request:
    """What is sent; `path` begins behind the base URL, and `headers` come on top of those every request has."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Calls:
    """Calls of one upstream. `breakers` are kept by the name of the collection that is asked."""

    name: str
    options: UpstreamOptions
    sender: Sender
    clock: Clock
    auth: Authentication
    budget: RetryBudget
    breakers: dict[str, CircuitBreaker] = field(default_factory=dict)

    async def get(self, collection: str, path: str, audience: Audience, *, also: tuple[int, ...]) -> Reply:
        """A GET with retries, within the upstream's time-out as a whole. `also`: statuses that are answers too.

        Raises:
            RefusedError: any other status below 500.
            UpstreamError: no usable answer.
        """
        deadline = Deadline.after(self.options.timeout)
        try:  # nearly always enough, and stamina costs as much as a tenth of a call
            return self._usable(path, await self._try(collection, path, audience, deadline), also)
        except UpstreamError as error:
            first = error
        tries = itertools.count(1)  # the budget pays for repetitions, and the last try has none
        retries = stamina.retry_context(
            on=lambda error: next(tries) < self.options.attempts and self.budget.allows(error),
            attempts=self.options.attempts,
            timeout=max(deadline.remaining(), _INSTANT),
            wait_initial=0.05,
            wait_max=0.5,
            wait_jitter=0.05,
        )
        async for attempt in retries:
            with attempt:
                if attempt.num == 1:  # it is over
                    raise first
                return self._usable(path, await self._try(collection, path, audience, deadline), also)
        raise UpstreamUnavailableError(self.name, detail="no attempt was made")  # pragma: no cover

    def _usable(self, path: str, reply: Reply, also: tuple[int, ...]) -> Reply:
        if reply.status not in _SUCCESS and reply.status not in also:
            raise RefusedError(self.name, reply.status, detail=self._told("GET", path, reply))
        return reply

    async def write(
        self, collection: str, request: Request, audience: Audience, *, also: tuple[int, ...] = ()
    ) -> Reply:
        """A POST, PATCH or DELETE, sent once. `also`: statuses that are answers too.

        Raises:
            UnknownOutcomeError: it was sent, and no answer tells what became of it.
            RefusedError: any other status below 500; nothing was changed.
            UpstreamError: it was not sent.
        """
        deadline = Deadline.after(self.options.timeout)
        breaker = self._breaker(collection)
        breaker.before()
        proof = await self.auth.headers(deadline.require(self.name))
        try:
            reply = await self._exchange(collection, request, audience, deadline, proof)
        except UpstreamUnreachedError:
            breaker.failed()
            raise
        except UpstreamError as error:
            breaker.failed()
            raise UnknownOutcomeError(self.name, detail=error.detail) from error
        told = self._told(request.method, request.path, reply)
        if reply.status >= _SERVER_ERROR or reply.status in (_TIMEOUT, _TOO_MANY):
            breaker.failed()
            raise UnknownOutcomeError(self.name, detail=told)
        breaker.succeeded()
        if reply.status not in _WRITTEN and reply.status not in also:
            raise RefusedError(self.name, reply.status, detail=told)
        return reply

    async def _try(self, collection: str, path: str, audience: Audience, deadline: Deadline) -> Reply:
        """One attempt, and what it tells the circuit breaker. An unusable answer tells it nothing."""
        breaker = self._breaker(collection)
        breaker.before()
        self.budget.called()
        try:
            proof = await self.auth.headers(deadline.require(self.name))
            reply = await self._exchange(collection, Request("GET", path), audience, deadline, proof)
        except (UpstreamUnavailableError, UpstreamTimeoutError):
            breaker.failed()
            raise
        if reply.status >= _SERVER_ERROR or reply.status == _TOO_MANY:
            breaker.failed()
            raise UpstreamUnavailableError(self.name, detail=self._told("GET", path, reply))
        breaker.succeeded()
        return reply

    async def _exchange(
        self, collection: str, request: Request, audience: Audience, deadline: Deadline, proof: Mapping[str, str]
    ) -> Reply:
        """The request itself, and once more with a new token when the first was refused, and so had no effect."""
        reply = await self._send(collection, request, audience, deadline, proof)
        if reply.status == _UNAUTHORIZED and self.auth.rejected(proof):
            proof = await self.auth.headers(deadline.require(self.name))
            reply = await self._send(collection, request, audience, deadline, proof)
        return reply

    def _told(self, method: str, path: str, reply: Reply) -> str:
        """An answer as the log may have it."""
        if self.options.private:
            return f"{_bare(method, path)}: {reply.status}"
        return f"{method} {path}: {reply.status} {reply.body[:200]!r}"

    async def _send(
        self, collection: str, request: Request, audience: Audience, deadline: Deadline, proof: Mapping[str, str]
    ) -> Reply:
        headers = {
            **proof,
            **request.headers,
            "accept": "application/json",
            "accept-language": audience.language,
            self.options.channel_header: audience.channel,
        }
        url, seconds = f"{self.options.base_url}/{request.path}", deadline.require(self.name)
        with TimedCall(collection, request.method) as call:
            try:
                reply = await self.sender.send(
                    request.method, url, headers=headers, content=request.content, seconds=seconds
                )
            except UpstreamError as error:
                if self.options.private:
                    _hush(error, _bare(request.method, request.path))
                raise
            call.status = reply.status
        return reply

    def _breaker(self, collection: str) -> CircuitBreaker:
        if collection not in self.breakers:
            self.breakers[collection] = CircuitBreaker(
                collection,
                self.clock,
                threshold=self.options.breaker_threshold,
                cooldown=self.options.breaker_cooldown,
            )
        return self.breakers[collection]


def _bare(method: str, path: str) -> str:
    """A request without what it filters by."""
    return f"{method} {path.partition('?')[0]}"


def _hush(error: UpstreamError, asked: str) -> None:
    """Leave of an error what was asked and what kind of failure it was; its own text has the whole URL."""
    why = type(error.__cause__ or error).__name__
    error.detail = f"{error.upstream}: {asked}: {why}"
    error.__cause__, error.__suppress_context__ = None, True
