"""`docs/upstreams.md`, from the declarations themselves: what is asked of each upstream, and for which fields.

An operator reads it to know what a gateway user's click costs them, and which attributes must be filled.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from bff.settings import UpstreamSettings
from clients import tmf620, tmf629, tmf632, tmf637, tmf639, tmf666
from clients.tmf import Collection
from engine import loads_of, reads_of, upstream_of
from schema.root import build_schema

_HEAD = """# What is asked of the upstreams

Written by `bff upstreams --write` from the declarations in `schema/types/` and `clients/`; `scripts/check` fails when
it is out of date. Reads are GETs; each asks with `fields=` for the attributes of the selected GraphQL fields and no
others, besides those every read needs. Lists are asked with `offset` and `limit`, several entities with `id=a,b,c`, or
one by one where a server's lists of ids prove useless. Every answer is checked again: no filter is trusted.
"""

_CARTS = """## TMF663 Shopping Cart

Settings: `BFF_TMF663_...`; v4 and v5 by `BFF_TMF663_VERSION`. Without a URL there are no carts. A cart is always read
whole.

| call | when |
| --- | --- |
| `POST /shoppingCart` | `createCart`: an empty cart; its related party carries the id we know it by |
| `GET /shoppingCart/{id}` | `cart`; `cartUpdated`, first and after a change; after a write whose answer does not tell |
| `PATCH /shoppingCart/{id}` | `updateCart`: a merge-patch of `cartItem`, with `If-Match` where an ETag is known |
| `GET /shoppingCart?relatedParty.id=` | after a POST without an answer; before an expired cart is removed |
| `DELETE /shoppingCart/{id}` | a cart whose time is over |

## TMF687 Stock

Settings: `BFF_TMF687_...`. Without a URL nothing is said about stock.

| call | when |
| --- | --- |
| `GET /productStock?stockedProduct.productOffering.id=a,b` | `Cart.problems`; believed for `BFF_CART_STOCK_FRESH` |

Read of each: `stockedProduct`, `productStockLevel`, `productStockStatusType`. The levels of an offering are added up.
"""

_NUMBERS = f"""## TMF639 Resource Inventory

Settings: `BFF_TMF639_...` and `BFF_NUMBERS_...`; v4 and v5 by `BFF_TMF639_VERSION`. Without a URL there are no numbers
and SIM cards. The paths are settings: `resource`, `logicalResource`, `physicalResource`.

| call | when |
| --- | --- |
| `GET /resource?resourceStatus=available` | all pages, when the index of what is free is built; one process does it |
| `GET /resource?id=a,b` | within a second after events named them |
| `GET /resource?resourceStatus=available` | a few pages from random places, for a search while there is no index |

Read of each: {", ".join(f"`{name}`" for name in sorted(tmf639.WHAT_IT_IS))}. Characteristics are never asked for: PUK,
key and activation code of a card are among them. Where a number's class stands in one (`BFF_NUMBERS_CLASSES_APART`),
numbers alone are read once more with them.
"""

_PORTING = """## Numbers on their way

Settings: `BFF_PORTING_...`. Without its URL, TMF639 and TMF663 no number is brought along. What the provider has to
answer stands in [port-in.md](port-in.md).

| call | when |
| --- | --- |
| `GET /portability?msisdn=` of the provider | `portability`; before a number is asked for |
| `GET /resource?value=` of TMF639 | before a number is asked for, and once it stands there (`BFF_PORTING_LOOKUPS`) |
| `POST /resource` | once for each number |
| `POST /portIn` of the provider | `requestPortIn` |
| `PATCH /portIn/{id}` | `correctPortIn`; a line that was taken out |
| `GET /portIn?externalId=` | after a POST without an answer |
| `GET /portIn/{id}`, then `GET /resource/{id}` | after an event; every `BFF_PORTING_LOOK` seconds for each |
| `PATCH /resource/{id}` | where TMF639 does not show the state yet |
| `DELETE /resource/{id}` | when nothing comes of it |
"""

_CUSTOMERS = """## Customers: TMF632, TMF629, TMF666, TMF637

Settings: `BFF_TMF632_...`, `BFF_TMF629_...`, `BFF_TMF666_...`, `BFF_TMF637_...` and `BFF_CUSTOMERS_...`; v4 and v5 of
each. Attributes stand here by v4's names. Without TMF629 there are no customers, without TMF637 no products, without
TMF681 (v4) no lines are linked.

| call | when |
| --- | --- |
| `GET /individual?contactMedium.characteristic.emailAddress=` and so on | before anything is made; a new contact |
| `POST /individual` or `/organization`, `POST /customer`, `POST /billingAccount` | `createCustomer`, in this order |
| `GET /individual?externalReference.name=`, `GET /customer?engagedParty.id=` | after a POST without an answer |
| `GET /billingAccount?relatedParty.id=` | the same; `Customer.billingAccounts` |
| `DELETE` of each, or `PATCH` to `BFF_CUSTOMERS_CLOSED` | what cannot be finished is undone |
| `GET` and `PATCH /individual/{id}` or `/organization/{id}` | `updateProfile`: two whole arrays |
| `GET /product?relatedParty.id=` | `Customer.products`, in pages |
| `GET /product?productCharacteristic.value=` (`BFF_LINKING_LOOKUPS`) | `linkService`, both times |
| `GET /customer`, `GET /organization` by id | whether a line is a person's or a company's |
| `POST /communicationMessage` of TMF681 | `linkService` without a code; once for each key |
| `GET /communicationMessage?characteristic.value=` | before a key that came again sends |
| `GET` and `PATCH /product/{id}` | `linkService` with a code: the whole `relatedParty` |
"""
_OF_CUSTOMERS = (
    tmf632.INDIVIDUALS,
    tmf632.ORGANIZATIONS,
    tmf629.CUSTOMERS,
    tmf666.BILLING_ACCOUNTS,
    tmf637.PRODUCTS,
)


def upstream_docs() -> str:
    """The page as Markdown."""
    schema = build_schema()._schema  # noqa: SLF001  (as in bff.app)
    parts = [
        _HEAD,
        "## TMF620 Product Catalog\n",
        "Settings: `BFF_TMF620_...`; v4 and v5 by `BFF_TMF620_VERSION`. Attributes stand here by v4's names.\n",
    ]
    parts += [_collection(schema, each) for each in tmf620.collections()]
    parts += [_CARTS, _NUMBERS, _PORTING, _CUSTOMERS]
    parts += [_collection(schema, each) for each in _OF_CUSTOMERS]
    return "\n".join(parts)


def _collection(schema: GraphQLSchema, collection: Collection[Any]) -> str:
    always = ", ".join(f"`{name}`" for name in sorted(collection.always | {"id"}))
    filters = ["id", *(UpstreamSettings().filters if collection is tmf620.OFFERINGS else ())]
    lines = [
        f"### `{collection.path}`\n",
        f"`GET /{collection.path}`, `GET /{collection.path}/{{id}}`",
        f"· filters: {', '.join(f'`{name}`' for name in filters)} · always read: {always}\n",
        "| attribute | for |",
        "| --- | --- |",
    ]
    for attribute, fields in sorted(_readers(schema, collection).items()):
        lines.append(f"| `{attribute}` | {', '.join(f'`{field}`' for field in dict.fromkeys(fields))} |")
    lines += ["", "Asked for by: " + ", ".join(f"`{field}`" for field in _loaders(schema, collection)) + ".\n"]
    return "\n".join(lines)


def _readers(schema: GraphQLSchema, collection: Collection[Any]) -> dict[str, list[str]]:
    """Each attribute with the fields that read it, those of nested types under the name of their own type."""
    found: dict[str, list[str]] = defaultdict(list)
    for named in _objects(schema):
        if upstream_of(named) is collection:
            for name, field in named.fields.items():
                for attribute in reads_of(named, name, field):
                    found[attribute].append(f"{named.name}.{name}")
        for name, field in named.fields.items():
            for attribute in loads_of(field).get(collection, ()):
                found[attribute].append(f"{named.name}.{name}")
    return found


def _loaders(schema: GraphQLSchema, collection: Collection[Any]) -> Iterator[str]:
    for named in _objects(schema):
        for name, field in named.fields.items():
            if collection in loads_of(field):
                yield f"{named.name}.{name}"


def _objects(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    for named in schema.type_map.values():
        if isinstance(named, GraphQLObjectType):
            yield named
