"""From what a client sent of a customer to what the domain is asked: every part checked, each with its path."""

from dataclasses import dataclass

from domain.identity import applying
from domain.identity.applying import ApplicationRules, Check, Wishes
from domain.identity.contact import Address, Contact, checked_contact, is_phone
from domain.identity.duplicates import normal_phone
from domain.identity.model import Applicant, Individual, Organization
from kernel.context import Segment
from kernel.errors import BadRequestError
from kernel.ids import local_id
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection
from schema.inputs import carts
from schema.inputs import customers as inputs

_NO_CUSTOMER = Rejection(ErrorCode.NOT_FOUND, "There is no such customer.", ("input", "customerId"))


def applicant_of(given: inputs.CreateCustomerInput, rules: ApplicationRules) -> Applicant:
    """Who wants to become a customer.

    Raises:
        Rejected: a part is not what it should be; every such place is named.
    """
    check = Check(("input", "party"))
    party: Individual | Organization
    if given.party.individual:
        person = given.party.individual
        contact = _contact(check, person.contact, ("individual", "contact"))
        party = applying.individual(
            check, person.given_name, person.family_name, person.birth_date, person.document_number, contact, rules
        )
        segment = Segment.B2C
    elif given.party.organization:
        company = given.party.organization
        contact = _contact(check, company.contact, ("organization", "contact"))
        party = applying.organization(
            check, company.legal_name, company.registration_number, company.tax_id, contact, rules
        )
        segment = Segment.B2B
    else:
        raise Rejected(Rejection(ErrorCode.INVALID, "This says nothing.", check.path))
    billing_check = Check(("input", "billing"))
    wished = given.billing or inputs.BillingInput()
    wishes = Wishes(wished.cycle, wished.media, wished.terms)
    billing = applying.billing(billing_check, segment, wishes, rules)
    address_check = Check(("input",))
    address = _billing_address(address_check, given.billing_address)
    wrong = [*check.wrong, *address_check.wrong, *billing_check.wrong]
    if wrong or contact is None or address is None:
        raise Rejected(*wrong)
    return Applicant(party=party, contact=contact, billing_address=address, billing=billing)


def new_contact(given: inputs.UpdateProfileInput) -> Contact:
    """How a customer is to be reached from now on.

    Raises:
        Rejected: as `applicant_of`; or there is no way in it to reach anybody.
    """
    check = Check(("input",))
    contact = _contact(check, given.contact, ("contact",))
    if contact is not None and not contact.email and not contact.phone:
        check.require(None, "contact", "email")
    if check.wrong or contact is None:
        raise Rejected(*check.wrong)
    return contact


def customer_of(text: str) -> str:
    """The local id of a customer. One that is none is like one that nobody has.

    Raises:
        Rejected: it is none.
    """
    try:
        return local_id(text, "Customer")
    except BadRequestError:
        raise Rejected(_NO_CUSTOMER) from None


@dataclass(frozen=True)
class Link:
    """A line that is to be linked. `answer`: challenge token and code, where the code has been sent already."""

    customer_id: str
    number: str
    answer: tuple[str, str] | None


def link_of(given: inputs.LinkServiceInput) -> Link:
    """Which line joins which customer.

    Raises:
        Rejected: no line has this number, there is no such customer, or only half of the answer is there.
    """
    check, token, code = Check(("input",)), given.challenge_token, given.code
    if not is_phone(given.msisdn):
        check.refuse("This is no phone number.", "msisdn")
    if token is not None or code is not None:
        check.require(token, "challengeToken")
        check.require(code, "code")
    if check.wrong:
        raise Rejected(*check.wrong)
    answer = None if token is None or code is None else (token, code)
    return Link(customer_of(given.customer_id), normal_phone(given.msisdn) or "", answer)


def _contact(check: Check, given: carts.ContactInput, place: Path) -> Contact | None:
    address = given.address
    try:
        return checked_contact(
            (*check.path, *place),
            consent=given.reminder_consent,
            email=given.email,
            phone=given.phone,
            address=None if address is None else vars(address),
        )
    except Rejected as rejected:
        check.wrong += rejected.reasons
        return None


def _billing_address(check: Check, given: carts.AddressInput) -> Address | None:
    """An address stands in a contact as far as checking goes; here it stands alone."""
    try:
        return checked_contact((), consent=False, email=None, phone=None, address=vars(given)).address
    except Rejected as rejected:
        for reason in rejected.reasons:
            check.refuse(reason.message, "billingAddress", *(reason.path or ())[1:])
        return None
