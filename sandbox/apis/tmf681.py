"""TMF681 Communication v4: messages to people. Making one sends it: it lands in the outbox, and its state says so."""

from sandbox.desk import Desk
from sandbox.outbox import Channel
from sandbox.tables import Api, Document, Lifecycle, Resource

_ARRAYS = ("attachment", "characteristic", "receiver")
_PLAIN = (
    "id href content description logFlag messageType priority scheduledSendTime sendTime sendTimeComplete subject "
    "tryTimes sender state @baseType @schemaLocation @type"
)
SENT = "completed"
STATES = frozenset({"initial", "inProgress", SENT, "cancelled", "failed"})


def deliver(desk: Desk, before: Document | None, after: Document) -> Document:
    """A new message goes to every receiver that has an address of its kind; nothing is sent a second time."""
    if before is not None:
        return after
    channel: Channel = "sms" if str(after["messageType"]).casefold() == "sms" else "email"
    address = "phoneNumber" if channel == "sms" else "email"
    for receiver in after["receiver"]:
        if receiver.get(address):
            desk.send(channel, receiver[address], after.get("subject", ""), after["content"])
    return {**after, "state": SENT, "tryTimes": 1, "sendTime": desk.now.strftime("%Y-%m-%dT%H:%M:%SZ")}


TMF681 = Api(
    name="TMF681",
    base_path="/tmf-api/communicationManagement/v4",
    version="4.0.0",
    resources=(
        Resource(
            path="communicationMessage",
            type="CommunicationMessage",
            required=("content", "receiver", "sender", "messageType"),
            indexed=("characteristic.value", "state"),
            lifecycle=Lifecycle("state", STATES),
            attributes=frozenset((*_PLAIN.split(), *_ARRAYS)),
            arrays=_ARRAYS,
            effect=deliver,
        ),
    ),
)
