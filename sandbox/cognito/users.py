"""The users of the pool, and the codes they are sent. Email and phone number are aliases: they lead to a user only once
they are confirmed, so anybody may sign up with an address, and the one who can read its mail gets it.
"""

import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.cognito import srp
from sandbox.cognito.refusals import Refused, bad_code, bad_credentials, bad_parameter, old_code, too_often
from sandbox.outbox import Outbox
from sandbox.store import Store
from sandbox.tables import Document

USER, ALIAS = "CognitoUser", "CognitoAlias"
POOL_NAME = "Sandbox01"
UNCONFIRMED, CONFIRMED = "UNCONFIRMED", "CONFIRMED"
SIGN_UP, RESET = "signUp", "reset"
SIGN_IN = "signIn"
LIVES = {SIGN_UP: 86_400.0, RESET: 3_600.0, SIGN_IN: 180.0}
_DIGITS = {SIGN_UP: 6, RESET: 6, SIGN_IN: 8}
_SUBJECTS = {
    SIGN_UP: "Your verification code",
    RESET: "Your password reset code",
    SIGN_IN: "Your sign-in code",
}
MAX_TRIES = 5
_LOCKED_AFTER = 5
_LONGEST_LOCK = 900.0
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+[1-9]\d{4,14}")
_USERNAME = re.compile(r"\S{1,128}")
_LEAST_PASSWORD = 8
_LONGEST_PASSWORD = 256
_SYMBOLS = re.compile(r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+\- ]")


class Users:
    """All users, kept as documents that no API shows. `now` tells the time in seconds since the epoch."""

    def __init__(self, store: Store, outbox: Outbox, now: Callable[[], datetime]) -> None:
        self._store, self._outbox, self._clock = store, outbox, now
        self.ahead = 0.0
        """Seconds that the pool's clock is ahead of the sandbox's: how a test sees codes and tokens expire."""

    def now(self) -> float:
        return self._clock().timestamp() + self.ahead

    def add(self, username: str, password: str | None, attributes: Mapping[str, str]) -> Document:
        """A new user who is to confirm a code, which is sent."""
        if not _USERNAME.fullmatch(username):
            raise bad_parameter("1 validation error detected: Value at 'username' failed to satisfy constraint")
        if _EMAIL.fullmatch(username) or _PHONE.fullmatch(username):
            raise bad_parameter("Username cannot be of email format, since user pool is configured for email alias.")
        if password is not None:
            check_password(password)
        _check_attributes(attributes)
        user: Document = {
            "id": username,
            "sub": str(uuid.uuid4()),
            "status": UNCONFIRMED,
            "attributes": dict(attributes),
            "verified": [],
            "codes": {},
            "sessions": [],
            "failures": 0,
            "lockedUntil": 0.0,
            "created": self.now(),
        }
        if password is not None:
            self._set_password(user, password)
        if not self._store.add(USER, user):
            raise Refused("UsernameExistsException", "User already exists")
        return user

    def find(self, name: str) -> Document | None:
        """By user name, or by a confirmed alias, or by the id that tokens carry."""
        alias = self._store.get(ALIAS, name.lower())
        return self._store.get(USER, alias["user"] if alias else name)

    def save(self, user: Document) -> None:
        self._store.replace(USER, user)

    def confirm(self, user: Document, attribute: str) -> None:
        """The user has proved an address: it is an alias from now on.

        Raises:
            Refused: somebody else has it already.
        """
        value = user["attributes"][attribute].lower()
        taken = self._store.get(ALIAS, value)
        if taken is not None and taken["user"] != user["id"]:
            raise Refused("AliasExistsException", f"An account with the {attribute} already exists.")
        if taken is None:
            self._store.add(ALIAS, {"id": value, "user": user["id"]})
        user["verified"] = sorted({*user["verified"], attribute})
        user["status"] = CONFIRMED
        self.save(user)

    # ------------------------------------------------------------ passwords

    def set_password(self, user: Document, password: str) -> None:
        check_password(password)
        self._set_password(user, password)
        self.save(user)

    def _set_password(self, user: Document, password: str) -> None:
        salt = secrets.randbits(128)
        x = srp.private_key(POOL_NAME, user["id"], password, salt)
        user["salt"], user["verifier"] = f"{salt:x}", f"{srp.COGNITO.verifier(x):x}"

    def check_password(self, user: Document, password: str) -> None:
        """Let a right password pass; wrong ones in a row lock the user out, each time for longer.

        Raises:
            Refused: wrong, or locked.
        """
        self.check_lock(user)
        if "salt" not in user:
            raise bad_credentials()
        x = srp.private_key(POOL_NAME, user["id"], password, int(user["salt"], 16))
        self.count(user, right=secrets.compare_digest(f"{srp.COGNITO.verifier(x):x}", user["verifier"]))

    def check_lock(self, user: Document) -> None:
        if self.now() < user["lockedUntil"]:
            raise Refused("NotAuthorizedException", "Password attempts exceeded")

    def count(self, user: Document, *, right: bool) -> None:
        """Remember how a proof of the password went.

        Raises:
            Refused: it was wrong.
        """
        user["failures"] = 0 if right else user["failures"] + 1
        if user["failures"] >= _LOCKED_AFTER:
            user["lockedUntil"] = self.now() + min(2.0 ** (user["failures"] - _LOCKED_AFTER), _LONGEST_LOCK)
        self.save(user)
        if not right:
            raise bad_credentials()

    # ------------------------------------------------------------ codes

    def send_code(self, user: Document, purpose: str, attribute: str) -> dict[str, str]:
        """Make a code, put it where the user finds it, and say where that is. Earlier ones are void."""
        code = f"{secrets.randbelow(10 ** _DIGITS[purpose]):0{_DIGITS[purpose]}}"
        until = self.now() + LIVES[purpose]
        user["codes"][purpose] = {"code": code, "until": until, "tries": 0, "attribute": attribute}
        self.save(user)
        to = user["attributes"][attribute]
        channel = "email" if attribute == "email" else "sms"
        self._outbox.send("email" if channel == "email" else "sms", to, _SUBJECTS[purpose], f"Your code is {code}.")
        return delivery(attribute, to)

    def take_code(self, user: Document, purpose: str, code: str) -> str:
        """Use up the user's code; the attribute that is proved by it.

        Raises:
            Refused: none is waiting, it is old, it is wrong, or there were too many wrong ones.
        """
        waiting: Any = user["codes"].get(purpose)
        if waiting is None or self.now() >= waiting["until"]:
            raise old_code()
        if waiting["tries"] >= MAX_TRIES:
            raise too_often()
        if not secrets.compare_digest(waiting["code"].encode(), code.encode()):
            waiting["tries"] += 1
            self.save(user)
            raise bad_code()
        del user["codes"][purpose]
        self.save(user)
        return str(waiting["attribute"])


def delivery(attribute: str, to: str) -> dict[str, str]:
    """Cognito's CodeDeliveryDetails."""
    name, at, domain = to.partition("@")
    masked = f"{name[:1]}***@{domain[:1]}***" if at else f"+*******{to[-4:]}"
    return {
        "AttributeName": attribute,
        "DeliveryMedium": "EMAIL" if attribute == "email" else "SMS",
        "Destination": masked,
    }


def attribute_of(user: Document) -> str:
    """Where codes go: to the e-mail address where there is one."""
    return "email" if "email" in user["attributes"] else "phone_number"


def check_password(password: str) -> None:
    """Cognito's default policy.

    Raises:
        Refused: with what is missing.
    """
    rules = (
        (len(password) >= _LEAST_PASSWORD, "Password not long enough"),
        (len(password) <= _LONGEST_PASSWORD, "Password too long"),
        (any(letter.isdigit() for letter in password), "Password must have numeric characters"),
        (any(letter.islower() for letter in password), "Password must have lowercase characters"),
        (any(letter.isupper() for letter in password), "Password must have uppercase characters"),
        (_SYMBOLS.search(password) is not None, "Password must have symbol characters"),
    )
    for holds, message in rules:
        if not holds:
            raise Refused("InvalidPasswordException", f"Password did not conform with policy: {message}")


def _check_attributes(attributes: Mapping[str, str]) -> None:
    if not attributes.keys() & {"email", "phone_number"}:
        raise bad_parameter("Attributes did not conform to the schema: email: The attribute is required")
    if "email" in attributes and not _EMAIL.fullmatch(attributes["email"]):
        raise bad_parameter("Invalid email address format.")
    if "phone_number" in attributes and not _PHONE.fullmatch(attributes["phone_number"]):
        raise bad_parameter("Invalid phone number format.")
