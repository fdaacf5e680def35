"""Forms of objects that several APIs share: what v5 calls differently, nests or types, against v4."""

from collections.abc import Callable
from typing import Any

from sandbox.shapes import Document, Form

_PARTIES = frozenset({"Individual", "Organization", "Party"})
_VALUES: dict[type, str] = {bool: "Boolean", int: "Integer", float: "Number", str: "String", dict: "Object"}
_VALUE_TYPES = {"boolean": "Boolean", "integer": "Integer", "number": "Number", "string": "String", "object": "Object"}


def same(name: str, **more: Any) -> Form:
    """An object with the same `@type` in both, which v4 may leave out."""
    return Form(name, was=name, **more)


def typed_by_value(suffix: str) -> Callable[[Document], str]:
    """The `@type` of an object with a `value`: StringX, IntegerX, ObjectArrayX...

    By the value itself, except that `valueType` may call a whole number a Number, or stand in for no value.
    """

    def type_of(document: Document) -> str:
        value: Any = document.get("value")
        named = _VALUE_TYPES.get(str(document.get("valueType", "")).lower(), "")
        if isinstance(value, list):
            return f"{_VALUES.get(type(value[0]) if value else dict, 'Object')}Array{suffix}"
        typed = named if value is None or (named == "Number" and type(value) is int) else _VALUES.get(type(value), "")
        return typed + suffix

    return type_of


def any_value(suffix: str) -> Callable[[Document], Document]:
    """v4 has one type for all values, whichever of its own a client of v5 has sent."""

    def inward(value: Document) -> Document:
        return {**value, "@type": suffix} if str(value.get("@type", "")).endswith(suffix) else value

    return inward


def _nested(party: Document) -> Document:
    """`{id, name, role}` becomes `{role, partyOrPartyRole: {id, name}}`."""
    inner = {key: party.pop(key) for key in ("id", "href", "name", "@referredType", "_i18n") if key in party}
    return {**party, "partyOrPartyRole": inner}


def _flat(party: Document) -> Document:
    inner = party.pop("partyOrPartyRole", None)
    return {**(inner if isinstance(inner, dict) else {}), **party}


def party(name: str) -> Form:
    """A related party, which each v5 file gives another `@type`."""
    inner = Form(lambda each: "PartyRef" if str(each.get("@referredType")) in _PARTIES else "PartyRoleRef")
    return Form(name, was="RelatedParty", parts={"partyOrPartyRole": inner}, outward=_nested, inward=_flat)


PARTY_PATHS = {"relatedParty.partyOrPartyRole": "relatedParty"}
OFFERING = Form("ProductOfferingRef")
SPECIFICATION = Form("ProductSpecificationRef")
CHARACTERISTIC = Form(
    typed_by_value("Characteristic"),
    was="Characteristic",
    parts={"characteristicRelationship": same("CharacteristicRelationship")},
    inward=any_value("Characteristic"),
)
