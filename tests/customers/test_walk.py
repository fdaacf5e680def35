"""Who may see and do what: every field and argument of the schema that has to do with what somebody owns, tried.

A probe is an operation that touches some of them with an id. Each is tried by everybody: a guest, a stranger, and a
member of a company in each role. Who may not must get the very answer that an id of nobody gets, with nothing of the
owner's in it, and change nothing; who may must not be told that there is no such thing. What a probe touches is worked
out from its document, so whoever adds a field or argument gets a failing test until a probe touches it.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bff.dev import SANDBOX_PORTING, SANDBOX_TMF639, SANDBOX_TMF663, SANDBOX_TMF681
from domain.reservations import holds
from kernel.ids import GlobalId, parse_global_id
from sandbox.cognito.operations import CLIENT, POOL
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.shopper import add
from tests.client import Answer, Client
from tests.customers.conftest import MakeShop
from tests.customers.people import Someone, company, new_key, user
from tests.customers.records import Records
from tests.customers.walk import owned, touched
from tests.identity.sessions.person import PASSWORD, Person
from tests.identity.sessions.person import document as session_document

ROLES = ("OWNER", "ADMIN", "BUYER", "VIEWER")
ACTORS = ("GUEST", "STRANGER", *ROLES)
LOGINS = {role: f"{role.lower()}@acme.example" for role in ROLES} | {"STRANGER": "owner@other.example", "GUEST": None}
ANY, CHANGERS, ALONE, NONE = frozenset(ROLES), frozenset({"OWNER", "ADMIN"}), frozenset({"OWNER"}), frozenset[str]()
NUMBER = "+4915112345678"

PUBLIC = {
    "Query.productOffering(id)",
    "Query.productOfferings(after)",
    "Query.productOfferings(filter.category)",
    "Query.productOfferings(filter.ids)",
    "Query.categories(parent)",
    "Mutation.updateCart(input.operations.addLine.offeringId)",
    "Query.portability",
}
SOCKETS = {"Subscription.cartUpdated", "Subscription.cartUpdated(id)"}
"""What is not asked for over plain HTTP; tests/sockets try it."""
"""Places for what is nobody's, or everybody's."""

Ids = dict[str, Any]
Given = Callable[[Ids, Ids], dict[str, Any]]


@dataclass(frozen=True)
class Probe:
    """`given` makes the variables of ids, the owner's or nobody's, and of the actor's own. `may`: the roles that can.

    `refused`: what members hear whose role does not reach that far; None: the same as a stranger.
    """

    document: str
    given: Given
    may: frozenset[str]
    refused: str | None = None


CUSTOMER = """id displayName profile {
  ... on Individual { contact { email address { city } } }
  ... on Organization { legalName contact { email address { city } } } }
  billingAccounts { id name }
  products(first: 5) { nodes { id name } edges { cursor node { id } } }"""
LINE = "id parent { id } prices { name } reservations { id resource } portIn { id msisdn }"
CART = f"""id version contact {{ email address {{ city }} }} totals {{ kind }} reservations {{ id resource }}
  problems {{ code change {{ before {{ amount }} }} }}
  lines(first: 5) {{ edges {{ cursor node {{ {LINE} }} }} nodes {{ {LINE} }} }}"""
ERRORS = "errors { code message path retryable }"
NODES = f"""... on Customer {{ {CUSTOMER} }} ... on BillingAccount {{ name }} ... on Product {{ name }}
  ... on Viewer {{ login }} ... on Cart {{ {CART} }} ... on CartLine {{ quantity }}
  ... on Reservation {{ resource }} ... on PortIn {{ msisdn }}"""


def mutation(name: str, kind: str, payload: str) -> str:
    return f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ {payload} {ERRORS} }} }}"


def keyed(**given: Any) -> dict[str, Any]:
    return {"input": {"idempotencyKey": new_key(), **given}}


def node_of(name: str) -> Given:
    return lambda ids, _: {"id": ids[name]}


NODE = f"query($id: ID!) {{ node(id: $id) {{ id {NODES} }} }}"
MANY = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
OF_CUSTOMER = ("customer", "account", "product")
OF_CART = ("cart", "line", "reservation", "portIn")
UPDATE_CART = mutation(
    "updateCart", "UpdateCart", f"cart {{ {CART} }} warnings {{ code change {{ before {{ amount }} }} }}"
)
RESERVATION = "reservation { id resource } cart { id }"
PORT_IN = "portIn { id msisdn } cart { id }"
PAYLOAD = f"customer {{ {CUSTOMER} }} billingAccount {{ id }}"


def in_own_cart(make: Callable[[Ids], dict[str, Any]]) -> Given:
    """An operation on the actor's own cart with somebody else's id in it."""
    return lambda ids, own: keyed(cartId=own["cart"], expectedVersion=own["version"], operations=[make(ids)])


def session(name: str, given: Given) -> Probe:
    return Probe(session_document(name), given, NONE)


WRONG = "999999"
PROBES: dict[str, Probe] = {
    **{f"node: {each}": Probe(NODE, node_of(each), ANY) for each in OF_CUSTOMER},
    **{f"node: {each}": Probe(NODE, node_of(each), ALONE) for each in (*OF_CART, "viewer")},
    "nodes: of a customer": Probe(MANY, lambda ids, _: {"ids": [ids[each] for each in OF_CUSTOMER]}, ANY),
    "nodes: of a cart": Probe(MANY, lambda ids, _: {"ids": [ids[each] for each in OF_CART]}, ALONE),
    "products behind a cursor": Probe(
        'query($id: ID!) { node(id: $id) { ... on Customer { id products(after: "0") { nodes { id } } } } }',
        node_of("customer"),
        ANY,
    ),
    "customers behind a cursor": Probe(
        "query($after: String) { viewer { customers(after: $after) { nodes { id } } } }",
        lambda ids, _: {"after": ids["cursor"]},
        ANY,
    ),
    "viewer": Probe(
        f"{{ viewer {{ id customers {{ nodes {{ {CUSTOMER} }} edges {{ node {{ id }} }} }} }} }}",
        lambda _ids, _own: {},
        ANY,
    ),
    "createCustomer with the same company": Probe(
        mutation("createCustomer", "CreateCustomer", PAYLOAD), lambda _ids, _own: keyed(**company()), NONE
    ),
    "updateProfile": Probe(
        mutation("updateProfile", "UpdateProfile", PAYLOAD),
        lambda ids, _: keyed(customerId=ids["customer"], contact={"email": "n@acme.example", "reminderConsent": False}),
        CHANGERS,
        "FORBIDDEN",
    ),
    "inviteMember": Probe(
        mutation("inviteMember", "InviteMember", PAYLOAD),
        lambda ids, _: keyed(customerId=ids["customer"], login="x@y.example", role="VIEWER"),
        CHANGERS,
        "FORBIDDEN",
    ),
    "linkService": Probe(
        mutation("linkService", "LinkService", "product { id name }"),
        lambda ids, _: keyed(customerId=ids["customer"], msisdn=NUMBER),
        CHANGERS,
        "FORBIDDEN",
    ),
    # ------------------------------------------------------------ carts
    "cart": Probe(f"query($id: ID) {{ cart(id: $id) {{ {CART} }} }}", lambda ids, _: {"id": ids["cart"]}, ALONE),
    "lines behind a cursor": Probe(
        "query($id: ID, $after: String) { cart(id: $id) { lines(after: $after) { nodes { id } } } }",
        lambda ids, _: {"id": ids["cart"], "after": None},
        ALONE,
    ),
    "createCart with the owner's key": Probe(
        mutation("createCart", "CreateCart", "cart { id version }"),
        lambda ids, _: {"input": {"idempotencyKey": ids["key of cart"], "segment": "B2B"}},
        ALONE,
    ),
    "updateCart": Probe(
        UPDATE_CART,
        lambda ids, _: keyed(
            cartId=ids["cart"],
            expectedVersion=ids["version"],
            operations=[{"setContact": {"email": "o@acme.example", "reminderConsent": False}}],
        ),
        ALONE,
    ),
    "updateCart: a line's parent": Probe(
        UPDATE_CART, in_own_cart(lambda ids: add("po-business-mobile-s", parentId=ids["line"])), ALONE
    ),
    "updateCart: a new line's reservation": Probe(
        UPDATE_CART, in_own_cart(lambda ids: add("po-business-mobile-s", reservationIds=[ids["reservation"]])), ALONE
    ),
    "updateCart: a line to change": Probe(
        UPDATE_CART, in_own_cart(lambda ids: {"updateLine": {"lineId": ids["line"], "quantity": 2}}), ALONE
    ),
    "updateCart: a line's reservation": Probe(
        UPDATE_CART,
        lambda ids, own: keyed(
            cartId=own["cart"],
            expectedVersion=own["version"],
            operations=[{"updateLine": {"lineId": own["line"], "reservationIds": [ids["reservation"]]}}],
        ),
        ALONE,
    ),
    "updateCart: a line to remove": Probe(UPDATE_CART, in_own_cart(lambda ids: {"removeLine": ids["line"]}), ALONE),
    "updateCart: a line's price": Probe(UPDATE_CART, in_own_cart(lambda ids: {"acceptPrice": ids["line"]}), ALONE),
    "claimCart": Probe(
        mutation("claimCart", "ClaimCart", f"cart {{ {CART} }}"),
        lambda ids, _: keyed(guestCartToken=ids["no token"]),
        NONE,
    ),
    "reserveNumber": Probe(
        mutation("reserveNumber", "ReserveNumber", RESERVATION),
        lambda ids, _: keyed(cartId=ids["cart"], offerToken=ids["number"]),
        ALONE,
    ),
    "reserveSim": Probe(
        mutation("reserveSim", "ReserveSim", RESERVATION),
        lambda ids, _: keyed(cartId=ids["cart"], offerToken=ids["sim"]),
        ALONE,
    ),
    "extendReservation": Probe(
        mutation("extendReservation", "Reservation", RESERVATION),
        lambda ids, _: keyed(reservationId=ids["reservation"]),
        ALONE,
    ),
    "requestPortIn": Probe(
        mutation("requestPortIn", "RequestPortIn", PORT_IN),
        lambda ids, _: keyed(cartId=ids["cart"], lineId=ids["line"], msisdn="+4915112345679", authorisationCode="17"),
        ALONE,
    ),
    "requestPortIn: a line": Probe(
        mutation("requestPortIn", "RequestPortIn", PORT_IN),
        lambda ids, own: keyed(cartId=own["cart"], lineId=ids["line"], msisdn="+4915112345679", authorisationCode="17"),
        ALONE,
    ),
    "correctPortIn": Probe(
        mutation("correctPortIn", "CorrectPortIn", PORT_IN),
        lambda ids, _: keyed(portInId=ids["portIn"], authorisationCode="18"),
        ALONE,
    ),
    "releaseReservation": Probe(
        mutation("releaseReservation", "Reservation", RESERVATION),
        lambda ids, _: keyed(reservationId=ids["reservation"]),
        ALONE,
    ),
    # ------------------------------------------------------------ sessions: only what is secret opens one
    "signIn": session("signIn", lambda ids, _: {"input": {"login": ids["login"], "password": "Falsch-Pferd-7!"}}),
    "signUp": session("signUp", lambda ids, _: keyed(login=ids["login"], password=PASSWORD)),
    "requestSignInCode": session("requestSignInCode", lambda ids, _: {"input": {"login": ids["login"]}}),
    "requestPasswordReset": session("requestPasswordReset", lambda ids, _: {"input": {"login": ids["login"]}}),
    "resendCode": session("resendCode", lambda ids, _: {"input": {"challengeToken": ids["reset"]}}),
    "confirmSignUp": session(
        "confirmSignUp", lambda ids, _: {"input": {"challengeToken": ids["sign-up"], "code": WRONG}}
    ),
    "confirmSignIn": session(
        "confirmSignIn", lambda ids, _: {"input": {"challengeToken": ids["sign-in"], "code": "99999999"}}
    ),
    "resetPassword": session(
        "resetPassword",
        lambda ids, _: {"input": {"challengeToken": ids["reset"], "code": WRONG, "newPassword": PASSWORD}},
    ),
    "refreshSession": session("refreshSession", lambda _ids, _own: {"input": {"refreshToken": "no.refresh.token"}}),
    "signOut": session("signOut", lambda _ids, _own: {"input": {"refreshToken": "no.refresh.token"}}),
}
CASES = len(PROBES) * len(ACTORS)
NO_IDS = ("createCustomer with the same company", "createCart with the owner's key", "viewer", "signUp")
"""Probes of which the answer to the one is never that to the other: only what must not be in it is looked at."""


@dataclass
class Actor:
    """Somebody who tries; `own` are the ids of a cart of theirs."""

    name: str
    client: Client
    own: Ids = field(default_factory=dict)
    token: str | None = None

    async def ask(self, document: str, variables: dict[str, Any]) -> Answer:
        with user(LOGINS[self.name]):
            headers = {} if self.token is None else {"x-cart-token": self.token}
            return await self.client.query(document, headers=headers, **variables)

    async def data(self, document: str, **variables: Any) -> Any:
        answer = await self.ask(document, variables)
        assert "errors" not in answer.body, answer.body
        return answer.data

    async def make_cart(self, segment: str, offering: str) -> None:
        key = new_key()
        document = mutation("createCart", "CreateCart", "cart { id version } guestCartToken")
        made = (await self.data(document, input={"idempotencyKey": key, "segment": segment}))["createCart"]
        self.token = made["guestCartToken"] if self.name == "GUEST" else None
        given = keyed(cartId=made["cart"]["id"], expectedVersion=1, operations=[add(offering)])
        cart = (await self.data(UPDATE_CART, **given))["updateCart"]["cart"]
        line = cart["lines"]["nodes"][0]["id"]
        self.own = {"cart": cart["id"], "version": cart["version"], "line": line, "key of cart": key}


@dataclass
class Estate:
    """A company with a member of each role, all that its owner has, and the same ids of nobody."""

    actors: dict[str, Actor]
    real: Ids
    nobodys: Ids


@pytest.fixture
async def estate(
    shop: MakeShop, sandbox_process: SandboxProcess, sandbox: SandboxControl, records: Records, redis_url: str
) -> AsyncIterator[Estate]:
    base = sandbox_process.base_url
    settings = {
        "tmf639_url": base + SANDBOX_TMF639["v4"],
        "tmf639_page_size": 200,
        "numbers_max_resources": 400,
        "numbers_sim_filters": "resourceSpecification.id=esim-profile-spec",
        "numbers_sweep": 3600,
        "tmf663_url": base + SANDBOX_TMF663["v4"],
        "tmf681_url": base + SANDBOX_TMF681,
        "porting_url": base + SANDBOX_PORTING,
        "porting_poll": 3600,
        "cart_sweep": 3600,
        "cognito_pool": POOL,
        "cognito_client_id": CLIENT,
        "cognito_endpoint": base,
        "redis_url": redis_url,
        "identity_pace": 0,
        **dict.fromkeys(("identity_sends", "identity_sign_ins", "identity_tries", "identity_by_address"), 10_000),
        "customers_tries": 1_000,
        "customers_tries_by_address": 1_000,
    }
    async with shop(**settings) as someone:
        actors = {name: Actor(name, someone.client) for name in ACTORS}
        real, nobodys = await _furnished(someone, actors, sandbox, records, redis_url)
        yield Estate(actors, real, nobodys)


async def _furnished(
    someone: Someone, actors: dict[str, Actor], sandbox: SandboxControl, records: Records, redis_url: str
) -> tuple[Ids, Ids]:
    owner = someone.another(LOGINS["OWNER"])
    assert (await owner.create(company()))["errors"] == []
    upstream = records.one("customer")["id"]
    for role in ROLES[1:]:
        assert (await owner.invite(LOGINS[role] or "", role))["errors"] == []
        await someone.another(LOGINS[role]).viewer()
    other = someone.another(LOGINS["STRANGER"])
    contact = {"email": "other@other.example", "reminderConsent": False}
    assert (await other.create(company("HRB 99", contact=contact, legalName="Other GmbH")))["errors"] == []
    related = [{"id": upstream, "name": "Acme", "role": "customer", "@referredType": "Customer"}]
    product = records.create("product", {"name": "Fibre", "status": "active", "relatedParty": related})
    for name, actor in actors.items():
        segment, offering = ("B2C", "po-mobile-m") if name == "GUEST" else ("B2B", "po-business-mobile-m")
        await actor.make_cart(segment, offering)
    mine = actors["OWNER"]
    account, customer = owner.customer["billingAccounts"][0]["id"], owner.customer["id"]
    local = parse_global_id(customer).local
    viewer = (await mine.data("{ viewer { id } }"))["viewer"]["id"]
    offers = await _offers(mine, redis_url)
    reserved = await mine.data(
        PROBES["reserveNumber"].document, **keyed(cartId=mine.own["cart"], offerToken=offers["numbers"][0])
    )
    asked = keyed(cartId=mine.own["cart"], lineId=mine.own["line"], msisdn=NUMBER, authorisationCode="17")
    ported = await mine.data(PROBES["requestPortIn"].document, **asked)
    known, unknown = Person(someone.client, sandbox, "known@example.com"), "unknown@example.com"
    await known.joined()
    real = {
        **mine.own,
        "customer": customer,
        "account": account,
        "product": str(GlobalId("Product", f"{local}~{product['id']}")),
        "cursor": local,
        "viewer": viewer,
        "reservation": reserved["reserveNumber"]["reservation"]["id"],
        "portIn": ported["requestPortIn"]["portIn"]["id"],
        "version": mine.own["version"] + 1,
    }
    mine.own["version"] += 1  # the number that comes is a change
    shared = {
        "number": offers["numbers"][1],
        "sim": offers["sims"][0],
        "no token": "x" * 43,
    }
    nobodys = {
        **{name: _like(real[name]) for name in (*OF_CUSTOMER, *OF_CART, "viewer")},
        "cursor": "k" + "0" * 30,
        "version": real["version"],
        "key of cart": new_key(),
    }
    return (
        {**real, **shared, "login": known.login, **await _challenges(known, known.login)},
        {**nobodys, **shared, "login": unknown, **await _challenges(known, unknown)},
    )


def _like(text: str) -> str:
    """An id of that kind and length that nobody has."""
    found = parse_global_id(text)
    head, separator, _ = found.local.partition("~")
    zeros = head[:1] + "0" * (len(head) - 1)
    return str(GlobalId(found.type, f"{zeros}{separator}{found.local[len(head) + 1 :]}"))


async def _offers(actor: Actor, redis_url: str) -> dict[str, list[str]]:
    async with Redis.from_url(redis_url) as redis:
        while not await redis.exists(holds.EPOCH):  # noqa: ASYNC110  (the first sweep allows holds)
            await asyncio.sleep(0.01)
    numbers = await actor.data("{ availableNumbers(count: 5) { offerToken } }")
    sims = await actor.data("{ availableSims(kind: ESIM, count: 2) { offerToken } }")
    return {
        "numbers": [each["offerToken"] for each in numbers["availableNumbers"]],
        "sims": [each["offerToken"] for each in sims["availableSims"]],
    }


async def _challenges(person: Person, login: str) -> Ids:
    """A challenge of each kind for a login."""
    begun = await person.do("signUp", idempotencyKey=str(uuid.uuid4()), login=login, password=PASSWORD)
    made = {"sign-up": begun["challengeToken"]}
    for name, mutation_name in (("sign-in", "requestSignInCode"), ("reset", "requestPasswordReset")):
        made[name] = (await person.do(mutation_name, login=login))["challengeToken"]
    return made


def shown(body: dict[str, Any]) -> Any:
    """An answer without what is drawn anew each time; of a challenge its length is left."""
    errors = [{**error, "extensions": {**error["extensions"], "errorId": ""}} for error in body.get("errors", [])]
    payload = next(iter((body.get("data") or {"": None}).values()))
    if isinstance(payload, dict) and payload.get("challengeToken"):
        hidden = {"challengeToken": len(payload["challengeToken"]), "deliveryHint": bool(payload["deliveryHint"])}
        return {**payload, **hidden}, errors
    return body.get("data"), errors


def codes(answer: Answer) -> list[str]:
    payload = next(iter((answer.data or {"": None}).values()))
    return [error["code"] for error in payload.get("errors", ())] if isinstance(payload, dict) else []


def secrets_of(estate: Estate) -> list[str]:
    """What nobody else may read in any answer."""
    names = (*OF_CUSTOMER, *OF_CART, "viewer")
    return [estate.real[name] for name in names] + ["Acme GmbH", "office@acme.example"]


# ---------------------------------------------------------------- the walk


def test_everything_that_is_somebodys_is_tried() -> None:
    """By a probe, worked out from its document; one that touches nothing of the sort would be no probe."""
    anything: Ids = dict.fromkeys(
        ("customer", "account", "product", "cart", "line", "reservation", "portIn", "viewer", "cursor", "version",
         "key of cart", "number", "sim", "no token", "login", "sign-up", "sign-in", "reset"), "x"
    )  # fmt: skip
    tried = {name: touched(each.document, each.given(anything, anything)) for name, each in PROBES.items()}
    assert owned() - set().union(*tried.values()) - PUBLIC - SOCKETS == set()
    assert [name for name, found in tried.items() if not found & owned()] == []
    assert owned() >= (PUBLIC | SOCKETS) - {"Query.portability"}


def test_the_page_tells_how_many_cases_there_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "customers.md").read_text("utf-8")
    assert f"{len(PROBES)} probes by {len(ACTORS)} callers: {CASES} cases" in page


async def test_who_may_not_gets_what_an_id_of_nobody_gets_and_who_may_is_not_told_so(
    estate: Estate, records: Records
) -> None:
    """Every probe by every caller; last come those who may change something, and the owner after them."""
    kinds = ("individual", "organization", "customer", "billingAccount", "product")
    before, wrong, tried = [records.all(each) for each in kinds], [], 0
    for name in ("GUEST", "STRANGER", "VIEWER", "BUYER", "ADMIN", "OWNER"):
        if name == "ADMIN":
            assert [records.all(each) for each in kinds] == before
        for told, probe in PROBES.items():
            wrong += [f"{told} by {name}: {each}" for each in await _tried(estate, name, told, probe)]
            tried += 1
    assert not wrong, "\n".join(wrong)
    assert tried == CASES


async def _tried(estate: Estate, name: str, told: str, probe: Probe) -> list[str]:
    """What is wrong about the answer that somebody got."""
    actor = estate.actors[name]
    mine = await actor.ask(probe.document, probe.given(estate.real, actor.own))
    if name in probe.may:
        return _allowed(mine, probe)
    if name in ROLES and probe.refused is not None:
        return [] if codes(mine) == [probe.refused] else [f"not {probe.refused}: {mine.body}"]
    wrong = []
    nobodys = await actor.ask(probe.document, probe.given(estate.nobodys, actor.own))
    if told not in NO_IDS and shown(mine.body) != shown(nobodys.body):
        wrong.append(f"{shown(mine.body)} is not {shown(nobodys.body)}")
    if name in ("GUEST", "STRANGER"):
        wrong += [f"it tells {each}" for each in secrets_of(estate) if each in str(mine.body)]
    payload = next(iter((mine.data or {"": None}).values()))
    given = payload if isinstance(payload, dict) else {}
    return wrong + [f"it gives a {each}" for each in ("session", "reservation", "portIn") if given.get(each)]


def _allowed(mine: Answer, probe: Probe) -> list[str]:
    if "errors" in mine.body or "NOT_FOUND" in codes(mine) or next(iter(mine.data.values())) is None:
        return [f"refused: {mine.body}"]
    nodes = mine.data.get("nodes") or [mine.data.get("node")]
    return [f"not there: {mine.body}"] if probe.document in (NODE, MANY) and None in nodes else []
