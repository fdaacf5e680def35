"""What one write does to other documents: a reservation marks a number, a porting provider tells how far it is.

The desk is the operator's own hand: no locks, faults or habits hold for it, but what it changes is told as any change.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.announcing import Announcer
from sandbox.events import Change
from sandbox.filters import Condition
from sandbox.languages import DEFAULT
from sandbox.outbox import Channel, Outbox
from sandbox.paging import MAX_LIMIT, Page
from sandbox.store import Store
from sandbox.tables import Api, Document, Resource

Kinds = Mapping[str, tuple[str, Resource]]
"""The API and the resource that a kind is first served by; its attributes are in the words of that one."""


def kinds(apis: Iterable[Api]) -> Kinds:
    served = [(api.kind(resource), (api.name, resource)) for api in apis for resource in api.resources]
    return dict(reversed(served))


@dataclass(frozen=True, slots=True)
class Desk:
    """The documents of every API; `base` and `correlation` are those of the call that asks."""

    store: Store
    announcer: Announcer
    kinds: Kinds
    clock: Callable[[], datetime]
    outbox: Outbox
    base: str
    correlation: str | None = None

    @property
    def now(self) -> datetime:
        return self.clock()

    def get(self, kind: str, identifier: str) -> Document | None:
        return self.store.get(kind, identifier)

    def find(self, kind: str, path: str, value: str) -> list[Document]:
        """Every document with that value; the path should be indexed."""
        group = (Condition(tuple(path.split(".")), "eq", (value,)),)
        return self.store.find(kind, [group], [], Page(0, MAX_LIMIT), DEFAULT)[0]

    def change(self, kind: str, identifier: str, attributes: Document) -> None:
        """Give a document these attributes, None takes one away; those who subscribed hear of it."""
        api, resource = self.kinds[kind]
        before = self.store.get(kind, identifier)
        if before is None:
            raise KeyError(identifier)
        shape = resource.shape
        wanted = {**(shape.outward(before) if shape else before), **attributes}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        after = shape.written(before, wanted) if shape else wanted
        self.store.replace(kind, after)
        change = Change(api=api, kind=kind, before=before, after=after, base=self.base, correlation=self.correlation)
        self.announcer.announce(change, resource)

    def send(self, channel: Channel, to: str, subject: str, text: str) -> None:
        """Deliver a message to somebody."""
        self.outbox.send(channel, to, subject, text)

    def keep(self, kind: str, document: Document) -> None:
        """Put a document where no API shows it; nobody is told."""
        if not self.store.add(kind, document):
            self.store.replace(kind, document)
