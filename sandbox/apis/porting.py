"""A porting provider, for which there is no Open API: may a number come to us, and how far is it on its way.

A port-in moves only when it is told to (`POST /sandbox/porting/{id}`); two kinds are rejected at once, by rule, and one
that has no date yet is cancelled when its client says so (PATCH of `state` alone). Each move is written into the
number's resource in TMF639, where the shop has tagged one with `portInStatus`. The authorisation code is kept apart and
shown by nothing but the control endpoint.
"""

import re
from datetime import timedelta
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.desk import Desk
from sandbox.errors import bad_request, conflict, not_found
from sandbox.events import changed
from sandbox.tables import Api, Document, Lifecycle, Resource

KIND = "PORTING.portIn"
SECRETS = "PORTING.secret"
CODE = "authorisationCode"
STATES = ("requested", "validated", "scheduled", "ported", "rejected", "cancelled")

_NUMBERS = "TMF639.resource"
_MSISDN = re.compile(r"[1-9][0-9]{7,14}")
_OWN = "491577"
_DONORS = {
    "Telora": (("49151", "49160", "49170", "49171", "49175"), (CODE,)),
    "Vandia": (("49152", "49162", "49172", "49173", "49174"), ("accountNumber", CODE)),
    "Oryx": (("49155", "49159", "49163", "49176", "49177", "49178", "49179"), ("accountNumber",)),
}
"""The prefixes of each network, and what it wants to be told."""

_OTHER = ("Kontor Mobil", (CODE,))
_CORRECTABLE = frozenset({"donor", "accountNumber", CODE, "wantedAt"})
_CANCELLABLE = frozenset({"requested", "validated", "rejected", "cancelled"})
_OVER = frozenset({"rejected", "cancelled"})
_WRONG_CODE = "0000"


def portability(desk: Desk, query: QueryParams) -> Document:
    """Whether `msisdn` can be ported, from whom, when at the earliest, and with what."""
    msisdn = _checked(query.get("msisdn"))
    donor, requires = _donor(msisdn)
    if msisdn.startswith(_OWN):
        return {"msisdn": msisdn, "portable": False, "reason": "OWN_NUMBER", "donor": "Lumaro", "requires": []}
    if not _portable(msisdn):
        return {"msisdn": msisdn, "portable": False, "reason": "NOT_PORTABLE", "donor": donor, "requires": []}
    earliest = (desk.now + timedelta(days=2)).strftime("%Y-%m-%dT05:00:00Z")
    return {"msisdn": msisdn, "portable": True, "donor": donor, "earliest": earliest, "requires": list(requires)}


def _donor(msisdn: str) -> tuple[str, tuple[str, ...]]:
    found = ((name, wants) for name, (prefixes, wants) in _DONORS.items() if msisdn.startswith(prefixes))
    return next(found, _OTHER)


def _portable(msisdn: str) -> bool:
    return not msisdn.endswith("00") and not msisdn.startswith(_OWN)


def _checked(msisdn: Any) -> str:
    if not isinstance(msisdn, str) or not _MSISDN.fullmatch(msisdn):
        raise bad_request("msisdn: 8 to 15 digits without + were expected")
    return msisdn


def written(desk: Desk, before: Document | None, after: Document) -> Document:
    """A new port-in, the corrected data of a rejected one, or the end of one that has no date yet."""
    if before is not None and _is_cancelled(before, after):
        _tell(desk, after)
        return after
    port_in = {key: value for key, value in after.items() if key not in {CODE, "state", "reason", "scheduledAt"}}
    code = after.get(CODE)
    if not isinstance(code, str | None):
        raise bad_request(f"{CODE} must be a text")
    if before is None:
        _refuse_second(desk, port_in)
    else:
        _refuse_correction(before, after)
    if code is not None:
        desk.keep(SECRETS, {"id": port_in["id"], CODE: code})
    reason = _refused_by_rule(desk, port_in)
    port_in |= {"state": "rejected", "reason": reason} if reason else {"state": "requested"}
    _tell(desk, port_in)
    return port_in


def _refuse_second(desk: Desk, port_in: Document) -> None:
    _checked(port_in["msisdn"])
    if desk.find(KIND, "externalId", str(port_in["externalId"])):
        raise conflict(f"there is a port-in of externalId {port_in['externalId']}")
    if any(each["state"] not in _OVER for each in desk.find(KIND, "msisdn", port_in["msisdn"])):
        raise conflict(f"{port_in['msisdn']} is being ported")


def _is_cancelled(before: Document, after: Document) -> bool:
    """Whether that is what a write asks for."""
    if after.get("state") != "cancelled" or set(changed(before, after)) - {"state", "lastUpdate"}:
        return False
    if before["state"] not in _CANCELLABLE:
        raise conflict(f"port-in {before['id']} is {before['state']}: it cannot be cancelled any more")
    return True


def _refuse_correction(before: Document, after: Document) -> None:
    if before["state"] != "rejected":
        raise conflict(f"port-in {before['id']} is {before['state']}: only a rejected one can be corrected")
    wrong = set(changed(before, after)) - _CORRECTABLE - {"lastUpdate"}
    if wrong:
        raise bad_request(f"{', '.join(sorted(wrong))} cannot be changed")


def _refused_by_rule(desk: Desk, port_in: Document) -> str | None:
    if not _portable(port_in["msisdn"]):
        return "NOT_PORTABLE"
    secret = desk.get(SECRETS, port_in["id"]) or {}
    return "AUTHORISATION_CODE_WRONG" if secret.get(CODE) == _WRONG_CODE else None


def move(desk: Desk, identifier: str, state: str, reason: str | None, scheduled_at: str | None) -> Document:
    """Let a port-in be in `state`, from whichever it is in; answers it as control shows it."""
    port_in = desk.get(KIND, identifier)
    if port_in is None:
        raise not_found(f"port-in {identifier}")
    if state not in STATES:
        raise bad_request(f"state: one of {', '.join(STATES)} was expected")
    scheduled = scheduled_at or port_in.get("scheduledAt")
    desk.change(KIND, identifier, {"state": state, "reason": reason, "scheduledAt": scheduled})
    after = {**port_in, "state": state, "reason": reason, "scheduledAt": scheduled}
    _tell(desk, after)
    return _disclosed(desk, identifier)


def disclosed(desk: Desk) -> list[Document]:
    """Every port-in, with its authorisation code."""
    return [_disclosed(desk, each["id"]) for state in STATES for each in desk.find(KIND, "state", state)]


def _disclosed(desk: Desk, identifier: str) -> Document:
    secret = desk.get(SECRETS, identifier) or {}
    return {**(desk.get(KIND, identifier) or {}), CODE: secret.get(CODE)}


def _tell(desk: Desk, port_in: Document) -> None:
    """Write the state into the number's resource, if the shop has tagged one as a number on its way."""
    told = {
        "portInStatus": port_in["state"],
        "portInReason": port_in.get("reason"),
        "portingDate": port_in.get("scheduledAt"),
    }
    tags = [{"name": name, "value": value, "valueType": "string"} for name, value in told.items() if value]
    for resource in desk.find(_NUMBERS, "value", port_in["msisdn"]):
        characteristics = resource.get("resourceCharacteristic", [])
        if any(each.get("name") == "portInStatus" for each in characteristics):
            others = [each for each in characteristics if each.get("name") not in told]
            desk.change(_NUMBERS, resource["id"], {"resourceCharacteristic": [*others, *tags]})


PORTING = Api(
    name="PORTING",
    base_path="/porting/v1",
    version="1.0.0",
    resources=(
        Resource(
            path="portIn",
            type="PortIn",
            required=("externalId", "msisdn", "donor"),
            indexed=("externalId", "msisdn", "state"),
            stamped="lastUpdate",
            created="creationDate",
            lifecycle=Lifecycle("state", frozenset(STATES)),
            methods=frozenset({"GET", "POST", "PATCH"}),
            effect=written,
        ),
        Resource(path="portability", type="Portability", methods=frozenset({"GET"}), computed=portability),
    ),
)
