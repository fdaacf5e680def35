"""The errors a client is *not* expected to handle, each with the stable code it carries to the client.

Expected outcomes (a lost race, a changed price) are data, not exceptions: they never appear here. A message in this
tree is written for the client; what an upstream said goes into `detail`, which only the log sees.

    GatewayError
    ├── BadRequestError              BAD_REQUEST
    ├── LimitExceededError           LIMIT_EXCEEDED
    ├── RateLimitedError             RATE_LIMITED
    ├── UnauthenticatedError         UNAUTHENTICATED
    ├── ForbiddenError               FORBIDDEN
    ├── NotFoundError                NOT_FOUND
    ├── StoreUnavailableError        UPSTREAM_UNAVAILABLE
    └── UpstreamError
        ├── UpstreamUnavailableError UPSTREAM_UNAVAILABLE
        │   ├── CircuitOpenError
        │   ├── UpstreamUnreachedError
        │   └── UnknownOutcomeError
        ├── UpstreamTimeoutError     UPSTREAM_TIMEOUT
        └── UpstreamInvalidError     UPSTREAM_INVALID
"""

from typing import ClassVar


class GatewayError(Exception):
    """Base of all: `code` goes into `extensions.code`, `message` to the client, `detail` to the log only."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class BadRequestError(GatewayError):
    """The caller sent something that cannot mean anything; nothing was asked of an upstream."""

    code = "BAD_REQUEST"


class LimitExceededError(GatewayError):
    """The caller asked for more than the gateway does in one go."""

    code = "LIMIT_EXCEEDED"


class RateLimitedError(GatewayError):
    """Asked too often, or it cannot be counted how often; the same may well succeed later."""

    code = "RATE_LIMITED"
    retryable: ClassVar[bool] = True


class UnauthenticatedError(GatewayError):
    """Whoever asks is not who it says, is so no longer, or says nothing where it must. `detail` tells the log why."""

    code = "UNAUTHENTICATED"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("Sign in first: this is no valid access token.", detail=detail)


class ForbiddenError(GatewayError):
    """A request that is understood and refused, whoever makes it."""

    code = "FORBIDDEN"


class NotFoundError(GatewayError):
    """What is asked about is not there, or is not the caller's: both look the same."""

    code = "NOT_FOUND"


class StoreUnavailableError(GatewayError):
    """The gateway's own database cannot be reached, is locked for too long, or is full."""

    code = "UPSTREAM_UNAVAILABLE"
    retryable: ClassVar[bool] = True

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("The shop cannot keep this just now.", detail=detail)


class UpstreamError(GatewayError):
    """An upstream did not give what was needed. `retryable`: the same GET may well succeed at once."""

    retryable: ClassVar[bool] = False

    def __init__(self, upstream: str, *, detail: str = "") -> None:
        super().__init__(self.text, detail=f"{upstream}: {detail}")
        self.upstream = upstream

    text: ClassVar[str] = "A system behind the shop failed."


class UpstreamUnavailableError(UpstreamError):
    """Refused, reset, 5xx, or not even asked because its circuit breaker is open."""

    code = "UPSTREAM_UNAVAILABLE"
    retryable = True
    text = "A system behind the shop is not available."


class CircuitOpenError(UpstreamUnavailableError):
    """Not asked: the upstream failed too often just now. Asking again at once cannot help."""

    retryable = False


class UpstreamUnreachedError(UpstreamUnavailableError):
    """No connection came about: whatever was to be sent has certainly had no effect."""


class UnknownOutcomeError(UpstreamUnavailableError):
    """A write without a usable answer: it may have had its effect, or have it later, or never. Only a read can tell."""

    retryable = False


class UpstreamTimeoutError(UpstreamError):
    """No whole answer within the deadline."""

    code = "UPSTREAM_TIMEOUT"
    text = "A system behind the shop did not answer in time."


class UpstreamInvalidError(UpstreamError):
    """An answer that cannot be used: not JSON, another shape, an error in a 200, larger than allowed."""

    code = "UPSTREAM_INVALID"
    text = "A system behind the shop gave an unusable answer."
