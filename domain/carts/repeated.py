"""What comes of a mutation whose idempotency key cannot be used now."""

from kernel.outcomes import ErrorCode, Rejection
from store.idempotency import InProgress, Mismatch

_KEY = ("input", "idempotencyKey")


def refusal(outcome: Mismatch | InProgress) -> Rejection:
    """Why a key cannot be used now."""
    if isinstance(outcome, Mismatch):
        return Rejection(ErrorCode.IDEMPOTENCY_MISMATCH, "This key was used for another request.", _KEY)
    message, after = "This very request is being carried out.", max(1, round(outcome.retry_after))
    return Rejection(ErrorCode.IN_PROGRESS, message, _KEY, retryable=True, retry_after=after)
