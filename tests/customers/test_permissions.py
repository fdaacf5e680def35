"""Who may see and do what: every field and argument of the schema that has to do with what somebody owns.

The schema itself is asked which these are. Whoever adds one gets a failing test until it is in the table, with how it
is tried: by a case of this module, as a part of an object that cannot be reached otherwise, or by tests elsewhere.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
)

from kernel.ids import GlobalId, parse_global_id
from schema.root import build_schema
from tests.customers.conftest import MakeShop
from tests.customers.people import Someone, company, new_key
from tests.customers.records import Records

SCHEMA = build_schema()._schema

# ---------------------------------------------------------------- what there is to try

PUBLIC = {
    "AvailableNumber", "AvailableSim", "BundleOption", "Category", "Characteristic", "CharacteristicChoice",
    "CharacteristicOption", "CharacteristicValue", "Image", "Money", "OfferingPrice", "PageInfo", "ProductOffering",
    "ProductOfferingConnection", "ProductOfferingEdge", "ProductSpecification", "Promotion", "TimePeriod",
    "UserError", "GenericError", "VersionConflictError", "NumberUnavailableError",
}  # fmt: skip
"""Types that hold nothing of anybody's."""

CASE, PART, CARTS = "a case below", "a part of what a case reaches", "tests/carts and tests/reservations"
SESSIONS, PORTING, SOCKETS = "tests/identity", "tests/porting", "tests/sockets"
TRIED = {
    "Query.node": CASE,
    "Query.node(id)": CASE,
    "Query.nodes": CASE,
    "Query.nodes(ids)": CASE,
    "Query.viewer": CASE,
    "Viewer.customers": CASE,
    "Viewer.customers(after)": CASE,
    "Mutation.createCustomer": CASE,
    "Mutation.updateProfile": CASE,
    "Mutation.updateProfile(input.customerId)": CASE,
    "Mutation.inviteMember": CASE,
    "Mutation.inviteMember(input.customerId)": CASE,
    "Mutation.linkService": CASE,
    "Mutation.linkService(input.customerId)": CASE,
    "LinkServicePayload.product": CASE,
    "Customer.profile": CASE,
    "Customer.billingAccounts": CASE,
    "Customer.products": CASE,
    "Customer.products(after)": CASE,
    "CustomerPayload.customer": CASE,
    "CustomerPayload.billingAccount": CASE,
    "CustomerConnection.edges": PART,
    "CustomerConnection.nodes": PART,
    "CustomerEdge.node": PART,
    "ProductConnection.edges": PART,
    "ProductConnection.nodes": PART,
    "ProductEdge.node": PART,
    "Individual.contact": PART,
    "Organization.contact": PART,
    "Contact.address": PART,
    "Query.productOffering(id)": "public",
    "Query.productOfferings(after)": "public",
    "Query.productOfferings(filter.category)": "public",
    "Query.productOfferings(filter.ids)": "public",
    "Query.categories(parent)": "public",
    "SessionPayload.session": SESSIONS,
    "SessionPayload.viewer": SESSIONS,
    "Mutation.signUp": SESSIONS,
    "Mutation.confirmSignUp": SESSIONS,
    "Mutation.resendCode": SESSIONS,
    "Mutation.signIn": SESSIONS,
    "Mutation.requestSignInCode": SESSIONS,
    "Mutation.confirmSignIn": SESSIONS,
    "Mutation.refreshSession": SESSIONS,
    "Mutation.signOut": SESSIONS,
    "Mutation.requestPasswordReset": SESSIONS,
    "Mutation.resetPassword": SESSIONS,
    "Query.portability": PORTING,
    "CartLine.portIn": PORTING,
    "PortInPayload.cart": PORTING,
    "PortInPayload.portIn": PORTING,
    "Mutation.requestPortIn": PORTING,
    "Mutation.requestPortIn(input.cartId)": PORTING,
    "Mutation.requestPortIn(input.lineId)": PORTING,
    "Mutation.correctPortIn": PORTING,
    "Mutation.correctPortIn(input.portInId)": PORTING,
    "Mutation.claimCart": CARTS,
    "Cart.reservations": CARTS,
    "CartLine.reservations": CARTS,
    "Mutation.reserveNumber": CARTS,
    "Mutation.reserveNumber(input.cartId)": CARTS,
    "Mutation.reserveSim": CARTS,
    "Mutation.reserveSim(input.cartId)": CARTS,
    "Mutation.extendReservation": CARTS,
    "Mutation.extendReservation(input.reservationId)": CARTS,
    "Mutation.releaseReservation": CARTS,
    "Mutation.releaseReservation(input.reservationId)": CARTS,
    "Mutation.updateCart(input.operations.addLine.reservationIds)": CARTS,
    "Mutation.updateCart(input.operations.updateLine.reservationIds)": CARTS,
    "ReservationPayload.cart": CARTS,
    "ReservationPayload.reservation": CARTS,
    "Subscription.cartUpdated": SOCKETS,
    "Subscription.cartUpdated(id)": SOCKETS,
    "Query.cart": CARTS,
    "Query.cart(id)": CARTS,
    "Cart.contact": CARTS,
    "Cart.lines": CARTS,
    "Cart.lines(after)": CARTS,
    "Cart.problems": CARTS,
    "Cart.totals": CARTS,
    "CartLine.parent": CARTS,
    "CartLine.prices": CARTS,
    "CartLineConnection.edges": CARTS,
    "CartLineConnection.nodes": CARTS,
    "CartLineEdge.node": CARTS,
    "CartPayload.cart": CARTS,
    "CartPayload.warnings": CARTS,
    "CartProblem.change": CARTS,
    "CreateCartPayload.cart": CARTS,
    "Mutation.createCart": CARTS,
    "Mutation.updateCart": CARTS,
    "Mutation.updateCart(input.cartId)": CARTS,
    "Mutation.updateCart(input.operations.acceptPrice)": CARTS,
    "Mutation.updateCart(input.operations.addLine.offeringId)": "public",
    "Mutation.updateCart(input.operations.addLine.parentId)": CARTS,
    "Mutation.updateCart(input.operations.removeLine)": CARTS,
    "Mutation.updateCart(input.operations.updateLine.lineId)": CARTS,
}


def owned() -> set[str]:
    """Every field and argument that takes or returns something that is somebody's, as the schema has them now."""
    found = set()
    for named in SCHEMA.type_map.values():
        if isinstance(named, GraphQLObjectType) and not is_introspection_type(named):
            for name, field in named.fields.items():
                if is_owned(get_named_type(field.type)):
                    found.add(f"{named.name}.{name}")
                for argument, value in field.args.items():
                    places = ids(argument, get_named_type(value.type), ())
                    found |= {f"{named.name}.{name}({place})" for place in places}
    return found


def is_owned(named: GraphQLNamedType) -> bool:
    composite = isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
    return composite and named.name not in PUBLIC


def ids(place: str, named: GraphQLNamedType, above: tuple[str, ...]) -> Iterator[str]:
    """The places in an argument where an id or a cursor is taken."""
    if named.name == "ID" or place == "after":
        yield place
    if isinstance(named, GraphQLInputObjectType) and named.name not in above:
        for name, field in named.fields.items():
            yield from ids(f"{place}.{name}", get_named_type(field.type), (*above, named.name))


def test_everything_that_is_somebodys_is_tried() -> None:
    """A new field or argument is missing in the table; one that is gone is too much in it."""
    assert (owned() - TRIED.keys(), TRIED.keys() - owned()) == (set(), set())


# ---------------------------------------------------------------- trying it

MEMBERS = {role: f"{role.lower()}@acme.example" for role in ("OWNER", "ADMIN", "BUYER", "VIEWER")}
STRANGERS = {"GUEST": None, "STRANGER": "owner@other.example"}
INSIDE = """
  profile { ... on Organization { legalName contact { email address { city } } } }
  billingAccounts { id name } products { nodes { id name } edges { cursor node { id } } }
"""
NODE = f"query($id: ID!) {{ node(id: $id) {{ id ... on Customer {{ {INSIDE} }} ... on Product {{ name }} }} }}"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
CUSTOMERS = f"{{ viewer {{ customers {{ nodes {{ id {INSIDE} }} edges {{ node {{ id }} }} }} }} }}"
AFTER = "query($after: String!) { viewer { customers(after: $after) { nodes { id } } } }"
PRODUCTS_AFTER = 'query($id: ID!) { node(id: $id) { ... on Customer { products(after: "0") { nodes { id } } } } }'
UPDATE = """mutation($input: UpdateProfileInput!) { updateProfile(input: $input) {
  customer { id } billingAccount { id } errors { code message path retryable } } }"""
INVITE = """mutation($input: InviteMemberInput!) { inviteMember(input: $input) {
  customer { id } billingAccount { id } errors { code message path retryable } } }"""


class Estate:
    """A company with a member of each role and a product, and another company; `none` are ids that nobody has."""

    def __init__(self, owner: Someone, other: Someone, product: str) -> None:
        self.owner, self.other = owner, other
        self.customer: str = owner.customer["id"]
        self.account: str = owner.customer["billingAccounts"][0]["id"]
        self.local = parse_global_id(self.customer).local
        self.product = str(GlobalId("Product", f"{self.local}~{product}"))

    def as_none(self, text: str) -> str:
        """The same id with a customer that does not exist."""
        found = parse_global_id(text)
        return str(GlobalId(found.type, found.local.replace(self.local, "k" + "0" * 30)))

    def of_stranger(self, text: str) -> str:
        """The same account or product, claimed to be the other company's."""
        found, own = parse_global_id(text), parse_global_id(self.other.customer["id"]).local
        return str(GlobalId(found.type, found.local.replace(self.local, own)))


@pytest.fixture
async def estate(shop: MakeShop, records: Records) -> Any:
    async with shop() as someone:
        owner = someone.another(MEMBERS["OWNER"])
        assert (await owner.create(company()))["errors"] == []
        for role in ("ADMIN", "BUYER", "VIEWER"):
            assert (await owner.invite(MEMBERS[role], role))["errors"] == []
        upstream = records.one("customer")["id"]
        other = someone.another(STRANGERS["STRANGER"])
        contact = {"email": "other@other.example", "reminderConsent": False}
        assert (await other.create(company("HRB 99", contact=contact)))["errors"] == []
        product = records.create(
            "product",
            {
                "name": "Fibre 250",
                "status": "active",
                "relatedParty": [{"id": upstream, "name": "Acme", "role": "customer", "@referredType": "Customer"}],
            },
        )
        yield Estate(owner, other, product["id"])


def shown(body: dict[str, Any]) -> Any:
    """An answer without what is drawn anew each time."""
    errors = [{**error, "extensions": {**error["extensions"], "errorId": ""}} for error in body.get("errors", [])]
    return body.get("data"), errors


@pytest.mark.parametrize("role", STRANGERS)
async def test_somebody_elses_object_looks_like_one_that_does_not_exist(estate: Estate, role: str) -> None:
    """Whatever is asked with a real id, the answer is that for an id of nobody."""
    caller, tried = estate.owner.another(STRANGERS[role]), 0
    for document in (NODE, PRODUCTS_AFTER):
        for real in (estate.customer, estate.account, estate.product):
            seen = [await caller.ask(document, id=each) for each in (real, estate.as_none(real))]
            assert shown(seen[0].body) == shown(seen[1].body) == ({"node": None}, [])
            tried += 1
    every = [estate.customer, estate.account, estate.product]
    assert (await caller.data(NODES, ids=every))["nodes"] == [None, None, None]
    contact = {"contact": {"email": "x@y.example", "reminderConsent": False}}
    for document, more in ((UPDATE, contact), (INVITE, {"login": "x@y.example", "role": "VIEWER"})):
        seen = [
            await caller.ask(document, input={"idempotencyKey": new_key(), "customerId": each, **more})
            for each in (estate.customer, estate.as_none(estate.customer), "bm9uc2Vuc2U")
        ]
        assert shown(seen[0].body) == shown(seen[1].body)
        if role == "STRANGER":
            assert shown(seen[1].body) == shown(seen[2].body)
            payload = next(iter(seen[0].data.values()))
            assert (payload["customer"], payload["billingAccount"]) == (None, None)
            assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
        else:
            assert seen[0].codes == ["UNAUTHENTICATED"]
        tried += 1
    seen = [await caller.ask(AFTER, after=each) for each in (estate.local, "k" + "0" * 30)]
    assert shown(seen[0].body) == shown(seen[1].body)
    assert estate.customer not in str((await caller.ask(CUSTOMERS)).body)
    assert tried == 8


async def test_an_account_or_product_claimed_for_ones_own_customer_is_not_shown(estate: Estate) -> None:
    """The id names the stranger's own company; the upstream's document does not."""
    stranger = estate.other
    for real in (estate.account, estate.product):
        answer = await stranger.ask(NODE, id=estate.of_stranger(real))
        assert shown(answer.body) == ({"node": None}, [])


@pytest.mark.parametrize("role", MEMBERS)
async def test_members_of_every_role_may_look(estate: Estate, role: str) -> None:
    caller = estate.owner.another(MEMBERS[role])
    (node,) = (await caller.data(CUSTOMERS))["viewer"]["customers"]["nodes"]
    assert (node["id"], node["profile"]["legalName"]) == (estate.customer, "Acme GmbH")
    assert [each["id"] for each in node["billingAccounts"]] == [estate.account]
    assert [each["id"] for each in node["products"]["nodes"]] == [estate.product]
    every = [estate.customer, estate.account, estate.product]
    assert [each["id"] for each in (await caller.data(NODES, ids=every))["nodes"]] == every
    assert (await caller.data(PRODUCTS_AFTER, id=estate.customer))["node"]["products"]["nodes"] != []


@pytest.mark.parametrize(
    ("role", "changes", "grants"),
    [
        ("OWNER", None, dict.fromkeys(("OWNER", "ADMIN", "BUYER", "VIEWER"))),
        ("ADMIN", None, {"OWNER": "FORBIDDEN", "ADMIN": None, "BUYER": None, "VIEWER": None}),
        ("BUYER", "FORBIDDEN", dict.fromkeys(("OWNER", "ADMIN", "BUYER", "VIEWER"), "FORBIDDEN")),
        ("VIEWER", "FORBIDDEN", dict.fromkeys(("OWNER", "ADMIN", "BUYER", "VIEWER"), "FORBIDDEN")),
    ],
)
async def test_each_role_may_change_what_is_its(
    estate: Estate, records: Records, role: str, changes: str | None, grants: dict[str, str | None]
) -> None:
    caller = estate.owner.another(MEMBERS[role])
    caller.customer = estate.owner.customer
    before = records.all("organization")
    payload = await caller.update({"email": "new@acme.example", "reminderConsent": False})
    assert [error["code"] for error in payload["errors"]] == ([changes] if changes else [])
    assert (records.all("organization") == before) is (changes is not None)
    for granted, code in grants.items():
        payload = await caller.invite(f"{granted.lower()}2@acme.example", granted)
        assert [error["code"] for error in payload["errors"]] == ([code] if code else [])
        newcomer = estate.owner.another(f"{granted.lower()}2@acme.example")
        edges = (await newcomer.viewer())["customers"]["edges"]
        assert [edge["role"] for edge in edges] == ([] if code else [granted])


@pytest.mark.parametrize("name", [None, "owner@other.example"])
async def test_a_viewer_is_seen_by_nobody_else(estate: Estate, name: str | None) -> None:
    mine = (await estate.owner.viewer())["id"]
    assert (await estate.owner.data(NODE, id=mine))["node"] == {"id": mine}
    assert (await estate.owner.another(name).data(NODE, id=mine))["node"] is None
