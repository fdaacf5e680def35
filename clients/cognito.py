"""Amazon Cognito through pycognito, which is synchronous: every call runs in a thread of its own, within a time-out.

What a newcomer would get wrong: pycognito's `authenticate` and `renew_access_token` verify what they get with a
blocking fetch of keys, so passwords by SRP go through its `AWSSRP`, and what it does not know (USER_AUTH, revocation)
through its low-level client. There is a pycognito object for each call, because it holds the user; the low-level client
below is shared, being thread-safe, while making one takes 5 ms and the interpreter's lock with it.

Nothing here puts what Cognito said into an error, for it may repeat what was typed; only its exception's name goes on.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from clients.guard import CircuitBreaker
from clients.http import Sender
from kernel.clock import Clock
from kernel.errors import (
    UpstreamError,
    UpstreamInvalidError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)

if TYPE_CHECKING:
    from jwt import PyJWK
    from pycognito import Cognito

UPSTREAM = "cognito"
_OK = 200
_SERVER_ERROR = 500
T = TypeVar("T")


class Why(Enum):
    """Why Cognito refused."""

    CREDENTIALS = "credentials"
    UNKNOWN_USER = "unknown user"
    UNCONFIRMED = "unconfirmed"
    WRONG_CODE = "wrong code"
    OLD_CODE = "old code"
    TAKEN = "taken"
    ALIAS_TAKEN = "alias taken"
    WEAK_PASSWORD = "weak password"  # noqa: S105  (not one)
    TOO_OFTEN = "too often"
    PARAMETER = "parameter"
    MORE_WANTED = "more wanted"


_WHY = {
    "NotAuthorizedException": Why.CREDENTIALS,
    "PasswordResetRequiredException": Why.CREDENTIALS,
    "UserNotFoundException": Why.UNKNOWN_USER,
    "UserNotConfirmedException": Why.UNCONFIRMED,
    "CodeMismatchException": Why.WRONG_CODE,
    "ExpiredCodeException": Why.OLD_CODE,
    "UsernameExistsException": Why.TAKEN,
    "AliasExistsException": Why.ALIAS_TAKEN,
    "InvalidPasswordException": Why.WEAK_PASSWORD,
    "PasswordHistoryPolicyViolationException": Why.WEAK_PASSWORD,
    "LimitExceededException": Why.TOO_OFTEN,
    "TooManyFailedAttemptsException": Why.TOO_OFTEN,
    "InvalidParameterException": Why.PARAMETER,
    "UserLambdaValidationException": Why.PARAMETER,
    "UnauthorizedException": Why.CREDENTIALS,
    "UnsupportedTokenTypeException": Why.CREDENTIALS,
}
_THROTTLED = ("TooManyRequestsException", "ThrottlingException")


class CognitoRefusedError(Exception):
    """Cognito is well and said no. Nothing was changed."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True)
class Tokens:
    """What a sign-in brings. `seconds` is the life of the access token; a renewal has no new refresh token."""

    access: str = field(repr=False)
    identity: str = field(repr=False)
    refresh: str | None = field(repr=False)
    seconds: int


@dataclass(frozen=True)
class CognitoOptions:
    """Which pool, and how it is asked. `endpoint` is None for the service itself; `srp`: no password leaves us."""

    region: str
    pool: str
    client_id: str
    endpoint: str | None = None
    srp: bool = False
    timeout: float = 3.0
    threads: int = 8
    breaker_threshold: int = 5
    breaker_cooldown: float = 5.0

    @property
    def issuer(self) -> str:
        """The pool's URL, which tokens name."""
        return f"{self.endpoint or f'https://cognito-idp.{self.region}.amazonaws.com'}/{self.pool}"


class _Session:
    """Stands in for a boto3 session: pycognito asks it for a client and gets the one there is."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, _name: str, **_: Any) -> Any:
        return self._client


class CognitoClient:
    """One user pool. Each method raises `CognitoRefusedError` when Cognito says no, `UpstreamError` when it cannot."""

    def __init__(self, options: CognitoOptions, sender: Sender, clock: Clock) -> None:
        self.options = options
        self._sender = sender
        self._threads = ThreadPoolExecutor(options.threads, "cognito")
        self._breaker = CircuitBreaker(UPSTREAM, clock, options.breaker_threshold, options.breaker_cooldown)
        self._connecting: asyncio.Future[Any] | None = None

    def connect(self) -> "asyncio.Future[Any]":
        """The low-level client, in the making: importing boto3 alone takes 300 ms in a thread. Nobody is asked yet."""
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().run_in_executor(self._threads, _connect, self.options)
        return self._connecting

    async def aclose(self) -> None:
        """Let go of connections and threads; one that still waits for Cognito ends by its own time-out."""
        if self._connecting is not None:
            client = await asyncio.shield(self._connecting)
            client.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------ signing up

    async def sign_up(self, username: str, password: str | None, attributes: Mapping[str, str]) -> None:
        """Make a user, whom Cognito sends a code. Without a password the user signs in by codes alone."""

        def call(cognito: "Cognito") -> str:
            if password is None:
                named = [{"Name": name, "Value": value} for name, value in attributes.items()]
                answer = cognito.client.sign_up(ClientId=cognito.client_id, Username=username, UserAttributes=named)
            else:
                cognito.set_base_attributes(**attributes)
                answer = cognito.register(username, password)
            return str(answer["UserSub"])  # botocore lets a 200 pass whatever is in it

        await self._run(call)

    async def confirm_sign_up(self, username: str, code: str) -> None:
        await self._run(lambda cognito: cognito.confirm_sign_up(code, username))

    async def resend_code(self, username: str) -> None:
        await self._run(lambda cognito: cognito.resend_confirmation_code(username))

    # ------------------------------------------------------------ signing in

    async def sign_in(self, login: str, password: str) -> Tokens:
        """By password: as it is over TLS, or proved by SRP without being sent."""
        return await self._run(partial(_by_srp if self.options.srp else _by_password, login=login, password=password))

    async def send_sign_in_code(self, login: str, challenge: str) -> str:
        """Have a one-time code sent (`EMAIL_OTP` or `SMS_OTP`); the session that goes with it."""

        def call(cognito: "Cognito") -> str:
            parameters = {"USERNAME": login, "PREFERRED_CHALLENGE": challenge}
            answer = cognito.client.initiate_auth(
                ClientId=cognito.client_id, AuthFlow="USER_AUTH", AuthParameters=parameters
            )
            if answer["ChallengeName"] != challenge:
                raise CognitoRefusedError(Why.MORE_WANTED)
            return str(answer["Session"])

        return await self._run(call)

    async def answer_sign_in_code(self, login: str, challenge: str, session: str, code: str) -> Tokens:
        def call(cognito: "Cognito") -> Tokens:
            answer = cognito.client.respond_to_auth_challenge(
                ClientId=cognito.client_id,
                ChallengeName=challenge,
                Session=session,
                ChallengeResponses={"USERNAME": login, f"{challenge}_CODE": code},
            )
            return _tokens(answer)

        return await self._run(call)

    async def renew(self, refresh_token: str) -> Tokens:
        def call(cognito: "Cognito") -> Tokens:
            parameters = {"REFRESH_TOKEN": refresh_token}
            return _tokens(
                cognito.client.initiate_auth(
                    ClientId=cognito.client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters
                )
            )

        return await self._run(call)

    async def attributes(self, access_token: str) -> Mapping[str, str]:
        """What the pool knows of the token's owner, by its attributes' names."""

        def call(cognito: "Cognito") -> Mapping[str, str]:
            answer = cognito.client.get_user(AccessToken=access_token)
            return {each["Name"]: each["Value"] for each in answer["UserAttributes"]}

        return await self._run(call)

    async def sign_out(self, refresh_token: str) -> None:
        """End the sign-in that the token is of."""
        await self._run(lambda cognito: cognito.client.revoke_token(Token=refresh_token, ClientId=cognito.client_id))

    async def sign_out_everywhere(self, access_token: str) -> None:
        """End every sign-in of the token's owner."""

        def call(cognito: "Cognito") -> None:
            cognito.access_token = access_token
            cognito.logout()

        await self._run(call)

    # ------------------------------------------------------------ forgotten passwords

    async def send_reset_code(self, login: str) -> None:
        def call(cognito: "Cognito") -> None:
            cognito.username = login
            cognito.initiate_forgot_password()

        await self._run(call)

    async def reset_password(self, login: str, code: str, password: str) -> None:
        def call(cognito: "Cognito") -> None:
            cognito.username = login
            cognito.confirm_forgot_password(code, password)

        await self._run(call)

    # ------------------------------------------------------------ keys

    async def keys(self) -> Mapping[str, Any]:
        """The pool's public RSA keys by their ids, fetched without a thread.

        Raises:
            UpstreamError: no usable answer.
        """
        url = f"{self.options.issuer}/.well-known/jwks.json"
        headers = {"accept": "application/json"}
        reply = await self._sender.send("GET", url, headers=headers, seconds=self.options.timeout)
        if reply.status != _OK:
            raise UpstreamUnavailableError(UPSTREAM, detail=f"keys: {reply.status}")
        import jwt  # noqa: PLC0415  (9 MB that a shop without sign-in does without)

        try:
            found = jwt.PyJWKSet.from_dict(msgspec.json.decode(reply.body, type=dict[str, Any]))
        except (msgspec.MsgspecError, UnicodeDecodeError, jwt.PyJWTError, AttributeError, TypeError) as error:
            raise UpstreamInvalidError(UPSTREAM, detail=f"keys: {type(error).__name__}") from None
        return {key.key_id: key.key for key in found.keys if key.key_id and _may_sign(key)}

    # ------------------------------------------------------------ a call

    async def _run(self, call: "Callable[[Cognito], T]") -> T:
        """One call in a thread, its failures as the errors that this client promises."""
        client = await asyncio.shield(self.connect())
        self._breaker.before()
        try:
            async with asyncio.timeout(self.options.timeout):
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self._threads, self._called, client, call)
        except TimeoutError:
            self._breaker.failed()
            detail = f"no answer within {self.options.timeout:.2f} s"
            raise UpstreamTimeoutError(UPSTREAM, detail=detail) from None
        except (UpstreamUnavailableError, UpstreamTimeoutError) as error:
            if not isinstance(error, _ThrottledError):
                self._breaker.failed()
            raise
        except (CognitoRefusedError, UpstreamError):
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return answer

    def _called(self, client: Any, call: "Callable[[Cognito], T]") -> T:
        """In the thread: one pycognito object, one call."""
        from botocore.exceptions import (  # noqa: PLC0415  (see _connect)
            BotoCoreError,
            ClientError,
            ConnectTimeoutError,
            ReadTimeoutError,
        )
        from pycognito import Cognito  # noqa: PLC0415

        given = self.options
        cognito = Cognito(given.pool, given.client_id, user_pool_region=given.region, session=_Session(client))
        try:
            return call(cognito)
        except ClientError as error:
            raise _refusal(error) from None
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise UpstreamTimeoutError(UPSTREAM, detail=type(error).__name__) from None
        except BotoCoreError as error:
            raise UpstreamUnavailableError(UPSTREAM, detail=type(error).__name__) from None
        except (KeyError, ValueError, TypeError, NotImplementedError) as error:
            raise UpstreamInvalidError(UPSTREAM, detail=type(error).__name__) from None


class _ThrottledError(UpstreamUnavailableError):
    """Cognito is well, and has had enough of us for the moment."""


def _connect(options: CognitoOptions) -> Any:
    import boto3  # noqa: PLC0415  (a third of a second: only where there is a pool, and in a thread)
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        signature_version=UNSIGNED,  # these operations take no AWS credentials, and looking for some takes seconds
        connect_timeout=options.timeout,
        read_timeout=options.timeout,
        retries={"total_max_attempts": 1},
        max_pool_connections=options.threads,
    )
    return boto3.client("cognito-idp", region_name=options.region, endpoint_url=options.endpoint, config=config)


def _refusal(error: Any) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _WHY:
        return CognitoRefusedError(_WHY[code])
    if code in _THROTTLED:
        return _ThrottledError(UPSTREAM, detail=code)
    if status >= _SERVER_ERROR:
        return UpstreamUnavailableError(UPSTREAM, detail=f"{status} {code}"[:100])
    return UpstreamInvalidError(UPSTREAM, detail=f"{status} {code}"[:100])


def _by_password(cognito: "Cognito", *, login: str, password: str) -> Tokens:
    return _tokens(
        cognito.client.initiate_auth(
            ClientId=cognito.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": login, "PASSWORD": password},
        )
    )


def _by_srp(cognito: "Cognito", *, login: str, password: str) -> Tokens:
    from pycognito import AWSSRP  # noqa: PLC0415  (see _connect)
    from pycognito.exceptions import ForceChangePasswordException, MFAChallengeException  # noqa: PLC0415

    proof = AWSSRP(login, password, cognito.user_pool_id, cognito.client_id, client=cognito.client)
    try:
        return _tokens(proof.authenticate_user())
    except (ForceChangePasswordException, MFAChallengeException):
        raise CognitoRefusedError(Why.MORE_WANTED) from None


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    if "ChallengeName" in answer:
        raise CognitoRefusedError(Why.MORE_WANTED)
    result = answer["AuthenticationResult"]
    return Tokens(result["AccessToken"], result["IdToken"], result.get("RefreshToken"), int(result["ExpiresIn"]))


def _may_sign(key: "PyJWK") -> bool:
    return key.key_type == "RSA" and key.public_key_use in (None, "sig")
