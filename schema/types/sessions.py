"""Signing up and in, and whoever is signed in."""

from datetime import datetime

import strawberry

from domain.identity import principals
from engine import computed
from resolvers import sessions as resolve
from resolvers.context import Info
from resolvers.customers import viewer_customers
from resolvers.nodes import global_id
from schema.types.common import Node
from schema.types.customers import CustomerConnection
from schema.types.errors import UserError


@strawberry.type(description="Whoever is signed in.")
class Viewer(Node):
    id: strawberry.ID = computed(global_id("Viewer"), description="The user's id.")
    login: str | None = computed(resolve.viewer_login, description="The e-mail address or phone number.")
    customers: CustomerConnection | None = computed(
        viewer_customers, description="The customers that the viewer acts for, and as what."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, principals.Viewer)


@strawberry.type(description="A sign-in. Where its tokens are kept in cookies, they are null here.")
class Session:
    access_token: str | None = computed(resolve.access_token, description="Send it as `Authorization: Bearer`.")
    expires_at: datetime = computed(resolve.expires_at, description="When the access token ends: refresh it before.")
    refresh_token: str | None = computed(
        resolve.refresh_token, description="Brings the next access token; keep it secret."
    )


@strawberry.type(description="What came of asking for a code. It says nothing about who has an account.")
class ChallengePayload:
    challenge_token: str | None = computed(resolve.challenge_token, description="Send it with the code.")
    delivery_hint: str | None = computed(resolve.delivery_hint, description="Where the code goes, if anybody is there.")
    resend_after_seconds: int | None = computed(resolve.resend_after, description="When to offer another code.")
    errors: list[UserError] = strawberry.field(description="Why nothing was sent, or done.")


@strawberry.type(description="What came of signing in.")
class SessionPayload:
    session: Session | None = strawberry.field(description="The session; null when there is none.")
    viewer: Viewer | None = strawberry.field(description="Who is signed in now.")
    errors: list[UserError] = strawberry.field(description="Why there is no session.")


@strawberry.type(description="What came of signing out.")
class SignOutPayload:
    signed_out: bool = strawberry.field(description="Whether the session is over.")
    errors: list[UserError] = strawberry.field(description="Why it is not.")
