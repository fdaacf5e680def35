"""Passwords, codes, tokens and logins: what is typed once is found nowhere after, whatever the log's level."""

import logging
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
import structlog

from bff.settings import Settings
from bff.telemetry import configure_logging
from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import PASSWORD, Person

NEW_PASSWORD = "Canary-Neues-8?"


async def everything(ada: Person) -> dict[str, str]:
    """Each mutation with right and wrong secrets; the secrets by what they are."""
    secrets = {
        "login": ada.login,
        "password": PASSWORD,
        "wrong password": "Canary-Wrong-9!",
        "new password": NEW_PASSWORD,
    }
    await ada.sign_in(secrets["wrong password"])
    await ada.joined()
    secrets["sign-up code"] = ada.code()
    secrets["access token"], secrets["refresh token"] = ada.token or "", ada.refresh or ""
    asked = await ada.do("requestSignInCode", login=ada.login)
    secrets["challenge token"], secrets["sign-in code"] = asked["challengeToken"], ada.code()
    await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.wrong_code())
    await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.code())
    await ada.do("refreshSession", refreshToken=ada.refresh)
    asked = await ada.do("requestPasswordReset", login=ada.login)
    secrets["reset code"] = ada.code()
    await ada.do(
        "resetPassword", challengeToken=asked["challengeToken"], code=ada.code(), newPassword=secrets["new password"]
    )
    ada.sandbox.fault("status", status=500, api="Cognito")
    await ada.sign_in()
    ada.sandbox.fault("truncated", api="Cognito")
    await ada.sign_in()
    ada.sandbox.clear_faults()
    await ada.do("signOut")
    await ada.client.query("{ viewer { id } }", headers=ada.headers)
    return secrets


def stored(folder: Path) -> str:
    """Everything that the database's files hold."""
    return b"".join(file.read_bytes() for file in folder.glob("bff.db*")).decode("latin-1")


def found(secrets: dict[str, str], text: str) -> list[str]:
    return [name for name, secret in secrets.items() if secret in text]


async def test_no_secret_is_left_in_the_database_or_in_redis(shop: MakeShop, tmp_path: Path, redis_url: str) -> None:
    async with shop() as ada:
        secrets = await everything(ada)
        assert found(secrets, stored(tmp_path)) == []
        with redis_client.Redis.from_url(redis_url) as server:
            kept = []
            for key in server.scan_iter():
                kept += [key, str(server.zrange(key, 0, -1) if server.type(key) == b"zset" else server.get(key))]
        assert kept
        assert found(secrets, str(kept)) == []


async def test_no_secret_is_logged_at_any_level(shop: MakeShop, caplog: pytest.LogCaptureFixture) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configured: Any = structlog.get_config()
    try:
        configure_logging(Settings(log_level="debug"))
        root.addHandler(caplog.handler)
        logging.getLogger("a.library").debug("what a library says")
        with structlog.testing.capture_logs() as events:
            async with shop() as ada:
                secrets = await everything(ada)
    finally:
        root.handlers, root.level = handlers, level
        structlog.configure(**configured)
    said = [record.getMessage() + str(record.__dict__) for record in caplog.records]
    assert events
    assert "what a library says" in str(said)
    assert found(secrets, str(events) + str(said)) == []
