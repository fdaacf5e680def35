"""Habits of hubs and of the events they send."""

from dataclasses import replace

from sandbox.habits.model import Habit, On, Parcel

OLD_NAMES = {
    "CreateEvent": "CreationNotification",
    "AttributeValueChangeEvent": "AttributeValueChangeNotification",
    "StateChangeEvent": "StateChangeNotification",
    "DeleteEvent": "RemoveNotification",
}


def _old_name(name: str) -> str:
    for ending, old in OLD_NAMES.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + old
    return name


def _renamed(parcel: Parcel) -> Parcel:
    body = {**parcel.body, "eventType": _old_name(str(parcel.body.get("eventType", "")))}
    return replace(parcel, path=_old_name(parcel.path), body=body)


def _partial(parcel: Parcel) -> Parcel:
    """The payload with `id`, `href` and what changed; a creation changed everything."""
    if parcel.changed is None:
        return parcel
    kept = {"id", "href", *parcel.changed}
    payload = {
        resource: {key: value for key, value in document.items() if key in kept}
        for resource, document in parcel.body["event"].items()
    }
    return replace(parcel, body={**parcel.body, "event": payload})


def _held(parcels: list[Parcel], on: On) -> list[Parcel]:
    return [replace(parcel, hold=on["holdMs"] / 1000) for parcel in parcels]


EVENTS = (
    Habit(
        name="hub-409",
        about="A callback that is subscribed already is refused with 409 instead of subscribed twice.",
        section="1.7",
        seen="409 on some servers when one exists",
        subscribe=lambda _, __: True,
    ),
    Habit(
        name="event-names-notification",
        about="Events have the older names: `...CreationNotification`, `...RemoveNotification` and so on.",
        section="1.7",
        seen="older names end in `Notification`",
        parcels=lambda parcels, _: [_renamed(parcel) for parcel in parcels],
    ),
    Habit(
        name="hub-partial-payload",
        about="The payload of an event is `id`, `href` and what changed.",
        section="1.7",
        seen="Payload may be the whole resource or only id, href and changed fields.",
        parcels=lambda parcels, _: [_partial(parcel) for parcel in parcels],
    ),
    Habit(
        name="hub-bare-callback",
        about="Events are posted to the callback itself, without `/listener/...`.",
        section="1.7",
        seen="servers post straight to the callback URL without appending the path",
        parcels=lambda parcels, _: [replace(parcel, path="") for parcel in parcels],
    ),
    Habit(
        name="hub-duplicates",
        about="Each event is delivered twice.",
        section="1.7",
        seen="No guarantee of order, of delivery or of once-only",
        parcels=lambda parcels, _: [parcel for parcel in parcels for _ in range(2)],
    ),
    Habit(
        name="hub-out-of-order",
        about="An event waits up to `holdMs` for a later one, which is then delivered first.",
        section="1.7",
        seen="No guarantee of order, of delivery or of once-only",
        options={"holdMs": 250},
        parcels=_held,
    ),
    Habit(
        name="hub-silent",
        about="No event is delivered at all.",
        section="1.7",
        seen="No guarantee of order, of delivery or of once-only",
        parcels=lambda _, __: [],
    ),
)
