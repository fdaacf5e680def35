"""Checking what somebody tells who wants to become a customer, before any system is asked.

Which details a segment must give, and how its bills may come, are the operator's settings. Every part that is wrong is
named, and no message repeats what was typed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from domain.identity.contact import Contact
from domain.identity.model import Billing, Individual, Organization
from kernel.clock import Clock
from kernel.context import Segment
from kernel.outcomes import ErrorCode, Path, Rejection
from kernel.text import TextError, check_text

MAX_NAME = 100
MAX_LEGAL_NAME = 200
_MAX_NUMBER = 40
_OLDEST = 130
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[A-Z0-9](?:[A-Z0-9 ./-]{0,38}[A-Z0-9])?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class BillingChoices:
    """What a segment can choose from; the first of each is what it gets without choosing."""

    cycles: tuple[str, ...]
    media: tuple[str, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True)
class ApplicationRules:
    """`required`: of each segment the details it must give, by their names in the input. `least_age` in years."""

    required: Mapping[Segment, frozenset[str]]
    billing: Mapping[Segment, BillingChoices]
    least_age: int
    clock: Clock


@dataclass(frozen=True)
class Wishes:
    """How somebody wants bills to come; None: as usual."""

    cycle: str | None = None
    media: Sequence[str] | None = None
    terms: str | None = None


@dataclass
class Check:
    """Collects what is wrong with an input, part by part."""

    path: Path
    wrong: list[Rejection] = field(default_factory=list)

    def text(self, value: str | None, most: int, *place: str) -> str | None:
        """A text with something in it; None where there is none."""
        if value is None:
            return None
        try:
            clean = check_text(value, most=most)
        except TextError as error:
            self.refuse(error.reason, *place)
            return None
        if not any(letter.isalnum() for letter in clean):
            self.refuse("This must not be empty.", *place)
            return None
        return clean

    def number(self, value: str | None, *place: str) -> str | None:
        """The number of a document or in a register."""
        clean = self.text(value, _MAX_NUMBER, *place)
        if clean is not None and not _NUMBER.fullmatch(clean):
            self.refuse("This is no such number: letters, digits, spaces, `.`, `/` and `-`.", *place)
            return None
        return clean

    def require(self, given: object, *place: str) -> None:
        if given is None and not any(each.path == (*self.path, *place) for each in self.wrong):
            self.refuse("This is needed.", *place)

    def refuse(self, message: str, *place: str) -> None:
        self.wrong.append(Rejection(ErrorCode.INVALID, message, (*self.path, *place)))


def individual(
    check: Check,
    given: str,
    family: str,
    born: str | None,
    document: str | None,
    contact: Contact | None,
    rules: ApplicationRules,
) -> Individual:
    place = ("individual",)
    names = [check.text(given, MAX_NAME, *place, "givenName"), check.text(family, MAX_NAME, *place, "familyName")]
    told = {
        "birthDate": _birth_date(check, born, rules, *place, "birthDate"),
        "documentNumber": check.number(document, *place, "documentNumber"),
    }
    _require(check, rules.required[Segment.B2C], told, contact, place)
    return Individual(
        given=names[0] or "", family=names[1] or "", born=told["birthDate"], document=told["documentNumber"]
    )


def organization(
    check: Check, name: str, registration: str, tax: str | None, contact: Contact | None, rules: ApplicationRules
) -> Organization:
    place = ("organization",)
    kept = check.text(name, MAX_LEGAL_NAME, *place, "legalName")
    number = check.number(registration, *place, "registrationNumber")
    told = {"taxId": check.number(tax, *place, "taxId")}
    _require(check, rules.required[Segment.B2B], told, contact, place)
    return Organization(name=kept or "", registration=number or "", tax=told["taxId"])


def billing(check: Check, segment: Segment, wishes: Wishes, rules: ApplicationRules) -> Billing:
    """What was wished, where this segment can choose it."""
    choices = rules.billing[segment]
    media = choices.media[:1] if wishes.media is None else tuple(dict.fromkeys(wishes.media))
    for name, wanted, offered in (
        ("cycle", (wishes.cycle or choices.cycles[0],), choices.cycles),
        ("media", media, choices.media),
        ("terms", (wishes.terms or choices.terms[0],), choices.terms),
    ):
        if not wanted or not set(wanted) <= set(offered):
            check.refuse("This is not among the choices: " + ", ".join(offered) + ".", name)
    return Billing(cycle=wishes.cycle or choices.cycles[0], media=media, terms=wishes.terms or choices.terms[0])


def _require(
    check: Check, names: frozenset[str], told: Mapping[str, str | None], contact: Contact | None, place: Path
) -> None:
    """What the segment must give. About a contact that is wrong itself nothing more is said."""
    for name in sorted(names & told.keys()):
        check.require(told[name], *place, name)
    if contact is None:
        return
    for name, value in (("email", contact.email), ("phone", contact.phone), ("address", contact.address)):
        if name in names:
            check.require(value, *place, "contact", name)
    if not contact.email and not contact.phone:
        check.require(None, *place, "contact", "email")


def _birth_date(check: Check, text: str | None, rules: ApplicationRules, *place: str) -> str | None:
    if text is None:
        return None
    try:
        born = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        born = None
    if born is None:
        check.refuse("This is no date: 1987-04-12.", *place)
        return None
    today = datetime.fromtimestamp(rules.clock.now(), UTC).date()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not 0 <= age < _OLDEST:
        check.refuse("Nobody who lives was born then.", *place)
        return None
    if age < rules.least_age:
        check.refuse(f"Customers are at least {rules.least_age} years old.", *place)
        return None
    return text
