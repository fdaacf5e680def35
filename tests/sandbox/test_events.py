"""What kind of event a change is, and how the event is written."""

from typing import Any

import pytest

from sandbox.apis.tmf620 import TMF620
from sandbox.events import Change, Record, changed, envelope, event_type, kinds_of, listener
from sandbox.tables import Resource

OFFERING = next(resource for resource in TMF620.resources if resource.path == "productOffering")
BEFORE = {"id": "1", "name": "a", "lifecycleStatus": "Active", "lastUpdate": "1"}


def change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    return Change(api="TMF620", kind="TMF620.productOffering", before=before, after=after, base="http://h")


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (None, BEFORE, ["Create"]),
        (BEFORE, None, ["Delete"]),
        (BEFORE, {**BEFORE, "name": "b", "lastUpdate": "2"}, ["AttributeValueChange"]),
        (BEFORE, {**BEFORE, "lifecycleStatus": "Retired", "lastUpdate": "2"}, ["StateChange"]),
        (BEFORE, {**BEFORE, "lifecycleStatus": "Retired", "name": "b"}, ["AttributeValueChange", "StateChange"]),
        (BEFORE, {"id": "1", "name": "a"}, ["StateChange"]),
        (BEFORE, {**BEFORE, "lastUpdate": "2"}, ["AttributeValueChange"]),
        (BEFORE, BEFORE, ["AttributeValueChange"]),
    ],
)
def test_kinds(before: Any, after: Any, kinds: list[str]) -> None:
    assert list(kinds_of(change(before, after), OFFERING)) == kinds


def test_a_resource_without_states_has_no_state_change() -> None:
    assert list(kinds_of(change({"state": 1}, {"state": 2}), Resource("x", "X"))) == ["AttributeValueChange"]


def test_changed() -> None:
    assert changed({"a": 1, "b": 2, "_i18n": 1}, {"a": 1, "b": 3, "c": 4}) == ("b", "c")


def test_names() -> None:
    assert event_type(OFFERING, "Delete") == "ProductOfferingDeleteEvent"
    assert listener("ProductOfferingDeleteEvent") == "/listener/productOfferingDeleteEvent"


def test_the_envelope_of_v4() -> None:
    record = Record(api="TMF620", time="2026-01-01T00:00:00Z", kind="Create", change=change(None, BEFORE), id="e")
    assert envelope(TMF620, OFFERING, record, {"id": "1"}) == {
        "eventId": "e",
        "eventTime": "2026-01-01T00:00:00Z",
        "eventType": "ProductOfferingCreateEvent",
        "domain": "productCatalogManagement",
        "title": "ProductOfferingCreateEvent",
        "description": "ProductOffering 1 was created",
        "timeOcurred": "2026-01-01T00:00:00Z",
        "event": {"productOffering": {"id": "1"}},
    }
