"""What a query string means, and which documents it leaves."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import Refusal
from sandbox.filters import Condition, matches, parse_filters, values_at

DOCUMENT = {
    "id": "po-1",
    "name": "Green",
    "note": "a, b; c=d > e",
    "isBundle": False,
    "msisdn": "0491512345678",
    "price": {"unit": "EUR", "value": 16.8},
    "lastUpdate": "2026-01-05T09:00:00Z",
    "category": [{"id": "x", "name": "One"}, {"id": "y", "name": "Two", "_i18n": {"de": {"name": "Zwei"}}}],
    "_i18n": {"de": {"name": "Grün"}},
}


def holds(query: str, language: str = "en") -> bool:
    return matches(DOCUMENT, parse_filters(query), language)


@pytest.mark.parametrize(
    "query",
    [
        "name=Green",
        "name.eq=Green",
        "category.id=y",
        "category.name=Two&category.id=x",
        "name=Red,Green",
        "name=Red&name=Green",
        "name=Red;name=Green",
        "name=Red;id=po-1",
        "name=Red%2CGreen",
        "isBundle=false",
        "price.value=16.8",
        "price.value=16.80",
        "price.value.gt=16&price.value.lt=17",
        "price.value.gte=16.8&price.value.lte=16.8",
        "price.value%3E16",
        "price.value%3E%3D16.8",
        "price.value>=16.8",
        "price.value%3C17",
        "price.value%3C%3D16.8",
        "lastUpdate.gt=2026-01-01",
        "lastUpdate%3C2026-01-05T11:00:00%2B01:00",
        "lastUpdate.lt=2026-01-05T08:30:00-01:00",
        "lastUpdate=2026-01-05T10:00:00%2B01:00",
        "name.regex=^Gr",
        "name*=ee",
        "name=~een$",
        "name%3D~een$",
        "name%2A%3Dee",
        "msisdn=0491512345678",
        "note=a%2C%20b%3B%20c%3Dd%20%3E%20e",
        "note=a,+b%3B+c=d+>+e",
        "offset=3&limit=x&sort=y&fields=z",
        "",
    ],
)
def test_matching(query: str) -> None:
    assert holds(query)


@pytest.mark.parametrize(
    "query",
    [
        "name=green",
        "name=Red",
        "name=Green&id=po-2",
        "unknown=1",
        "name.first=Green",
        "category=x",
        "isBundle=0",
        "isBundle.gt=0",
        "price.value.gt=16.8",
        "price.value.gt=abc",
        "price=16.8",
        "name.regex=^ee",
        "msisdn=491512345678",
        "lastUpdate.lt=2026-01-05T09:00:00Z",
        "name=",
    ],
)
def test_not_matching(query: str) -> None:
    assert not holds(query)


def test_filters_speak_the_language_asked_for() -> None:
    assert holds("name=Grün", "de")
    assert not holds("name=Green", "de")
    assert holds("category.name=Zwei", "de")
    assert holds("category.name=One", "de")


@pytest.mark.parametrize("query", ["name", "=x", "name=~(", "name.regex=["])
def test_what_is_no_filter_is_refused(query: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_filters(query)
    assert refused.value.status == 400


def test_alternatives_of_one_attribute_become_one_condition() -> None:
    assert parse_filters("a=1&b.gt=2&a=3") == [
        (Condition(("b",), "gt", ("2",)),),
        (Condition(("a",), "eq", ("1", "3")),),
    ]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: not text.startswith("~"))


@given(TEXT)
def test_every_encoded_text_finds_itself(text: str) -> None:
    assert matches({"name": text}, parse_filters(f"name={quote(text, safe='')}"), "en")


@given(st.lists(st.integers(-1000, 1000)), st.integers(-1000, 1000))
def test_comparisons_agree_with_python(values: list[int], bound: int) -> None:
    documents = [{"n": value} for value in values]
    for suffix, symbol, keep in [
        ("gt", "%3E", lambda value: value > bound),
        ("gte", "%3E%3D", lambda value: value >= bound),
        ("lt", "%3C", lambda value: value < bound),
        ("lte", "%3C%3D", lambda value: value <= bound),
    ]:
        expected = [document for document in documents if keep(document["n"])]
        for query in (f"n.{suffix}={bound}", f"n{symbol}{bound}"):
            groups = parse_filters(query)
            assert [document for document in documents if matches(document, groups, "en")] == expected


def test_values_are_found_through_nested_arrays() -> None:
    node = {"a": [{"b": [{"c": 1}, {"c": [2, 3]}]}, {"b": {"c": None}}, {"b": 4}]}
    assert list(values_at(node, ("a", "b", "c"), "en")) == [1, 2, 3]
