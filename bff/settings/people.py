"""Users and customers."""

from dataclasses import dataclass

from bff.setting_checks import (
    at_least,
    bill_words,
    code_text,
    lookups,
    one_of,
    password_needs,
    pool_id,
    secret,
    some_of,
    web_url,
)
from bff.settings.upstreams import setting


@dataclass(frozen=True)
class CognitoSettings:
    """Amazon Cognito's user pool; without one nobody can sign in."""

    pool: str = setting("", "The pool's id; it begins with its region.", example="eu-west-1_AbCdEf123", check=pool_id)
    client_id: str = setting("", "The app client's id; a client without a secret.", example="1example23456789")
    endpoint: str = setting(
        "", "Where the pool is asked, if not at Amazon.", example="http://127.0.0.1:8001", check=web_url
    )
    flow: str = setting(
        "password",
        "password: passwords go to Cognito over TLS; srp: they do not, at 120 ms of CPU a sign-in.",
        check=one_of("password", "srp"),
    )
    timeout: float = setting(3.0, "Seconds for one answer.", check=at_least(0.05))
    threads: int = setting(8, "Calls at the same time.", check=at_least(1))
    breaker_threshold: int = setting(5, "Failures in a row after which it is left alone.", check=at_least(1))
    breaker_cooldown: float = setting(5.0, "Seconds until it is tried again.", check=at_least(0))


@dataclass(frozen=True)
class IdentitySettings:
    """Signing up and in."""

    password_length: int = setting(8, "Least characters of a new password, as the pool has it.", check=at_least(6))
    password_needs: tuple[str, ...] = setting(
        ("lower", "upper", "digit", "symbol"), "What the pool wants in it.", check=password_needs
    )
    pace: float = setting(
        0.3,
        "Seconds at whose multiples answers come that could tell whether a login exists; more than Cognito takes.",
        check=at_least(0),
    )
    window: float = setting(600.0, "Seconds within which tries are counted.", check=at_least(1))
    sends: int = setting(3, "Codes to one login within that time.", check=at_least(1))
    tries: int = setting(5, "Tries of one code.", check=at_least(1))
    sign_ins: int = setting(20, "Tries to sign in with one login by password within that time.", check=at_least(1))
    by_address: int = setting(
        100, "The same, each, from one address or IPv6 /64: a mobile operator's customers share one.", check=at_least(1)
    )
    fold_mailboxes: bool = setting(
        False, "Whether a.da+x@example.com and ada@example.com count as one where codes are counted."
    )


@dataclass(frozen=True)
class SessionSettings:
    """How a client keeps a session."""

    cookies: bool = setting(
        False, "Whether tokens are kept in HttpOnly cookies, for web apps; else answers show them, for mobile ones."
    )
    same_site: str = setting(
        "strict", "SameSite of the cookies: strict, lax, or none.", check=one_of("strict", "lax", "none")
    )
    days: float = setting(30.0, "Days a refresh token lives, as the pool has it.", check=at_least(0.01))


@dataclass(frozen=True)
class CustomerSettings:
    """Customers; they are there where TMF629 is, which needs TMF632 and TMF666. TMF637 tells what they have."""

    duplicate_key: str = setting(
        "",
        "Secret of at least 32 characters that tells customers apart. It must never change.",
        example="$(openssl rand -base64 32)",
        check=secret,
        secret=True,
    )
    patience: float = setting(5.0, "Seconds a mutation waits for its pipeline.", check=at_least(0))
    b2c_required: tuple[str, ...] = setting(
        ("birthDate",),
        "What consumers must tell: birthDate, documentNumber, email, phone, address.",
        check=some_of("birthDate", "documentNumber", "email", "phone", "address"),
    )
    b2b_required: tuple[str, ...] = setting(
        ("taxId", "email"),
        "What companies must tell: taxId, email, phone, address.",
        check=some_of("taxId", "email", "phone", "address"),
    )
    least_age: int = setting(18, "How old consumers must be, in years.", check=at_least(0, 130))
    b2c_cycles: tuple[str, ...] = setting(
        ("monthly",), "Billing cycles of consumers, by id, the usual first.", check=bill_words
    )
    b2c_media: tuple[str, ...] = setting(
        ("email", "paper"), "Ways in which consumers get bills, by id, the usual first.", check=bill_words
    )
    b2c_terms: tuple[str, ...] = setting(("P14D",), "Payment terms of consumers, the usual first.", check=bill_words)
    b2b_cycles: tuple[str, ...] = setting(
        ("monthly", "quarterly"), "Billing cycles of companies, by id, the usual first.", check=bill_words
    )
    b2b_media: tuple[str, ...] = setting(
        ("email", "paper", "edi"), "Ways in which companies get bills, by id, the usual first.", check=bill_words
    )
    b2b_terms: tuple[str, ...] = setting(
        ("P30D", "P14D"), "Payment terms of companies, the usual first.", check=bill_words
    )
    status: str = setting("Active", "Status of a customer that is new.")
    account_state: str = setting("Active", "State of a billing account that is new.")
    closed: str = setting("Closed", "Status and state of what cannot be deleted when it has to be undone.")
    look_before: tuple[str, ...] = setting(
        ("email", "phone", "document", "registration"),
        "By what customers that the operator had before are looked for in TMF632; empty: they are not.",
        check=some_of("email", "phone", "document", "registration"),
    )
    tries: int = setting(10, "New customers and contacts one user can try in a window.", check=at_least(1))
    tries_by_address: int = setting(100, "The same from one address or IPv6 /64.", check=at_least(1))
    window: float = setting(3_600.0, "Seconds in which these are counted.", check=at_least(1))
    invitation_days: float = setting(7.0, "Days for which an invitation can be taken up.", check=at_least(0.001))


@dataclass(frozen=True)
class LinkingSettings:
    """Lines that people have already; they can be linked where TMF637, TMF681 and Redis are."""

    lookups: tuple[str, ...] = setting(
        ("productCharacteristic.value={digits}", "productCharacteristic.value=+{digits}"),
        "Filters by which TMF637 finds a line; checked again here.",
        check=lookups,
    )
    statuses: tuple[str, ...] = setting(("active",), "Statuses of lines that can be linked.")
    role: str = setting("user", "As what a customer is written into a line's related parties.")
    text: str = setting("Your code is {code}. Give it to nobody.", "The text message, with {code}.", check=code_text)
    sender: str = setting("Shop", "In whose name it is sent.")


@dataclass(frozen=True)
class PipelineSettings:
    """What runs through several systems, step by step."""

    sweep: float = setting(10.0, "Seconds between two looks for what dead processes left.", check=at_least(0.1))
    keep_days: float = setting(7.0, "Days for which one that ended can be looked at.", check=at_least(1))
