"""From a change to deliveries: each subscription gets the event in the words of its own API version, if it wants it.

The log keeps changes, not what was sent, so an old event is sent again to whoever is subscribed at that time.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from sandbox.deliveries import Courier, Delivery
from sandbox.events import Change, Record, changed, envelope, kinds_of, listener
from sandbox.filters import matches, parse_filters
from sandbox.habits import Habits, Parcel
from sandbox.languages import DEFAULT
from sandbox.outgoing import target
from sandbox.rendering import Window
from sandbox.subscriptions import Subscription, Subscriptions
from sandbox.tables import Resource

LOG_LENGTH = 1000


class Announcer:
    """The event log and the way out of it; `windows` show documents as one version of one API does."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        windows: Iterable[Window],
        habits: Habits,
        courier: Courier,
        now: Callable[[], datetime],
    ) -> None:
        self.subscriptions = subscriptions
        self.authorization: str | None = None
        self._windows: Mapping[tuple[str, int], Window] = {(w.api.name, w.api.major): w for w in windows}
        self._habits = habits
        self._courier = courier
        self._now = now
        self._log: deque[Record] = deque(maxlen=LOG_LENGTH)

    def announce(self, change: Change, resource: Resource) -> None:
        """Log a write to a document of `resource`, and tell everyone who subscribed to such."""
        for kind in kinds_of(change, resource):
            self._tell(Record(api=change.api, time=self._time(), kind=kind, change=change))

    def hand_made(self, api: str, body: Any, path: str | None) -> Record:
        """Send `body` as it is to every subscription of an API, whatever its query."""
        kind = str(body.get("eventType", "")) if isinstance(body, dict) else ""
        return self._tell(Record(api=api, time=self._time(), kind=kind, body=body, path=path))

    def again(self, event_id: str) -> Record | None:
        """Send an old event once more; None when the log does not have it."""
        record = next((record for record in self._log if record.id == event_id), None)
        if record is not None:
            self._send(record)
        return record

    def listing(self) -> list[dict[str, Any]]:
        return [record.listing() for record in self._log]

    def unsubscribe(self, identifier: str) -> None:
        self.subscriptions.remove(identifier)
        self._courier.forget(identifier)

    def clear(self) -> None:
        for subscription in self.subscriptions:
            self.unsubscribe(subscription.id)
        self.authorization = None
        self._log.clear()

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _tell(self, record: Record) -> Record:
        self._log.append(record)
        self._send(record)
        return record

    def _send(self, record: Record) -> None:
        for subscription in self.subscriptions:
            if subscription.api == record.api:
                parcels = self._parcels(record, subscription)
                deliveries = [self._delivery(subscription, parcel) for parcel in parcels]
                record.deliveries.extend(deliveries)
                self._courier.take(deliveries, max((parcel.hold for parcel in parcels), default=0.0))

    def _parcels(self, record: Record, subscription: Subscription) -> list[Parcel]:
        if record.change is None:
            usual = listener(record.kind) if record.kind else ""
            return [Parcel(usual if record.path is None else record.path, record.body)]
        window = self._windows.get((subscription.api, subscription.major))
        if window is None or record.change.kind not in window.resources:
            return []
        resource = window.resources[record.change.kind]
        active = self._habits.active(subscription.api, resource.path)
        shown = window.show(record.change.document, resource, record.change.base, DEFAULT)
        body = envelope(window.api, resource, record, active.through("show", shown, resource))
        if not wants(subscription, body):
            return []
        parcel = Parcel(listener(body["eventType"]), body, _changed(window, record.change, resource))
        return active.through("parcels", [parcel])

    def _delivery(self, subscription: Subscription, parcel: Parcel) -> Delivery:
        url, headers = target(subscription.callback, parcel.path)
        if self.authorization is not None:
            headers = {"authorization": self.authorization, **headers}
        name = str(parcel.body.get("eventType", "")) if isinstance(parcel.body, dict) else ""
        body = msgspec.json.encode(parcel.body)
        return Delivery(hub=subscription.id, url=url, event_type=name, body=body, headers=headers)


def wants(subscription: Subscription, body: dict[str, Any]) -> bool:
    """Whether the query of a subscription holds for an event: TMF630 filters over its body, `eventType=A,B` mostly."""
    return matches(body, parse_filters(subscription.query or ""), DEFAULT)


def _changed(window: Window, change: Change, resource: Resource) -> tuple[str, ...] | None:
    """The names of what changed, as this version has them; None for a creation, where all of it did."""
    if change.before is None:
        return None
    if change.after is None:
        return ()
    return changed(window.shaped(change.before, resource), window.shaped(change.after, resource))
