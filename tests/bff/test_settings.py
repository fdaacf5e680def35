"""Settings: read once, wrong values named with an example, the printed example complete."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from bff.settings import Settings
from bff.settings_reader import SettingsError, dotenv, read_settings, require_upstreams, variables
from bff.upstreams import shop_rules
from domain.catalog.rules import ShopRules
from store.database import parse_url

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_set_is_all_defaults() -> None:
    """An empty environment gives the defaults, and other programs' variables do not matter."""
    assert read_settings({"PATH": "/bin", "bff_port": "1"}) == Settings()


def test_every_kind_of_value() -> None:
    """Whole and other numbers, truth values, lists and text, with spaces around them."""
    found = read_settings(
        {
            "BFF_PORT": " 9000 ",
            "BFF_REQUEST_TIMEOUT": "2.5",
            "BFF_GRAPHIQL": "Off",
            "BFF_INTROSPECTION": "yes",
            "BFF_LANGUAGES": "de , en,,fr",
            "BFF_CORS_ORIGINS": "",
            "BFF_TMF620_URL": "https://tmf.example/v4",
            "BFF_LIMIT_DEPTH": "7",
            "BFF_CATALOG_HIDDEN": "draft",
            "BFF_CACHE_FRESH": "1",
            "BFF_TMF620_AUTH": "oauth2",
        }
    )
    assert (found.port, found.request_timeout, found.graphiql, found.introspection) == (9000, 2.5, False, True)
    assert (found.languages, found.cors_origins) == (("de", "en", "fr"), ())
    assert (found.tmf620.url, found.tmf620.auth, found.limit.depth) == ("https://tmf.example/v4", "oauth2", 7)
    assert (found.catalog.hidden, found.cache.fresh) == (("draft",), 1.0)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("BFF_PORT", "http", "must be a whole number"),
        ("BFF_PORT", "-1", "must be at least 0"),
        ("BFF_PORT", "70000", "must be at most 65535"),
        ("BFF_PORT", "", "must be a whole number"),
        ("BFF_WORKERS", "0", "must be at least 1"),
        ("BFF_WORKERS", "1.5", "must be a whole number"),
        ("BFF_REQUEST_TIMEOUT", "soon", "must be a number"),
        ("BFF_REQUEST_TIMEOUT", "0", "must be at least 0.05"),
        ("BFF_REQUEST_TIMEOUT", "nan", "must be at least 0.05"),
        ("BFF_REQUEST_TIMEOUT", "inf", "must be at most 1e+12"),
        ("BFF_GRAPHIQL", "maybe", "must be true or false"),
        ("BFF_LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
        ("BFF_LANGUAGES", " , ", "must name at least one"),
        ("BFF_LANGUAGES", "en,d e", "must be of letters, digits, - and _"),
        ("BFF_CHANNELS", "web:shop", "must be of letters, digits, - and _"),
        ("BFF_CHANNEL_HEADER", "X Channel", "must be a header's name"),
        ("BFF_TMF620_URL", "tmf.example", "must be an http or https URL"),
        ("BFF_TMF620_URL", "ftp://tmf.example", "must be an http or https URL"),
        ("BFF_TMF620_URL", "https://tmf.example/v4?x=1", "must be an http or https URL"),
        ("BFF_TMF620_URL", "https://[tmf", "Invalid IPv6 URL"),
        ("BFF_TMF620_AUTH", "basic", "must be one of none, api_key, oauth2"),
        ("BFF_TMF620_API_KEY_HEADER", "x:y", "must be a header's name"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, why: str) -> None:
    """The text names the variable, its value, what is wrong, and an example."""
    with pytest.raises(SettingsError) as raised:
        read_settings({name: value})
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{name}={value!r}: {why}")
    assert f"(for example {name}=" in line


def test_secrets_are_never_shown() -> None:
    """A wrong secret is named without its value, and a settings object does not print one."""
    for name in ("BFF_REDIS_URL", "BFF_TMF620_API_KEY", "BFF_DATABASE_URL", "BFF_KEYS"):
        with pytest.raises(SettingsError) as raised:
            read_settings({name: "localhost hunter2"})
        assert "hunter2" not in str(raised.value)
        assert str(raised.value).startswith(f"{name}: must be")
    given = {
        "BFF_REDIS_URL": "redis://:hunter2@h/0",
        "BFF_TMF620_API_KEY": "hunter2",
        "BFF_TMF620_CLIENT_SECRET": "hunter2",
        "BFF_DATABASE_URL": "postgresql://bff:hunter2@h/d",
        "BFF_KEYS": "hunter2" * 5,
    }
    assert "hunter2" not in repr(read_settings(given))


@pytest.mark.parametrize(
    "url",
    ["", "bff.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?b", "mysql://h/d", "postgresql:x"],
)
def test_only_a_file_or_a_server_is_a_database(url: str) -> None:
    """What the check lets through, the store takes."""
    with pytest.raises(SettingsError, match=r"^BFF_DATABASE_URL: must be sqlite:///path/file\.db or postgresql://"):
        read_settings({"BFF_DATABASE_URL": url})
    with pytest.raises(ValueError, match="must be"):
        parse_url(url)


@pytest.mark.parametrize("url", ["sqlite:///a.db", "sqlite:////var/a.db", "postgresql://u:p@h/d?sslmode=require"])
def test_a_file_or_a_server_is_a_database(url: str) -> None:
    assert read_settings({"BFF_DATABASE_URL": url}).database.url == url
    parse_url(url)


def test_signing_keys_are_long_and_in_order() -> None:
    assert read_settings({"BFF_KEYS": f"{'n' * 32},{'o' * 40}"}).keys == ("n" * 32, "o" * 40)
    with pytest.raises(SettingsError, match=r"^BFF_KEYS: must be of at least 32 characters each"):
        read_settings({"BFF_KEYS": f"{'n' * 32},{'o' * 31}"})


def test_all_problems_at_once() -> None:
    """Unknown names come with the one that was meant; several mistakes are several lines."""
    with pytest.raises(SettingsError) as raised:
        read_settings({"BFF_PROT": "1", "BFF_XYZZYXYZZY": "1", "BFF_WORKERS": "x", "BFF_PORT": "y"})
    assert str(raised.value).splitlines() == [
        "BFF_PROT is not a setting; is BFF_PORT meant?",
        "BFF_XYZZYXYZZY is not a setting",
        "BFF_PORT='y': must be a whole number (for example BFF_PORT=8000)",
        "BFF_WORKERS='x': must be a whole number (for example BFF_WORKERS=1)",
    ]


POOLS = {
    "BFF_TMF620_URL": "http://x",
    "BFF_TMF639_URL": "http://x",
    "BFF_KEYS": "k" * 32,
    "BFF_NUMBERS_BACKEND": "tmf685",
}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ["BFF_TMF620_URL"]),
        ({"BFF_TMF620_AUTH": "api_key"}, ["BFF_TMF620_URL", "BFF_TMF620_API_KEY"]),
        ({"BFF_TMF620_AUTH": "oauth2"}, ["BFF_TMF620_URL", "BFF_TMF620_TOKEN_URL", "BFF_TMF620_CLIENT_ID"]),
        (POOLS, ["BFF_TMF685_URL"]),
        ({**POOLS, "BFF_TMF685_URL": "http://x", "BFF_NUMBERS_MARKS": "false"}, ["BFF_NUMBERS_MARKS"]),
    ],
)
def test_what_only_a_serving_gateway_needs(given: dict[str, str], missing: list[str]) -> None:
    """Each variable that is missing is named with an example."""
    with pytest.raises(SettingsError) as raised:
        require_upstreams(read_settings(given))
    lines = str(raised.value).splitlines()
    assert [line.split(" is not set (for example ")[0] for line in lines] == missing
    require_upstreams(read_settings({"BFF_TMF620_URL": "http://x"}))


def test_env_example_is_complete_and_true() -> None:
    """The file in the repository is what the code prints, has every variable, and reads back as the defaults."""
    text = (ROOT / ".env.example").read_text("utf-8")
    assert text == dotenv()
    given = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert list(given) == [variable.name for variable in variables()]
    assert read_settings(given) == Settings()
    assert [variable.name for variable in variables() if not variable.doc.endswith(".")] == []


def test_settings_are_frozen() -> None:
    """Nobody changes them afterwards."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_the_words_of_the_settings_are_the_rules_own() -> None:
    """With nothing set, the rules made from settings are the rules' defaults."""
    made: Any = shop_rules(Settings().catalog)
    assert made == ShopRules()
