"""Telephone numbers and SIM cards, as many of each as wanted, by arithmetic: nothing is kept until it is changed.

First come the numbers, then plastic cards, then eSIMs. Positions are spread over the block, so that neighbours in a
list are no neighbours by number; each step has its way back, from an id to the position.
"""

import re
from collections.abc import Callable
from typing import Any

from sandbox.generated import Column
from sandbox.tables import Document

DEFAULT = 50_000
KIND = "TMF639.resource"

_BLOCK = "491577"
_TAILS = 10**7
_STEP, _START = 7_368_787, 2_222_220
_BACK = pow(_STEP, -1, _TAILS)

_ISSUER = "894977"
_FIRST_CARD, _CARD_STEP = 1_000_003, 7
_ID = re.compile(r"(msisdn|sim)-([0-9]{13,20})")

_RUNS = {length: "|".join(part for each in ("0123456789", "9876543210") for part in
                          (each[at : at + length] for at in range(11 - length))) for length in (4, 5)}  # fmt: skip
_CLASSES = (
    ("Platinum", re.compile(rf"(\d)\1{{4}}|{_RUNS[5]}|(\d)(\d)(\d)\d\4\3\2$")),
    ("Gold", re.compile(rf"(\d)\1{{3}}|{_RUNS[4]}|(\d)\2(\d)\3(\d)\4|(\d\d\d)\5|(\d)\6\6$")),
    ("Silver", re.compile(r"(\d)\1\1|(\d\d)\2|(\d)\3(\d)\4")),
)

_STATES = (
    (80, ("available", "available", "idle")),
    (88, ("reserved", "reserved", "idle")),
    (96, ("reserved", "allocated", "active")),
    (100, ("suspended", "suspended", "idle")),
)
"""Below which of a hundred: resourceStatus of v4, allocationStatus of v5, usageState."""


def number_class(msisdn: str) -> str:
    """How dear a number is: repeated and ascending digits are remembered best."""
    tail = msisdn[len(_BLOCK) :]
    return next((name for name, pattern in _CLASSES if pattern.search(tail)), "Standard")


def luhn(payload: str) -> str:
    """The digit that ends an ICCID, ITU-T E.118 (ISO/IEC 7812-1 annex B)."""
    return str(-(sum(map(int, payload[::-2].translate(_DOUBLED))) + sum(map(int, payload[-2::-2]))) % 10)


_DOUBLED = str.maketrans("0123456789", "0246813579")
"""A digit to the digits of its double, summed."""


def secrets(iccid: str) -> tuple[tuple[str, str], ...]:
    """What of a card nobody but the network and its owner may read; names and values, the same at every call."""
    seed = int(iccid[:-1])
    found = (
        ("PUK", f"{seed * 48_271 % 10**8:08}"),
        ("Ki", f"{seed * 0x2545F4914F6CDD1D2545F4914F6CDD1D % 2**128:032X}"),
    )
    profile = ("activationCode", f"LPA:1$smdp.lumaro.example${seed * 0x9E3779B97F4A7C15 % 2**64:016X}")
    return (*found, profile) if len(iccid) == _ESIM_LENGTH else found


_ESIM_LENGTH = 20
_Text = Callable[[int], tuple[str, ...]]


class Numbers:
    """The rule: `size` numbers, then `size` cards, the second half of them eSIMs."""

    kind = KIND

    def __init__(self, size: int = DEFAULT) -> None:
        self._size = size
        self._plastic = size + (size + 1) // 2
        self._texts: dict[str, _Text] = {
            "@type": lambda each: ("PhysicalResource" if self._is_plastic(each) else "LogicalResource",),
            "@baseType": lambda _: ("Resource",),
            "id": lambda each: (self._id(each),),
            "name": lambda each: (self._name(each),),
            "value": lambda each: () if self._is_plastic(each) else (self._name(each),),
            "serialNumber": lambda each: (self._name(each),) if self._is_plastic(each) else (),
            "category": lambda each: (number_class(self._name(each)) if self._is_number(each) else "SIM",),
            "resourceSpecification.id": lambda each: (self._specification(each)[0],),
            "resourceStatus": lambda each: (_state(each)[0],),
            "allocationStatus": lambda each: (_state(each)[1],),
            "usageState": lambda each: (_state(each)[2],),
            "relatedParty.id": lambda each: tuple(party["id"] for party in _parties(each)),
            "resourceCharacteristic.name": self._characteristic_names,
            "resourceCharacteristic.value": lambda each: tuple(
                value for _, value in self._told(each, self._name(each))
            ),
        }

    def __len__(self) -> int:
        return self._size * 2

    def document(self, position: int) -> Document:
        name, (status, allocation, usage) = self._name(position), _state(position)
        specification, called = self._specification(position)
        plastic = self._is_plastic(position)
        parties = _parties(position)
        return {
            "id": self._id(position),
            "@type": "PhysicalResource" if plastic else "LogicalResource",
            "@baseType": "Resource",
            "category": self._category(position, name),
            "name": name,
            ("serialNumber" if plastic else "value"): name,
            "resourceStatus": status,
            "allocationStatus": allocation,
            "usageState": usage,
            "administrativeState": "unlocked",
            "operationalState": "enable",
            "creationDate": "2025-01-01T00:00:00Z",
            "resourceSpecification": {
                "id": specification,
                "name": called,
                "@referredType": f"{'Physical' if plastic else 'Logical'}ResourceSpecification",
            },
            "resourceCharacteristic": [
                {"name": each, "value": value, "valueType": "string"} for each, value in self._told(position, name)
            ],
            **({"place": dict(_WAREHOUSE)} if plastic else {}),
            **({"relatedParty": parties} if parties else {}),
        }

    def position(self, identifier: str) -> int | None:
        match = _ID.fullmatch(identifier)
        if match is None:
            return None
        position = self._of_number(match[2]) if match[1] == "msisdn" else self._of_card(match[2])
        return position if 0 <= position < len(self) and self._id(position) == identifier else None

    def column(self, path: str) -> Column | None:
        text = self._texts.get(path)
        return text and [text(position) for position in range(len(self))]

    def _is_number(self, position: int) -> bool:
        return position < self._size

    def _is_plastic(self, position: int) -> bool:
        return self._size <= position < self._plastic

    def _id(self, position: int) -> str:
        return f"{'msisdn' if position < self._size else 'sim'}-{self._name(position)}"

    def _name(self, position: int) -> str:
        """The number, or the card's ICCID."""
        if position < self._size:
            return f"{_BLOCK}{(position * _STEP + _START) % _TAILS:07}"
        account = (position - self._size) * _CARD_STEP + _FIRST_CARD
        payload = f"{_ISSUER}{account:0{12 if position < self._plastic else 13}}"
        return payload + luhn(payload)

    def _of_number(self, digits: str) -> int:
        return (int(digits[len(_BLOCK) :]) - _START) * _BACK % _TAILS

    def _of_card(self, digits: str) -> int:
        return (int(digits[len(_ISSUER) : -1]) - _FIRST_CARD) // _CARD_STEP + self._size

    def _category(self, position: int, name: str) -> str:
        return number_class(name) if self._is_number(position) else "SIM"

    def _specification(self, position: int) -> tuple[str, str]:
        if self._is_number(position):
            return "msisdn-spec", "MSISDN"
        return ("sim-card-spec", "SIM card") if self._is_plastic(position) else ("esim-profile-spec", "eSIM profile")

    def _told(self, position: int, name: str) -> tuple[tuple[str, str], ...]:
        """The characteristics, as names and values."""
        if self._is_number(position):
            return (("numberClass", number_class(name)),)
        return (("simKind", "PHYSICAL" if self._is_plastic(position) else "ESIM"), *secrets(name))

    def _characteristic_names(self, position: int) -> tuple[str, ...]:
        if self._is_number(position):
            return ("numberClass",)
        return ("simKind", "PUK", "Ki") if self._is_plastic(position) else ("simKind", "PUK", "Ki", "activationCode")


_WAREHOUSE = {"id": "warehouse-west", "name": "Warehouse West", "role": "storage", "@referredType": "GeographicSite"}


def _state(position: int) -> tuple[str, str, str]:
    of_hundred = (position * 2_654_435_761 >> 7) % 100
    return next(state for below, state in _STATES if of_hundred < below)


def _parties(position: int) -> list[dict[str, Any]]:
    """Who holds what is taken: another channel what is reserved, a customer what is assigned."""
    allocation = _state(position)[1]
    if allocation == "reserved":
        return [{"id": "channel-callcenter", "name": "Call centre", "role": "reserver", "@referredType": "Channel"}]
    if allocation == "allocated":
        return [{"id": f"customer-{position}", "role": "owner", "@referredType": "Customer"}]
    return []
