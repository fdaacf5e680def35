"""Signing up, in and out. A session's tokens go into cookies where those are wanted, and into the answer elsewhere."""

from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from strawberry import argument

from domain.identity.outcomes import ChallengeOutcome, Kind, Session, SessionOutcome
from domain.identity.principals import Viewer, viewer_of
from resolvers.context import Context, Info
from schema.inputs import sessions as inputs

# ---------------------------------------------------------------- the root's fields


def viewer(info: Info) -> Any:
    return viewer_of(info.context.request.principal)


async def sign_up(
    info: Info,
    input: Annotated[inputs.SignUpInput, argument(description="Who, and with which password.")],  # noqa: A002
) -> Any:
    codes, key = info.context.require_identity().codes, str(input.idempotency_key)
    return await codes.sign_up(info.context.request, key, input.login, input.password, input.locale)


async def confirm_sign_up(
    info: Info,
    input: Annotated[inputs.ConfirmSignUpInput, argument(description="The code.")],  # noqa: A002
) -> Any:
    sessions, ctx = info.context.require_identity().sessions, info.context.request
    outcome = await sessions.confirm_sign_up(ctx, input.challenge_token, input.code, input.password)
    return _begun(info.context, outcome)


async def resend_code(
    info: Info,
    input: Annotated[inputs.ResendCodeInput, argument(description="Which code.")],  # noqa: A002
) -> Any:
    return await info.context.require_identity().codes.resend(info.context.request, input.challenge_token)


async def sign_in(
    info: Info,
    input: Annotated[inputs.SignInInput, argument(description="Login and password.")],  # noqa: A002
) -> Any:
    sessions = info.context.require_identity().sessions
    return _begun(info.context, await sessions.sign_in(info.context.request, input.login, input.password))


async def request_sign_in_code(
    info: Info,
    input: Annotated[inputs.RequestSignInCodeInput, argument(description="Whose.")],  # noqa: A002
) -> Any:
    return await info.context.require_identity().codes.request(info.context.request, Kind.SIGN_IN, input.login)


async def confirm_sign_in(
    info: Info,
    input: Annotated[inputs.ConfirmSignInInput, argument(description="The code.")],  # noqa: A002
) -> Any:
    sessions = info.context.require_identity().sessions
    outcome = await sessions.confirm_sign_in(info.context.request, input.challenge_token, input.code)
    return _begun(info.context, outcome)


async def refresh_session(
    info: Info,
    input: Annotated[inputs.RefreshSessionInput, argument(description="Which session.")],  # noqa: A002
) -> Any:
    sessions = info.context.require_identity().sessions
    return _begun(info.context, await sessions.refresh(input.refresh_token or info.context.refresh_token))


async def sign_out(
    info: Info,
    input: Annotated[inputs.SignOutInput | None, argument(description="Which session.")] = None,  # noqa: A002
) -> Any:
    context = info.context
    token = (input.refresh_token if input else None) or context.refresh_token
    outcome = await context.require_identity().sessions.sign_out(context.request, token)
    if outcome.signed_out and context.keep_session is not None:
        context.keep_session(None)
    return outcome


async def request_password_reset(
    info: Info,
    input: Annotated[inputs.RequestPasswordResetInput, argument(description="Whose.")],  # noqa: A002
) -> Any:
    return await info.context.require_identity().codes.request(info.context.request, Kind.RESET, input.login)


async def reset_password(
    info: Info,
    input: Annotated[inputs.ResetPasswordInput, argument(description="The code and the new password.")],  # noqa: A002
) -> Any:
    codes, ctx = info.context.require_identity().codes, info.context.request
    return await codes.reset_password(ctx, input.challenge_token, input.code, input.new_password)


def _begun(context: Context, outcome: SessionOutcome) -> SessionOutcome:
    """A session that begins or goes on: kept in cookies where they are wanted, and the request goes on as its owner."""
    if outcome.session is not None and context.keep_session is not None:
        context.keep_session(outcome.session)
        shown = Session(None, None, outcome.session.expires_at)
        outcome = SessionOutcome(shown, outcome.principal, outcome.errors)
    if outcome.principal is not None:
        context.become(outcome.principal)
    return outcome


async def load_viewer(context: Context, local: str) -> Viewer | None:
    """The viewer of an id, which nobody sees but the user."""
    found = viewer_of(context.request.principal)
    return found if found is not None and found.id == local else None


# ---------------------------------------------------------------- what came of it


def challenge_token(root: strawberry.Parent[ChallengeOutcome]) -> str | None:
    return root.token


def delivery_hint(root: strawberry.Parent[ChallengeOutcome]) -> str | None:
    return root.hint


def resend_after(root: strawberry.Parent[ChallengeOutcome]) -> int | None:
    return root.resend_after


def access_token(root: strawberry.Parent[Session]) -> str | None:
    return root.access


def refresh_token(root: strawberry.Parent[Session]) -> str | None:
    return root.refresh


def expires_at(root: strawberry.Parent[Session]) -> datetime:
    return datetime.fromtimestamp(int(root.expires_at), UTC)


# ---------------------------------------------------------------- the viewer


async def viewer_login(root: strawberry.Parent[Viewer], info: Info) -> str | None:
    identity = info.context.identity
    return None if identity is None else await identity.logins.of(root.principal)
