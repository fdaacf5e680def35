"""How somebody signs up and in."""

from uuid import UUID

import strawberry

_TOKEN = "From the answer that had the code sent."  # noqa: S105  (a sentence)
_CODE = "The code that was sent."


@strawberry.input(description="A new user.")
class SignUpInput:
    idempotency_key: UUID = strawberry.field(description="Made up anew for each; sent again, nobody is sent two codes.")
    login: str = strawberry.field(description="An e-mail address, or a phone number in international form.")
    password: str | None = strawberry.field(default=None, description="Null: this user signs in by codes alone.")
    locale: str | None = strawberry.field(default=None, description='In which language to write: "en-GB" (BCP 47).')


@strawberry.input(description="The code that shows whose login it is.")
class ConfirmSignUpInput:
    challenge_token: str = strawberry.field(description=_TOKEN)
    code: str = strawberry.field(description=_CODE)
    password: str | None = strawberry.field(default=None, description="With it, the user is signed in at once.")


@strawberry.input(description="Another code in the place of one that did not arrive.")
class ResendCodeInput:
    challenge_token: str = strawberry.field(description=_TOKEN)


@strawberry.input(description="Login and password.")
class SignInInput:
    login: str = strawberry.field(description="An e-mail address, or a phone number in international form.")
    password: str = strawberry.field(description="The password.")


@strawberry.input(description="Whom to send a code by which to sign in.")
class RequestSignInCodeInput:
    login: str = strawberry.field(description="An e-mail address, or a phone number in international form.")


@strawberry.input(description="The code by which to sign in.")
class ConfirmSignInInput:
    challenge_token: str = strawberry.field(description=_TOKEN)
    code: str = strawberry.field(description=_CODE)


@strawberry.input(description="The session to go on with.")
class RefreshSessionInput:
    refresh_token: str | None = strawberry.field(default=None, description="Null where it is kept in a cookie.")


@strawberry.input(description="The session to end.")
class SignOutInput:
    refresh_token: str | None = strawberry.field(
        default=None,
        description="Ends this session alone. Null where it is kept in a cookie; with neither, all of the user's end.",
    )


@strawberry.input(description="Who has forgotten the password.")
class RequestPasswordResetInput:
    login: str = strawberry.field(description="An e-mail address, or a phone number in international form.")


@strawberry.input(description="A new password.")
class ResetPasswordInput:
    challenge_token: str = strawberry.field(description=_TOKEN)
    code: str = strawberry.field(description=_CODE)
    new_password: str = strawberry.field(description="The new password.")
