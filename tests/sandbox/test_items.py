"""Items inside items: every one is reached, and the document that is given stays as it was."""

from copy import deepcopy
from typing import Any

from sandbox.items import identified, with_items

DOCUMENT: dict[str, Any] = {"id": "c", "item": [{"id": "1", "item": [{"id": "2", "item": [{"id": "3"}]}]}, {"id": "4"}]}


def test_every_depth_is_changed_and_the_argument_is_not() -> None:
    before = deepcopy(DOCUMENT)
    changed = with_items(DOCUMENT, "item", lambda item: {**item, "seen": True})
    assert changed["item"][0]["item"][0]["item"][0] == {"id": "3", "seen": True}
    assert (changed["item"][1], changed["id"]) == ({"id": "4", "seen": True}, "c")
    assert before == DOCUMENT


def test_a_dropped_item_goes_with_what_is_in_it() -> None:
    kept = with_items(DOCUMENT, "item", lambda item: None if item["id"] == "1" else item)
    assert kept == {"id": "c", "item": [{"id": "4"}]}


def test_what_is_no_item_stays() -> None:
    odd = {"item": [None, 0, "x", [], {"item": "y"}]}
    assert with_items(odd, "item", lambda item: item) == odd
    assert with_items({"item": None}, "item", lambda item: item) == {"item": None}


def test_ids_are_given_only_where_there_is_none() -> None:
    found = identified({"item": [{"id": "1"}, {}, {"id": ""}, {"id": 7}]}, "item")["item"]
    assert found[0]["id"] == "1"
    assert len({item["id"] for item in found}) == 4
    assert all(isinstance(item["id"], str) and item["id"] for item in found)
