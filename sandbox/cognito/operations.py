"""What the pool does: each operation takes Cognito's request and gives its answer, or refuses.

As with `PreventUserExistenceErrors` enabled, which Cognito recommends, a user who does not exist is answered like one
who does, as far as Cognito goes; `prevent` off answers UserNotFoundException.
"""

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cognito import srp
from sandbox.cognito.keys import PoolKeys
from sandbox.cognito.refusals import (
    Refused,
    bad_code,
    bad_credentials,
    bad_parameter,
    bad_session,
    too_often,
    unknown_user,
)
from sandbox.cognito.sessions import Sessions
from sandbox.cognito.users import (
    CONFIRMED,
    LIVES,
    MAX_TRIES,
    POOL_NAME,
    RESET,
    SIGN_IN,
    SIGN_UP,
    UNCONFIRMED,
    Users,
    attribute_of,
    check_password,
    delivery,
)
from sandbox.tables import Document

POOL = f"eu-west-1_{POOL_NAME}"
CLIENT = "sandboxshop0000000000client"
OTHER_CLIENT = "othershop000000000000client"
_OTP = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}
_CODE_NAMES = {"EMAIL_OTP": "EMAIL_OTP_CODE", "SMS_OTP": "SMS_OTP_CODE"}
_MOST_SESSIONS = 10_000

Answer = dict[str, Any]
Given = Mapping[str, Any]


class Operations:
    """The operations by their names in `X-Amz-Target`. Each call gives the issuer, the URL that it was sent to."""

    def __init__(self, users: Users, sessions: Sessions, keys: PoolKeys) -> None:
        self._users, self._sessions, self._keys = users, sessions, keys
        self._waiting: dict[str, dict[str, Any]] = {}
        self.prevent = True
        self.by_name: Mapping[str, Callable[[Given, str], Answer]] = {
            "SignUp": self._sign_up,
            "ConfirmSignUp": self._confirm_sign_up,
            "ResendConfirmationCode": self._resend,
            "InitiateAuth": self._initiate,
            "RespondToAuthChallenge": self._respond,
            "ForgotPassword": self._forgot,
            "ConfirmForgotPassword": self._reset,
            "GlobalSignOut": self._global_sign_out,
            "RevokeToken": self._revoke,
            "GetUser": self._get_user,
        }

    def clear(self) -> None:
        self._waiting.clear()
        self._users.ahead = 0.0
        self.prevent = True

    # ------------------------------------------------------------ signing up

    def _sign_up(self, given: Given, _issuer: str) -> Answer:
        _client(given)
        attributes = {each["Name"]: str(each.get("Value", "")) for each in given.get("UserAttributes", [])}
        user = self._users.add(_text(given, "Username"), given.get("Password"), attributes)
        sent = self._users.send_code(user, SIGN_UP, attribute_of(user))
        return {"UserConfirmed": False, "UserSub": user["sub"], "CodeDeliveryDetails": sent}

    def _confirm_sign_up(self, given: Given, _issuer: str) -> Answer:
        _client(given)
        user = self._users.find(_text(given, "Username"))
        if user is None:
            raise bad_code() if self.prevent else unknown_user()
        if user["status"] != UNCONFIRMED:
            raise Refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
        attribute = self._users.take_code(user, SIGN_UP, _text(given, "ConfirmationCode"))
        self._users.confirm(user, attribute)
        return {}

    def _resend(self, given: Given, _issuer: str) -> Answer:
        _client(given)
        name = _text(given, "Username")
        user = self._users.find(name)
        if user is None:
            if self.prevent:
                return {"CodeDeliveryDetails": _pretended(name)}
            raise unknown_user()
        if user["status"] != UNCONFIRMED:
            raise bad_parameter("User is already confirmed.")
        return {"CodeDeliveryDetails": self._users.send_code(user, SIGN_UP, attribute_of(user))}

    # ------------------------------------------------------------ signing in

    def _initiate(self, given: Given, issuer: str) -> Answer:
        client, flow = _client(given), given.get("AuthFlow")
        parameters = given.get("AuthParameters") or {}
        if flow in ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"):
            renewed = self._sessions.renew(_text(parameters, "REFRESH_TOKEN"), client, issuer)
            return {"AuthenticationResult": renewed, "ChallengeParameters": {}}
        name = _text(parameters, "USERNAME")
        if flow == "USER_PASSWORD_AUTH":
            user = self._known(name)
            self._users.check_password(user, _text(parameters, "PASSWORD"))
            return self._signed_in(user, client, issuer)
        if flow == "USER_SRP_AUTH":
            return self._begin_srp(name, _text(parameters, "SRP_A"))
        if flow == "USER_AUTH":
            return self._begin_code(name, parameters.get("PREFERRED_CHALLENGE", ""), client)
        raise bad_parameter(f"Unsupported auth flow {flow}")

    def _known(self, name: str) -> Document:
        user = self._users.find(name)
        if user is None:
            raise bad_credentials() if self.prevent else unknown_user()
        return user

    def _signed_in(self, user: Document, client: str, issuer: str) -> Answer:
        if user["status"] != CONFIRMED:
            raise Refused("UserNotConfirmedException", "User is not confirmed.")
        return {"AuthenticationResult": self._sessions.begin(user, client, issuer), "ChallengeParameters": {}}

    def _begin_srp(self, name: str, client_public: str) -> Answer:
        user = self._users.find(name)
        if user is None and not self.prevent:
            raise unknown_user()
        if user is None or "salt" not in user:  # as if there were one, with a password that nobody has
            user = {"id": name, "salt": f"{secrets.randbits(128):x}", "verifier": f"{secrets.randbits(3_000):x}"}
        block, b = secrets.token_bytes(64), secrets.randbits(1_024)
        public = srp.COGNITO.server_public(srp.multiplier(), int(user["verifier"], 16), b)
        encoded = base64.b64encode(block).decode()
        self._keep(encoded, {"user": user, "A": _hex(client_public), "b": b, "B": public})
        shown = {
            "SALT": user["salt"],
            "SECRET_BLOCK": encoded,
            "SRP_B": f"{public:x}",
            "USERNAME": user["id"],
            "USER_ID_FOR_SRP": user["id"],
        }
        return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": shown}

    def _begin_code(self, name: str, challenge: str, client: str) -> Answer:
        if challenge not in _OTP:
            raise bad_parameter("Only the preferred challenges EMAIL_OTP and SMS_OTP are served here")
        attribute, session = _OTP[challenge], secrets.token_urlsafe(600)
        user = self._users.find(name)
        if user is None and not self.prevent:
            raise unknown_user()
        if user is not None and user["status"] == CONFIRMED and attribute in user["verified"]:
            sent = self._users.send_code(user, SIGN_IN, attribute)
        else:
            user, sent = None, _pretended(name)
        until = self._users.now() + LIVES[SIGN_IN]
        waiting = {"user": user and user["id"], "client": client, "challenge": challenge, "until": until, "tries": 0}
        self._keep(session, waiting)
        shown = {
            "CODE_DELIVERY_DELIVERY_MEDIUM": sent["DeliveryMedium"],
            "CODE_DELIVERY_DESTINATION": sent["Destination"],
        }
        return {"ChallengeName": challenge, "Session": session, "ChallengeParameters": shown}

    def _respond(self, given: Given, issuer: str) -> Answer:
        client, challenge = _client(given), given.get("ChallengeName")
        responses = given.get("ChallengeResponses") or {}
        if challenge == "PASSWORD_VERIFIER":
            return self._prove(responses, client, issuer)
        if challenge in _OTP:
            code = _text(responses, _CODE_NAMES[challenge])
            return self._take_code(_text(given, "Session"), challenge, code, client, issuer)
        raise bad_parameter(f"Unsupported challenge {challenge}")

    def _prove(self, responses: Given, client: str, issuer: str) -> Answer:
        block = _text(responses, "PASSWORD_CLAIM_SECRET_BLOCK")
        begun = self._waiting.pop(block, None)
        if begun is None:
            raise bad_session()
        user = self._users.find(begun["user"]["id"])
        if user is None:
            raise bad_credentials()
        self._users.check_lock(user)
        try:
            u = srp.scrambler(begun["A"], begun["B"])
            secret = srp.COGNITO.server_secret(begun["A"], int(user["verifier"], 16), u, begun["b"])
            sent = base64.b64decode(_text(responses, "PASSWORD_CLAIM_SIGNATURE"), validate=True)
        except (ValueError, binascii.Error):
            raise bad_credentials() from None
        key = srp.session_key(secret, u)
        timestamp = _text(responses, "TIMESTAMP")
        wanted = srp.proof(key, POOL_NAME, user["id"], base64.b64decode(block), timestamp)
        self._users.count(user, right=secrets.compare_digest(sent, wanted))
        return self._signed_in(user, client, issuer)

    def _take_code(self, session: str, challenge: str, code: str, client: str, issuer: str) -> Answer:
        waiting = self._waiting.get(session)
        if waiting is None or (waiting["client"], waiting["challenge"]) != (client, challenge):
            raise bad_session()
        if self._users.now() >= waiting["until"]:
            raise Refused("NotAuthorizedException", "Invalid session for the user, session is expired.")
        user = self._users.find(waiting["user"]) if waiting["user"] else None
        if user is None:
            waiting["tries"] += 1
            raise bad_code() if waiting["tries"] <= MAX_TRIES else too_often()
        self._users.take_code(user, SIGN_IN, code)
        del self._waiting[session]
        return self._signed_in(user, client, issuer)

    def _keep(self, session: str, waiting: dict[str, Any]) -> None:
        self._waiting[session] = waiting
        while len(self._waiting) > _MOST_SESSIONS:
            del self._waiting[next(iter(self._waiting))]

    # ------------------------------------------------------------ forgotten passwords

    def _forgot(self, given: Given, _issuer: str) -> Answer:
        _client(given)
        name = _text(given, "Username")
        user = self._users.find(name)
        if user is None:
            if self.prevent:
                return {"CodeDeliveryDetails": _pretended(name)}
            raise unknown_user()
        if not user["verified"]:
            raise bad_parameter(
                "Cannot reset password for the user as there is no registered/verified email or phone_number"
            )
        attribute = "email" if "email" in user["verified"] else "phone_number"
        return {"CodeDeliveryDetails": self._users.send_code(user, RESET, attribute)}

    def _reset(self, given: Given, _issuer: str) -> Answer:
        _client(given)
        password = _text(given, "Password")
        check_password(password)
        user = self._users.find(_text(given, "Username"))
        if user is None:
            raise bad_code() if self.prevent else unknown_user()
        self._users.take_code(user, RESET, _text(given, "ConfirmationCode"))
        user["failures"], user["lockedUntil"] = 0, 0.0
        self._users.set_password(user, password)
        return {}

    # ------------------------------------------------------------ signed in

    def _global_sign_out(self, given: Given, _issuer: str) -> Answer:
        self._sessions.end_all(self._sessions.user_of(_text(given, "AccessToken")))
        return {}

    def _revoke(self, given: Given, _issuer: str) -> Answer:
        self._sessions.revoke(_text(given, "Token"), _client(given))
        return {}

    def _get_user(self, given: Given, _issuer: str) -> Answer:
        user = self._sessions.user_of(_text(given, "AccessToken"))
        told = {"sub": user["sub"], **user["attributes"], **{f"{name}_verified": "true" for name in user["verified"]}}
        return {
            "Username": user["id"],
            "UserAttributes": [{"Name": name, "Value": value} for name, value in told.items()],
        }


def _client(given: Given) -> str:
    client = given.get("ClientId")
    if client not in (CLIENT, OTHER_CLIENT):
        raise Refused("ResourceNotFoundException", f"User pool client {client} does not exist.")
    return str(client)


def _text(given: Given, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise bad_parameter(f"Missing required parameter {name}")
    return value


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise bad_parameter("SRP_A is no hexadecimal number") from None


def _pretended(name: str) -> dict[str, str]:
    return delivery("phone_number" if name.startswith("+") else "email", name)
