"""What cannot be a customer's details is refused by the path of the field, before any upstream is asked."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bff.customers import rules_of
from bff.settings import CustomerSettings
from kernel.clock import FixedClock
from kernel.outcomes import Rejected
from resolvers.customer_inputs import applicant_of
from sandbox.control import SandboxControl
from schema.inputs import carts, customers
from tests.customers.conftest import MakeShop
from tests.customers.people import ADDRESS, company, new_key, person

CARD = "4111 1111 1111 1111"
RLO = "Ada\u202eretniW"
BAD_NAMES = ["x" * 5_000, "", "   ", "...", RLO, "Ada\x00", "Ada\nWinter", "<script>", CARD, "\u200b"]


def individual(**more: Any) -> dict[str, Any]:
    return person(**more)["party"]["individual"]


async def refused(shop: MakeShop, sandbox: SandboxControl, *inputs: dict[str, Any]) -> list[list[tuple[str, ...]]]:
    """The paths that each input is refused by. Nothing is asked upstream, and nothing typed is repeated."""
    found = []
    async with shop() as ada:
        for each in inputs:
            payload = await ada.create(each)
            assert payload["customer"] is None
            assert {error["code"] for error in payload["errors"]} == {"INVALID"}
            told = " ".join(error["message"] for error in payload["errors"])
            assert not any(secret in told for secret in ("4111", "retniW", "script"))
            found.append([tuple(error["path"]) for error in payload["errors"]])
    assert sandbox.calls()["total"] == 0
    return found


async def test_names_that_are_none(shop: MakeShop, sandbox: SandboxControl) -> None:
    for field in ("givenName", "familyName"):
        paths = await refused(shop, sandbox, *(person(**{field: name}) for name in BAD_NAMES))
        assert paths == [[("input", "party", "individual", field)]] * len(BAD_NAMES)
    paths = await refused(shop, sandbox, *(company(legalName=name) for name in BAD_NAMES))
    assert paths == [[("input", "party", "organization", "legalName")]] * len(BAD_NAMES)


async def test_names_of_the_world_are_taken(shop: MakeShop) -> None:
    async with shop() as ada:
        for number, (first, last) in enumerate([("أحمد", "العربي"), ("José", "O’Neil"), ("Ying", "王"), ("X", "Æ 12")]):
            payload = await ada.create(person(f"p{number}@example.com", givenName=first, familyName=last))
            assert payload["errors"] == []
            assert payload["customer"]["profile"]["givenName"] == first


async def test_days_nobody_was_born_on(shop: MakeShop, sandbox: SandboxControl) -> None:
    days = ["1987-02-30", "1987-4-12", "12.04.1987", "2999-01-01", "1066-10-14", "2020-01-01", ""]
    days += ["1987-04-12T00:00:00Z", "١٩٨٧-٠٤-١٢"]
    paths = await refused(shop, sandbox, *(person(birthDate=day) for day in days), person(birthDate=None))
    assert paths == [[("input", "party", "individual", "birthDate")]] * (len(days) + 1)


async def test_numbers_of_documents_and_registers(shop: MakeShop, sandbox: SandboxControl) -> None:
    bad = ["", "#1", "x" * 41, CARD, "C01X\u202e", "-"]
    paths = await refused(shop, sandbox, *(person(documentNumber=each) for each in bad))
    assert paths == [[("input", "party", "individual", "documentNumber")]] * len(bad)
    for field in ("registrationNumber", "taxId"):
        paths = await refused(shop, sandbox, *(company(**{field: each}) for each in bad))
        assert paths == [[("input", "party", "organization", field)]] * len(bad)


async def test_contacts(shop: MakeShop, sandbox: SandboxControl) -> None:
    def contact(**told: Any) -> dict[str, Any]:
        return person(contact={"reminderConsent": False, **told})

    place = ("input", "party", "individual", "contact")
    paths = await refused(
        shop,
        sandbox,
        contact(email="no-address"),
        contact(email="a@b"),
        contact(phone="+490000000"),
        contact(email="a@example.com", address={**ADDRESS, "country": "Germany", "city": RLO}),
        contact(),
    )
    assert paths == [
        [(*place, "email")],
        [(*place, "email")],
        [(*place, "phone")],
        [(*place, "address", "city"), (*place, "address", "country")],
        [(*place, "email")],
    ]


async def test_billing(shop: MakeShop, sandbox: SandboxControl) -> None:
    paths = await refused(
        shop,
        sandbox,
        {**person(), "billingAddress": {**ADDRESS, "line1": "", "postcode": "x" * 21}},
        {**person(), "billing": {"cycle": "daily", "media": [], "terms": "never"}},
        {**person(), "billing": {"cycle": "quarterly"}},
        {**person(), "billing": {"media": ["email", "pigeon"]}},
    )
    assert paths == [
        [("input", "billingAddress", "postcode"), ("input", "billingAddress", "line1")],
        [("input", "billing", "cycle"), ("input", "billing", "media"), ("input", "billing", "terms")],
        [("input", "billing", "cycle")],
        [("input", "billing", "media")],
    ]


async def test_everything_that_is_wrong_is_named_at_once(shop: MakeShop, sandbox: SandboxControl) -> None:
    wrong = person(givenName="", birthDate="x", contact={"email": "x", "reminderConsent": False})
    ((*paths,),) = await refused(shop, sandbox, {**wrong, "billing": {"cycle": "x"}})
    assert sorted(path[-1] for path in paths) == ["birthDate", "cycle", "email", "givenName"]


async def test_what_a_segment_must_tell_is_a_setting(shop: MakeShop, sandbox: SandboxControl) -> None:
    needs = {"customers_b2c_required": "documentNumber,phone,address", "customers_b2b_required": ""}
    async with shop(**needs) as ada:
        payload = await ada.create(person(birthDate=None))
        assert sorted(error["path"][-1] for error in payload["errors"]) == ["address", "documentNumber", "phone"]
        assert (await ada.create(company(taxId=None)))["errors"] == []


@pytest.mark.parametrize("login", ["", "nobody", "a@b", "+49", "x" * 300 + "@example.com", RLO])
async def test_nobody_is_invited_by_what_is_no_login(shop: MakeShop, login: str) -> None:
    async with shop() as ada:
        await ada.create(company())
        (error,) = (await ada.invite(login, "BUYER"))["errors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "login"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.tuples(st.text(max_size=150), st.text(max_size=150)),
    born=st.one_of(st.none(), st.text(max_size=12), st.dates().map(str)),
    document=st.one_of(st.none(), st.text(max_size=45)),
    email=st.one_of(st.none(), st.text(max_size=40), st.emails()),
    line=st.text(max_size=120),
)
def test_whatever_is_typed_is_taken_or_refused_by_its_path(
    names: tuple[str, str], born: str | None, document: str | None, email: str | None, line: str
) -> None:
    """Of the checks alone: nothing else comes out of them, and what comes out is clean."""
    address = carts.AddressInput(line1=line, city="Kiel", postcode="24103", country="DE")
    contact = carts.ContactInput(email=email, reminder_consent=False)
    told = customers.IndividualInput(
        given_name=names[0], family_name=names[1], birth_date=born, document_number=document, contact=contact
    )
    sent = customers.CreateCustomerInput(
        idempotency_key=new_key(), party=customers.PartyInput(individual=told), billing_address=address
    )
    reasons: Any = ()
    try:
        applicant = applicant_of(sent, rules_of(CustomerSettings(), FixedClock()))
    except Rejected as rejected:
        reasons = rejected.reasons
    else:
        plain = applicant.display_name.replace("\u200d", "").replace("\u200c", "")
        assert plain.isprintable()
        assert applicant.contact.email
        assert applicant.billing_address.line1 == applicant.billing_address.line1.strip()
    assert all(reason.path and reason.path[0] == "input" for reason in reasons)
