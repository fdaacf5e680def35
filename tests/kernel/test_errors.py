"""The error tree: its codes, and what stays inside."""

import pytest

from kernel.errors import (
    BadRequestError,
    CircuitOpenError,
    GatewayError,
    LimitExceededError,
    StoreUnavailableError,
    UpstreamError,
    UpstreamInvalidError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)


@pytest.mark.parametrize(
    ("kind", "code", "retryable"),
    [
        (UpstreamUnavailableError, "UPSTREAM_UNAVAILABLE", True),
        (CircuitOpenError, "UPSTREAM_UNAVAILABLE", False),
        (UpstreamTimeoutError, "UPSTREAM_TIMEOUT", False),
        (UpstreamInvalidError, "UPSTREAM_INVALID", False),
    ],
)
def test_upstream_errors(kind: type[UpstreamError], code: str, retryable: bool) -> None:
    """Each upstream error has its code, says whether to try again, and keeps host and cause out of its message."""
    error = kind("tmf620", detail="http://10.0.0.7/x: refused")
    assert (error.code, error.retryable, error.upstream) == (code, retryable, "tmf620")
    assert error.detail == "tmf620: http://10.0.0.7/x: refused"
    assert str(error) == error.message == kind.text
    assert "10.0.0.7" not in error.message
    assert "tmf620" not in error.message


def test_the_gateways_own_database() -> None:
    """To a client it is one more system that is not available; what the driver said is for the log."""
    error = StoreUnavailableError(detail="OperationalError: database is locked")
    assert (error.code, error.retryable) == ("UPSTREAM_UNAVAILABLE", True)
    assert str(error) == error.message == "The shop cannot keep this just now."
    assert error.detail == "OperationalError: database is locked"


@pytest.mark.parametrize(("kind", "code"), [(BadRequestError, "BAD_REQUEST"), (LimitExceededError, "LIMIT_EXCEEDED")])
def test_own_errors(kind: type[GatewayError], code: str) -> None:
    """An error about the caller's own request says to the caller what is wrong."""
    error = kind("No such page.")
    assert (error.code, error.message, error.detail, str(error)) == (code, "No such page.", "", "No such page.")


def test_codes_are_distinct() -> None:
    """A client tells errors apart by code: the leaves of the tree have different ones."""
    leaves = [BadRequestError, LimitExceededError, UpstreamUnavailableError, UpstreamTimeoutError, UpstreamInvalidError]
    assert len({leaf.code for leaf in leaves}) == 5
    assert all(issubclass(leaf, GatewayError) for leaf in leaves)
