"""TMF681 Communication, v4: messages to people. There is no other public version.

What a newcomer would get wrong: making a message sends it, and nobody can take one back. So each carries a reference
of ours, and is looked up by that before it is made a second time. What a message says is never read again.
"""

from clients.media import Characteristic, characteristic_body
from clients.parts import Json
from clients.tmf import Collection, Entity

UPSTREAM = "tmf681"
REFERENCE = "shopGatewayReference"
"""The characteristic by which the gateway knows a message of its own again."""
BY_REFERENCE = "characteristic.value"
"""The attribute by which messages are found by our reference."""
_SMS = "SMS"


class Message(Entity, frozen=True):
    """Of a message only what tells that it is ours."""

    characteristic: tuple[Characteristic, ...] = ()

    def is_marked(self, reference: str) -> bool:
        return any(each.name == REFERENCE and each.value == reference for each in self.characteristic)


MESSAGES = Collection(UPSTREAM, "communicationMessage", Message, always=frozenset({"characteristic"}))


def new_text_message(to: str, text: str, sender: str, *, reference: str) -> Json:
    """The body of a POST; `to` in international form (E.164). The operator is asked to keep it out of its logs."""
    return {
        "messageType": _SMS,
        "content": text,
        "sender": {"name": sender},
        "receiver": [{"phoneNumber": to}],
        "characteristic": [characteristic_body(REFERENCE, reference, "v4")],
        "logFlag": False,
    }
