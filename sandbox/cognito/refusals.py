"""What the pool refuses with: Cognito's exception names and, where clients look at them, its words."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a failure of the program
    """`kind` is the exception's name, as in `__type`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


def bad_credentials() -> Refused:
    return Refused("NotAuthorizedException", "Incorrect username or password.")


def bad_parameter(message: str) -> Refused:
    return Refused("InvalidParameterException", message)


def bad_code() -> Refused:
    return Refused("CodeMismatchException", "Invalid verification code provided, please try again.")


def old_code() -> Refused:
    return Refused("ExpiredCodeException", "Invalid code provided, please request a code again.")


def too_often() -> Refused:
    return Refused("LimitExceededException", "Attempt limit exceeded, please try after some time.")


def bad_session() -> Refused:
    return Refused("NotAuthorizedException", "Invalid session for the user.")


def bad_token(message: str = "Access Token has been revoked") -> Refused:
    return Refused("NotAuthorizedException", message)


def unknown_user() -> Refused:
    return Refused("UserNotFoundException", "User does not exist.")
