"""Reading what real servers send: any JSON, any bytes."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clients.lenient import decode_list, decode_one
from clients.tmf620 import BundledOption, Category, CharacteristicValue, ProductOffering, ProductOfferingPrice

TEXT = st.text(st.characters(), max_size=8)  # lone surrogates too: json.dumps writes them as escapes
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT | st.sampled_from(["id", "name"]), inner, max_size=4)
    ),
    max_leaves=12,
)
OFFERING: dict[str, Any] = {
    "id": "po-1",
    "name": "Green",
    "isBundle": True,
    "isSellable": False,
    "lifecycleStatus": "Active",
    "validFor": {"startDateTime": "2026-01-01T00:00:00Z"},
    "category": [{"id": "c-1", "name": "Plans"}, {"id": "c-2"}],
    "productSpecification": {"id": "s-1"},
    "productOfferingPrice": [{"id": "p-1", "price": {"unit": "EUR", "value": 16.8}, "tax": [{"taxRate": 19.0}]}],
    "bundledProductOffering": [{"id": "po-2", "bundledProductOfferingOption": {"numberRelOfferDefault": 1}}],
    "attachment": [{"url": "/a.png"}],
}
STRICT = msgspec.json.decode(json.dumps(OFFERING), type=ProductOffering)
# The attributes of an offering by their name in JSON.
ATTRIBUTES = {field.encode_name: field.name for field in msgspec.structs.fields(ProductOffering)}


class Reports(list[str]):
    def __call__(self, what: str) -> None:
        self.append(what)


def one(document: Any, model: Any = ProductOffering) -> tuple[Any, list[str]]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    reports = Reports()
    return decode_one(body, model, reports), reports


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000 + b"]" * 100_000)
@example(b'{"id":"a","name":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
@example(b'{"id":"a","unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
@example(b'[{"id":"a","name":"\xff"}]')
@example(b'{"\xff":1}')
@example(b"\xef\xbb\xbf[]")
@example(b"")
def test_nothing_but_msgspecs_errors(body: bytes) -> None:
    """Whatever comes is read or is a MsgspecError; nothing else ever escapes."""
    for model in (ProductOffering, ProductOfferingPrice):
        for decode in (decode_list, decode_one):
            try:
                decode(body, model, Reports())
            except msgspec.MsgspecError:
                continue


@given(st.lists(JSON | st.just("good"), max_size=6))
def test_no_readable_sibling_is_lost(pattern: list[Any]) -> None:
    """Among elements of any kind the good ones all come back, whole and in order, and all elements are counted."""
    elements = [OFFERING | {"id": f"good-{at}"} if what == "good" else what for at, what in enumerate(pattern)]
    found, count = decode_list(json.dumps(elements).encode(), ProductOffering, Reports())
    good = [f"good-{at}" for at, what in enumerate(pattern) if what == "good"]
    assert count == len(pattern)
    assert [each.id for each in found if each.id.startswith("good-")] == good
    for each in found:
        if each.id in good:
            assert msgspec.structs.replace(each, id="po-1") == STRICT


@given(st.sampled_from(sorted(ATTRIBUTES.keys() - {"id"})), JSON)
def test_an_odd_attribute_costs_only_itself(attribute: str, value: Any) -> None:
    """With any one attribute replaced by anything, the element stays and all other attributes are as they were."""
    found, _ = one(OFFERING | {attribute: value})
    for name in ATTRIBUTES.values():
        if name != ATTRIBUTES[attribute]:
            assert getattr(found, name) == getattr(STRICT, name)


@given(JSON, st.integers(0, 2))
def test_an_odd_member_costs_only_itself(value: Any, at: int) -> None:
    """An odd member of an inner list is left out; its neighbours stay."""
    category: list[Any] = [{"id": "neighbour-1"}, {"id": "neighbour-2"}]
    category.insert(at, value)
    found, _ = one(OFFERING | {"category": category})
    ids = [ref.id for ref in found.category]
    assert [each for each in ids if each.startswith("neighbour-")] == ["neighbour-1", "neighbour-2"]
    assert len(ids) <= 3


PLAIN = st.decimals(-(10**14), 10**14, allow_nan=False, allow_infinity=False).map(lambda number: f"{number:f}")


@given(PLAIN | st.from_regex(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,40})?([eE][+-]?[0-2])?", fullmatch=True))
@example("0.1000000000000000055511151231257827")
@example("-0.0")
def test_money_is_exact(text: str) -> None:
    """A number is the decimal that its text says: typed or free, on the fast way and on the slow one, quoted or not."""
    exact = Decimal(text).as_tuple()._replace(sign=int(Decimal(text) < 0))  # "-0" is the integer 0
    for oddness in ("", '"tax": 5, '):
        for written in (text, f'"{text}"'):
            body = f'{{"id": "p", {oddness}"price": {{"unit": "EUR", "value": {written}}}}}'.encode()
            value = one(body, ProductOfferingPrice)[0].price.value
            assert value.as_tuple()._replace(sign=int(value < 0)) == exact
    for oddness in ("", '"isDefault": [], '):
        value = one(f'{{{oddness}"value": {text}}}'.encode(), CharacteristicValue)[0].value
        assert not isinstance(value, float)
        assert Decimal(value) == Decimal(text)
        assert isinstance(value, int) or value.as_tuple()[1:] == exact[1:]


@pytest.mark.parametrize(
    "number",
    [
        '"NaN"',
        '"-sNaN"',
        '"Infinity"',
        "1e400",
        "1e99999999999999999999",
        "1e15",
        "-1e15",
        '"19,90"',
        "true",
        "[]",
        '""',
    ],
)
def test_what_is_no_amount(number: str) -> None:
    """What no sum could survive is no amount: the price stays, without it, and with a report."""
    body = f'[{{"id":"p-1","name":"Fee","price":{{"unit":"EUR","value":{number}}}}},{{"id":"p-2"}}]'.encode()
    reports = Reports()
    found, count = decode_list(body, ProductOfferingPrice, reports)
    assert found == [ProductOfferingPrice(id="p-1", name="Fee"), ProductOfferingPrice(id="p-2")]
    assert (count, len(reports)) == (2, 1)
    assert reports[0].startswith("[0].price")


@pytest.mark.parametrize("attribute", ["percentage", "tax", "unitOfMeasure"])
def test_no_number_at_all(attribute: str) -> None:
    """A rate, percentage or quantity that is no number is left out; a price with one like that is not taken half."""
    documents = {"percentage": "NaN", "tax": [{"taxRate": "NaN"}], "unitOfMeasure": {"amount": "Infinity"}}
    body = json.dumps([{"id": "p-1", attribute: documents[attribute]}, {"id": "p-2"}]).encode()
    reports = Reports()
    found, _ = decode_list(body, ProductOfferingPrice, reports)
    expected = [ProductOfferingPrice(id="p-1"), ProductOfferingPrice(id="p-2")]
    assert found == (expected[1:] if attribute == "percentage" else expected)
    assert len(reports) == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [("1", 1), ("1.0", 1), ("1e2", 100), ('"1"', 1), ("1.5", None), ("true", None), ('"one"', None)],
)
def test_counts(written: str, read: int | None) -> None:
    """A count may come as a whole number of any form; what is no whole number is left out."""
    option, _ = one(f'{{"numberRelOfferDefault": {written}}}'.encode(), BundledOption)
    assert option.number_rel_offer_default == read


@pytest.mark.parametrize(("written", "read"), [('"false"', False), ("0", False), ("null", True), ("false", False)])
def test_flags(written: str, read: bool) -> None:
    """A flag may come as text or number; null means what a missing one means."""
    assert one(f'{{"id": "po-1", "isSellable": {written}}}'.encode())[0].is_sellable is read


def test_nulls_are_not_reported() -> None:
    """A null where a list is expected is an empty list, and nothing to report."""
    found, reports = one({"id": "po-1", "category": None, "attachment": None, "isBundle": None})
    assert (found, reports) == (ProductOffering(id="po-1"), [])


def test_reports_say_where() -> None:
    """What is left out is reported with its path, once."""
    document = OFFERING | {"category": [{"id": "c-1"}, {"name": "no id"}, 5], "name": 7}
    found, reports = one(document)
    assert [ref.id for ref in found.category] == ["c-1"]
    assert found.name is None
    assert reports == [
        ".name: Expected `str | null`, got `int`",
        ".category[1]: no id",
        ".category[2]: Expected `object`, got `int`",
    ]


def test_a_required_part_that_is_odd() -> None:
    """Without its required attribute a part means nothing and is left out, whether that is missing or unreadable."""
    for price in ({"unit": "EUR"}, {"unit": "EUR", "value": "x"}, {"value": 1}, {"unit": 5, "value": 1}):
        found, reports = one({"id": "p-1", "price": price}, ProductOfferingPrice)
        assert found == ProductOfferingPrice(id="p-1")
        assert len(reports) == 1


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (b'"Gr\xfcn"', "Gr\ufffdn"),
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd😀"),
        (rb'"\ude00 \\ud83d"', "\ufffd \\ud83d"),
        (rb'"\ud83d\u0041"', "\ufffdA"),
        (rb'"\"\ud83dx"', '"\ufffdx'),
    ],
)
def test_a_broken_character_costs_only_itself(name: bytes, read: str) -> None:
    """Latin-1 bytes and emojis cut in two, as careless systems send them, cost one character and no sibling."""
    found, count = decode_list(
        b'[{"id":"a","name":' + name + b'},{"id":"b","name":"ok \\ud83d\\ude00"}]', Category, Reports()
    )
    assert [(each.id, each.name) for each in found] == [("a", read), ("b", "ok 😀")]
    assert count == 2


def test_a_number_nobody_can_hold() -> None:
    """An integer longer than Python reads costs its attribute, not the page."""
    body = b'[{"id":"a","name":' + b"1" * 5_000 + b',"description":"x"},{"id":"b"}]'
    found, _ = decode_list(body, Category, Reports())
    assert found == [Category(id="a", description="x"), Category(id="b")]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"code": "1", "reason": "x"}', b"null", b'"x"', b'[{"id":"a"},', b'[{"id":"a"}] x']
)
def test_no_list(body: bytes) -> None:
    """HTML, an error in a 200, a truncated list and a list with something behind it are refused as a whole."""
    with pytest.raises(msgspec.MsgspecError):
        decode_list(body, Category, Reports())


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"code": "1", "reason": "x"}', b"null", b'[{"id":"a"}]', b'{"id":7}', b'{"id":"a"']
)
def test_no_object(body: bytes) -> None:
    """What has no readable id, or is no object, is refused."""
    with pytest.raises(msgspec.MsgspecError):
        decode_one(body, Category, Reports())
