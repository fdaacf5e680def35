"""Which operations are public: proved for each field of the schema, and closed for whatever nobody declared."""

from collections import deque
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    parse,
    validate,
)

from bff.app import create_app
from bff.dev import SANDBOX_TMF620
from domain.carts.offers import Offers
from engine import Operations, computed, names, private_field, public_fields
from kernel.context import Audience, Deadline, RequestContext
from resolvers.context import Context
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from schema.root import build_schema
from tests.conftest import settings_of
from tests.upstream import offering_id

SCHEMA: GraphQLSchema = build_schema()._schema

# Anyone may see these alike who asks in the same language, channel and segment. Whoever adds one here has looked at its
# resolver: nothing of the caller gets into it.
PUBLIC = {
    "Query": "productOfferings productOffering categories",
    "Image": "url name mimeType",
    "CharacteristicChoice": "name value",
    "CharacteristicOption": "value isDefault unit priceImpact",
    "Characteristic": "name description valueType required configurable min max values rangeFrom rangeTo unit",
    "Promotion": "id name description percentage net gross validFor",
    "OfferingPrice": "id name description kind net gross percentage every period unit appliesTo promotions validFor",
    "ProductSpecification": "id name description brand productNumber",
    "Category": "id name parent children",
    "BundleOption": "id name min max default offering",
    "ProductOffering": "id name description lifecycleStatus isBundle sellable segments validFor categories images "
    "specification characteristics prices bundledOfferings relatedOfferings",
    "ProductOfferingEdge": "cursor node",
    "ProductOfferingConnection": "edges nodes pageInfo totalCount",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "Money": "amount currency",
    "TimePeriod": "start end",
}
EXPECTED = {(kind, name) for kind, fields in PUBLIC.items() for name in fields.split()}


def fields_of(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            yield from ((kind.name, name) for name in kind.fields)


FIELDS = sorted(fields_of(SCHEMA))
LEAVES = {
    "ID": f'"{offering_id("po-mobile-m")}"',
    "Int": "1",
    "Boolean": "true",
    "UUID": '"0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d"',
    "CurrencyCode": '"EUR"',
    "E164": '"+447911123456"',
}


def argument_values(field: Any) -> str:
    given = [f"{n}: {value_of(a.type)}" for n, a in field.args.items() if is_required_argument(a)]
    return f"({', '.join(given)})" if given else ""


def value_of(kind: Any) -> str:
    kind = get_nullable_type(kind)
    if is_list_type(kind):
        return f"[{value_of(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if is_leaf_type(kind):
        return LEAVES.get(kind.name, '"x"')
    needed = {n: f for n, f in kind.fields.items() if is_required_argument(f)}
    return "{" + ", ".join(f"{n}: {value_of(f.type)}" for n, f in needed.items()) + "}"


def ways(schema: GraphQLSchema) -> dict[str, tuple[str, str]]:
    """How each object type is reached, by public fields if that can be: what stands before a selection, and behind."""
    roots = ("Query", "Mutation", "Subscription")
    found: dict[str, tuple[str, str]] = {kind: (f"{kind.lower()} {{", "}") for kind in roots}
    for only_public in (True, False):
        left = deque(found)
        while left:
            kind: Any = schema.type_map[left.popleft()]
            before, behind = found[kind.name]
            for name, field in kind.fields.items():
                if only_public and name not in public_fields(kind):
                    continue
                named: Any = get_named_type(field.type)
                targets = schema.get_possible_types(named) if is_abstract_type(named) else [named]
                for target in targets:
                    if isinstance(target, GraphQLObjectType) and target.name not in found:
                        inside = f" ... on {target.name} {{" if target is not named else ""
                        step = f" {name}{argument_values(field)} {{{inside}"
                        found[target.name] = before + step, ("} " if inside else "") + "} " + behind
                        left.append(target.name)
    return found


WAYS = ways(SCHEMA)


def document_with(kind: str, name: str) -> str:
    """A document that asks for one field, by the shortest way to its type."""
    field: Any = SCHEMA.type_map[kind].fields[name]  # type: ignore[attr-defined]
    below = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    before, behind = WAYS[kind]
    return f"{before} {name}{argument_values(field)}{below} {behind}"


def privacy(text: str, schema: GraphQLSchema = SCHEMA) -> str | None:
    document = parse(text)
    assert validate(schema, document) == []
    return private_field(schema, document, document.definitions[0])  # type: ignore[arg-type]


def test_what_is_declared_public_is_what_was_looked_at() -> None:
    """Each declared field exists, and the declarations are exactly the reviewed ones."""
    declared = {
        (kind.name, name)
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name in public_fields(kind)
    }
    assert declared == EXPECTED
    assert set(FIELDS) >= EXPECTED


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_an_operation_is_public_only_with_public_fields(kind: str, name: str) -> None:
    """For each field of the schema, by a way of public fields where there is one."""
    assert (privacy(document_with(kind, name)) is None) == ((kind, name) in EXPECTED)


@pytest.mark.parametrize(
    ("kind", "name"), [each for each in FIELDS if each not in EXPECTED and WAYS[each[0]][0].startswith("query")]
)
def test_a_private_field_makes_any_operation_private(kind: str, name: str) -> None:
    """Beside public ones, behind a fragment, under an alias, even where a directive leaves it out."""
    public = "productOfferings { nodes { id } }"
    asked = document_with(kind, name).removeprefix("query {").removesuffix("}")
    for text in (
        f"query {{ {public} {asked} }}",
        f"query {{ {public} ...F }} fragment F on Query {{ {asked} }}",
        f"query {{ {public} ... @skip(if: true) {{ {asked} }} }}",
    ):
        assert privacy(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { types { name } } }",
        '{ productOfferings { totalCount } __type(name: "Cart") { name } }',
        'mutation { createCart(input: {idempotencyKey: "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d"}) { __typename } }',
        'subscription { cartUpdated(id: "x") { __typename } }',
        '{ node(id: "x") { ... on ProductOffering { id } } }',
        "{ cart { __typename } }",
    ],
)
def test_what_nobody_declared_is_private(text: str) -> None:
    """Introspection, mutations, look-ups that can find a cart, a caller's thing of which only the type is asked."""
    assert privacy(text) is not None


def test_a_fragment_on_an_interface_is_judged_by_what_can_be_there() -> None:
    """`Node` has carts among its types; under an offering there are none."""
    assert privacy("{ productOfferings { nodes { ... on Node { id } } } }") is None


@strawberry.type
class Plain:
    public: ClassVar = names("seen")

    seen: str = "x"
    added_later: str = "y"


@strawberry.type
class Heir(Plain):
    own: str = "z"


@strawberry.type
class Root:
    public: ClassVar = names("plain heir")

    plain: Plain = computed(lambda: Plain(seen="x"), description="")
    heir: Heir = computed(lambda: Heir(seen="x"), description="")


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("{ plain { seen } }", None),
        ("{ plain { seen addedLater } }", "Plain.addedLater"),
        ("{ heir { seen } }", "Heir.seen"),
        ("{ heir { __typename } }", None),
    ],
)
def test_a_new_field_and_an_inherited_list_are_private(text: str, private: str | None) -> None:
    """What a type does not name itself is closed."""
    assert privacy(text, strawberry.Schema(query=Root)._schema) == private


class _Caller:
    """Whoever asks, and everything that is theirs. Nothing public may look at it."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a public field looked at the caller's {name}")


async def test_no_public_field_looks_at_the_caller(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> None:
    """Each is executed for a caller who cannot be looked at, and answers without an error."""
    app = create_app(settings_of(tmf620_url=sandbox_process.base_url + SANDBOX_TMF620, tmf620_page_size=500))
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        catalog, caller = state["services"].catalog, _Caller()
        for kind, name in sorted(EXPECTED):
            request = RequestContext(Audience("en", "web"), Deadline.after(30), caller)  # type: ignore[arg-type]
            context = Context(request, catalog, Offers(catalog, "en"), caller, caller, caller)  # type: ignore[arg-type]
            result = await Operations(SCHEMA).prepare(parse(document_with(kind, name)), None).execute(context)
            assert result.errors is None, (kind, name)
