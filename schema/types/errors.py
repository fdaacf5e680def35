"""Refusals as data. A mutation's `errors` says why nothing was changed; clients tell them apart by `code`."""

import strawberry

from engine import computed
from kernel.outcomes import ErrorCode, Rejection, VersionConflict
from resolvers.context import Info
from schema.inputs.described import publish_enum

publish_enum(
    ErrorCode,
    "Why something was refused, or what stands in its way.",
    INVALID="Something in the input is not what it should be; `path` says what.",
    NOT_FOUND="There is no such thing, or it is not the caller's.",
    FORBIDDEN="The caller may not do this.",
    VERSION_CONFLICT="Somebody else was first; look again and decide again.",
    IDEMPOTENCY_MISMATCH="This key was used for another request.",
    CART_LOCKED="The cart is in a checkout, or over.",
    PRICE_CHANGED="A price is no longer what the shopper saw.",
    NOT_QUALIFIED="The offering is not available to this customer or at this address.",
    OUT_OF_STOCK="There are not as many as wanted.",
    NOT_SELLABLE="The offering cannot be bought in this cart now.",
    CHOICE_MISSING="Something is still to be chosen.",
    CHOICE_INVALID="What was chosen is not among the choices.",
    NUMBER_UNAVAILABLE="The number or SIM has gone to somebody else.",
    RESERVATION_EXPIRED="The reservation's time is over.",
    RESERVATION_LIMIT="No more can be reserved at the same time.",
    DUPLICATE="There is one already.",
    INVALID_CREDENTIALS="Login and password do not belong together.",
    OTP_INVALID="The code is wrong.",
    OTP_EXPIRED="The code's time is over.",
    RATE_LIMITED="Too often; try again later.",
    IN_PROGRESS="The same is being done right now; ask again with the same key.",
    PAYMENT_DECLINED="The payment was declined.",
    UPSTREAM_UNAVAILABLE="A system behind the shop did not do it; `retryable` says whether to ask again.",
)


@strawberry.interface(description="Why something was not done.")
class UserError:
    code: ErrorCode = strawberry.field(description="What it is; stable.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: list[str] | None = computed(
        lambda root: root.path, description="The place in the arguments that it is about."
    )
    retryable: bool = strawberry.field(description="Whether the same request, with the same key, may succeed later.")


@strawberry.type(description="A refusal that needs no more words.")
class GenericError(UserError):
    retry_after_seconds: int | None = computed(
        lambda root: root.retry_after, description="When it is worth asking again."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return type(obj) is Rejection


@strawberry.type(description="Somebody else was first. The payload's object shows how things stand now.")
class VersionConflictError(UserError):
    current_version: int = strawberry.field(description="The version now.")

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, VersionConflict)
