"""Which ids may go into a URL, and the global ids that clients hold."""

import base64
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.errors import BadRequestError
from kernel.ids import MAX_LOCAL_ID, GlobalId, are_local_ids, is_local_id, local_id, parse_global_id

ALLOWED = "ABCxyz019_:@()=~+-."
LOCAL = st.from_regex(r"[A-Za-z0-9_](?:[A-Za-z0-9_:@()=~+\-]|\.(?!\.)){0,30}", fullmatch=True)
TYPES = st.from_regex(r"[A-Z][A-Za-z]{0,20}", fullmatch=True)
# Mostly allowed characters with some hostile ones between, or random text would never be an id at all.
NEARLY = st.text(st.sampled_from(ALLOWED + "/?#%.\\;,& \n\r\t\x00é０"), min_size=1, max_size=12)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(NEARLY | st.text(max_size=200))
@example("a..b")
@example("..")
@example("a/../b")
@example("a\n")
@example("٣")
def test_what_passes_is_safe(text: str) -> None:
    """An id that passes is one URL path segment as it stands: nothing climbs, cuts off, quotes or splits."""
    if not is_local_id(text):
        return
    assert not set(text) & set("/?#%\\;,& \r\n\t\x00")
    assert ".." not in text
    assert text.isascii()
    assert 1 <= len(text) <= MAX_LOCAL_ID
    url = httpx.URL(f"http://up.test/base/{text}?fields=id")
    assert (url.path, url.query) == (f"/base/{text}", b"fields=id")
    assert urlsplit(str(url)).path == f"/base/{text}" == unquote(f"/base/{text}")


@pytest.mark.parametrize(
    "text", ["1", "po-1", "a.b.c", "x:(version=1.0)", "a@b", "A" * 128, "_", "c~1", "a+b", "4.", "0491512345678"]
)
def test_usual_ids_pass(text: str) -> None:
    """Ids of real servers pass, versioned ones too."""
    assert is_local_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * 129,
        ".",
        "..",
        ".a",
        "a..b",
        "../../admin",
        "a/b",
        "a%2Fb",
        "a?x=1",
        "a#b",
        "a\n",
        "a b",
        "é",
        "٣",
        "-a",
        "a,b",
        "a;b",
        "a\\b",
    ],
)
def test_hostile_ids_do_not_pass(text: str) -> None:
    """Whatever could leave its path segment, or is longer than any id, is refused."""
    assert not is_local_id(text)


@given(TYPES, LOCAL)
def test_round_trip(kind: str, local: str) -> None:
    """A global id comes back as what it was made of, and fits into a URL without quoting."""
    made = str(GlobalId(kind, local))
    assert parse_global_id(made) == (kind, local)
    assert local_id(made, kind) == local
    assert set(made) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=60) | NEARLY.map(lambda text: encoded(f"Thing:{text}")) | st.binary(max_size=40).map(str))
def test_what_is_taken_is_canonical(text: str) -> None:
    """Any text is refused, or is the one way to write an id whose local part may go upstream."""
    try:
        found = parse_global_id(text)
    except BadRequestError:
        return
    assert str(found) == text
    assert is_local_id(found.local)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "é",
        "\ud800",
        "*",
        "A",
        encoded("Thing"),
        encoded("Thing:"),
        encoded(":po-1"),
        encoded("thing:po-1"),
        encoded("Thing:../../admin"),
        encoded("Thing:a?x=1"),
        encoded("Thing:" + "a" * 129),
        encoded("T" * 65 + ":a"),
        encoded("Thing:po-1") + "=",
        encoded("Thing:po-1") + "\n",
        encoded("Thing:>>>?").replace("-", "+"),
        base64.b64encode(b"Thing:~~~").decode(),  # the other base64 alphabet
        encoded("Thing:po-1")[:-1] + "R",  # bits that say nothing are set
        "A" * 100_000,
    ],
)
def test_what_is_not_ours(text: str) -> None:
    """What the gateway has not made itself is a bad request, and the message does not repeat it."""
    with pytest.raises(BadRequestError) as caught:
        parse_global_id(text)
    assert caught.value.message == "This is not a valid id."


def test_type_is_checked() -> None:
    """The id of one type is not taken for another's."""
    with pytest.raises(BadRequestError, match="not the id of a Cart"):
        local_id(str(GlobalId("Category", "c-1")), "Cart")


@given(st.lists(st.text("aZ0_-./:é\n", max_size=3) | st.text("a", min_size=127, max_size=129), max_size=5))
def test_all_are_what_each_is(texts: list[str]) -> None:
    assert are_local_ids(texts) is all(map(is_local_id, texts))
