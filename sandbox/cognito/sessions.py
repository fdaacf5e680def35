"""Who is signed in: refresh tokens, and the access and id tokens made of them.

Every token of one sign-in carries the same `origin_jti`; revoking its refresh token ends them all.
"""

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cognito.keys import PoolKeys
from sandbox.cognito.refusals import Refused, bad_token
from sandbox.cognito.users import Users
from sandbox.store import Store
from sandbox.tables import Document

SESSION = "CognitoSession"
LIFE = 3_600
_REFRESH_LIFE = 30 * 86_400


class Sessions:
    """Sign-ins, kept as documents that no API shows."""

    def __init__(self, store: Store, users: Users, keys: PoolKeys) -> None:
        self._store, self._users, self._keys = store, users, keys

    def begin(self, user: Document, client: str, issuer: str) -> dict[str, Any]:
        """Cognito's AuthenticationResult of a new sign-in."""
        origin, refresh = str(uuid.uuid4()), secrets.token_urlsafe(96)
        now = self._users.now()
        session = {
            "id": origin,
            "user": user["id"],
            "client": client,
            "refresh": refresh,
            "at": int(now),
            "until": now + _REFRESH_LIFE,
        }
        self._store.add(SESSION, session)
        user["sessions"] = [*user["sessions"], origin]
        self._users.save(user)
        return {**self._tokens(user, session, issuer), "RefreshToken": f"{origin}.{refresh}"}

    def renew(self, token: str, client: str, issuer: str) -> dict[str, Any]:
        """New access and id tokens; the refresh token stays.

        Raises:
            Refused: not one of this client's, expired, or revoked.
        """
        session = self._session(token, client)
        if session is None:
            raise Refused("NotAuthorizedException", "Invalid Refresh Token")
        if self._users.now() >= session["until"]:
            raise Refused("NotAuthorizedException", "Refresh Token has expired")
        user = self._users.find(session["user"])
        if user is None:
            raise Refused("NotAuthorizedException", "Refresh Token has been revoked")
        return self._tokens(user, session, issuer)

    def revoke(self, token: str, client: str) -> None:
        """End one sign-in. A token that is unknown or revoked already is none of a client's business: nothing."""
        session = self._session(token, client)
        if session is not None:
            self._store.remove(SESSION, session["id"])

    def end_all(self, user: Document) -> None:
        for origin in user["sessions"]:
            self._store.remove(SESSION, origin)
        user["sessions"] = []
        self._users.save(user)

    def user_of(self, access_token: str) -> Document:
        """Whose access token it is.

        Raises:
            Refused: forged, expired, or revoked.
        """
        claims = self._keys.verified(access_token)
        if claims is None or claims.get("token_use") != "access":
            raise bad_token("Invalid Access Token")
        if self._users.now() >= claims["exp"]:
            raise bad_token("Access Token has expired")
        user = self._users.find(claims["username"])
        if user is None or self._store.get(SESSION, claims["origin_jti"]) is None:
            raise bad_token()
        return user

    def _session(self, token: str, client: str) -> Document | None:
        origin, _, refresh = token.partition(".")
        session = self._store.get(SESSION, origin)
        if session is None or session["client"] != client:
            return None
        return session if secrets.compare_digest(session["refresh"].encode(), refresh.encode()) else None

    def _tokens(self, user: Document, session: Mapping[str, Any], issuer: str) -> dict[str, Any]:
        now = int(self._users.now())
        shared = {
            "sub": user["sub"],
            "iss": issuer,
            "origin_jti": session["id"],
            "event_id": str(uuid.uuid4()),
            "auth_time": session["at"],
            "iat": now,
            "exp": now + LIFE,
        }
        access = {
            **shared,
            "client_id": session["client"],
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin",
            "jti": str(uuid.uuid4()),
            "username": user["id"],
        }
        verified = {f"{name}_verified": True for name in user["verified"]}
        identity = {
            **shared,
            **user["attributes"],
            **verified,
            "aud": session["client"],
            "token_use": "id",
            "jti": str(uuid.uuid4()),
            "cognito:username": user["id"],
        }
        return {
            "AccessToken": self._keys.sign(access),
            "IdToken": self._keys.sign(identity),
            "ExpiresIn": LIFE,
            "TokenType": "Bearer",
        }
