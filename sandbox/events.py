"""What happened to a document, and the TM Forum event that tells of it.

One change can be two events: a PATCH that moves the lifecycle state and renames. The envelope differs by major version:
v4 spells `timeOcurred` with one c, as its files do, v5 `timeOccurred` and adds `@type`.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.deliveries import Delivery
from sandbox.languages import KEY
from sandbox.tables import TYPED, Api, Document, Resource

Kind = Literal["Create", "AttributeValueChange", "StateChange", "Delete"]

_TOLD = {
    "Create": "was created",
    "AttributeValueChange": "has other attributes",
    "StateChange": "has another state",
    "Delete": "was deleted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A write that was done to a document of `kind`; `base` is the address the writer used."""

    api: str
    kind: str
    before: Document | None
    after: Document | None
    base: str
    correlation: str | None = None

    @property
    def document(self) -> Document:
        return self.after or self.before or {}


@dataclass(slots=True, kw_only=True)
class Record:
    """One event in the log: of a change, or hand-made with a `body` of its own."""

    api: str
    time: str
    kind: str
    change: Change | None = None
    body: Any = None
    path: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deliveries: list[Delivery] = field(default_factory=list)

    def listing(self) -> dict[str, Any]:
        about = {"resource": self.change.kind, "id": self.change.document["id"]} if self.change else {}
        return {
            "eventId": self.id,
            "eventTime": self.time,
            "api": self.api,
            "kind": self.kind,
            **about,
            "deliveries": [delivery.listing() for delivery in self.deliveries],
        }


def kinds_of(change: Change, resource: Resource) -> Iterator[Kind]:
    """The kinds of event a change is."""
    if change.before is None or change.after is None:
        yield "Create" if change.before is None else "Delete"
        return
    lifecycle = resource.lifecycle
    states = lifecycle.told_by or {lifecycle.attribute} if lifecycle else frozenset()
    names = set(changed(change.before, change.after))
    if names - states - {resource.stamped} or not names & states:
        yield "AttributeValueChange"
    if names & states:
        yield "StateChange"


def changed(before: Document, after: Document) -> tuple[str, ...]:
    """The attributes two states of a document differ in."""
    return tuple(key for key in {**before, **after} if key != KEY and before.get(key) != after.get(key))


def event_type(resource: Resource, kind: str) -> str:
    return f"{resource.path[0].upper()}{resource.path[1:]}{kind}Event"


def listener(name: str) -> str:
    """Where an event of that type is posted, below the callback."""
    return f"/listener/{name[:1].lower()}{name[1:]}"


def envelope(api: Api, resource: Resource, record: Record, payload: Document) -> dict[str, Any]:
    """The body of an event, in the words of the API's version."""
    name, typed = event_type(resource, record.kind), api.major >= TYPED
    correlation = record.change.correlation if record.change else None
    return {
        **({"@type": name} if typed else {}),
        "eventId": record.id,
        "eventTime": record.time,
        "eventType": name,
        **({"correlationId": correlation} if correlation else {}),
        "domain": api.base_path.strip("/").split("/")[-2],
        "title": name,
        "description": f"{resource.type} {payload.get('id')} {_TOLD[record.kind]}",
        "timeOccurred" if typed else "timeOcurred": record.time,
        "event": {resource.path: payload},
    }
