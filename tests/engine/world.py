# ruff: noqa: A002  (arguments have the names that clients see)
"""A schema with every feature a field, a type or an argument can have, over objects that misbehave on purpose.

What an object does is decided by a hash of its id, the field and the world's seed: the same whoever asks, whenever.
"""

import asyncio
import enum
import hashlib
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NewType

import strawberry
from graphql import GraphQLError
from strawberry import BasePermission
from strawberry.schema.config import StrawberryConfig

from engine import computed, lasting_list, relation, shown_by
from kernel.lasting import LastingList

lasting_list(LastingList)

Loud = NewType("Loud", str)


ONE = strawberry.ID("1")


class Genre(enum.Enum):
    CRIME = "crime"
    POETRY = 2


strawberry.enum(Genre)


@dataclass
class World:
    """The context: how often something goes wrong (of 1000), and what was called how often."""

    seed: int = 0
    trouble: int = 0
    calls: list[str] = field(default_factory=list)
    projections: dict[Any, Any] = field(default_factory=dict)
    awaited: bool = False
    rows: "dict[tuple[type, str], Thing]" = field(default_factory=dict)
    lists: dict[Any, LastingList[Any]] = field(default_factory=dict)

    async def turn(self) -> None:
        """Let the loop go round once."""
        self.awaited = True
        await asyncio.sleep(0)

    def number(self, *about: object) -> int:
        return int.from_bytes(hashlib.blake2b(repr((self.seed, *about)).encode(), digest_size=6).digest(), "big")

    def value(self, about: object, name: str, good: Any, *, may_fail: bool = True) -> Any:
        """`good`, or what a misbehaving place gives instead."""
        drawn = self.number(about, name)
        if not may_fail or drawn % 1000 >= self.trouble:
            return good
        kind = drawn // 1000 % 6
        if kind == 0:
            return None
        if kind == 1:
            raise ValueError(f"{about}.{name} failed")
        if kind == 2:
            raise GraphQLError(f"{about}.{name} refused", extensions={"code": "NO", "n": drawn % 7})
        if kind == 3:
            return RuntimeError(f"{about}.{name} returned")
        return object if kind == 4 else 3.5

    def things(self, about: object, name: str, *kinds: Any, most: int = 2) -> list["Thing"]:
        count = self.number(about, name, "count") % (most + 1)
        return [self.thing(kinds, about, name, each) for each in range(count)]

    def thing(self, kinds: tuple[Any, ...], *about: object) -> "Thing":
        """A thing of one of these kinds, or now and then of another one."""
        drawn = self.number(*about)
        if self.trouble and drawn % 50 == 0:
            kinds = (BookRow, AuthorRow, PaperRow, ParcelRow)
        return self.row(kinds[drawn % len(kinds)], str(drawn % 97 if drawn % 2 else drawn % 9973))

    def listed(self, items: list[Any], *about: object) -> Any:
        """Them as a list, or as one that is the same object for as long as the world lasts."""
        if self.number(about, "lasts") % 3:
            return items
        return self.lists.setdefault(about, LastingList(items))

    def row(self, kind: "type[Thing]", local_id: str) -> "Thing":
        """The same object for the same row, as long as the world lasts."""
        return self.rows.setdefault((kind, local_id), kind(self, local_id))


@dataclass(frozen=True)
class Thing:
    """A row of somebody's table: no GraphQL type of ours."""

    world: World
    id: str

    def of(self, name: str, good: Any) -> Any:
        return self.world.value(self.id, name, good)

    @property
    def title(self) -> Any:
        return self.of("title", f"Title “{self.id}” \u2028 \"'{{}}")

    @property
    def subtitle(self) -> Any:
        return self.of("subtitle", None if int(self.id) % 2 else "sub")

    @property
    def pages(self) -> Any:
        return self.of("pages", [2**31 - 1, 17, "12", 5.0, True][int(self.id) % 5])

    @property
    def weight(self) -> Any:
        return self.of("weight", [1.5, 2, float("inf") if self.world.trouble else 0.25, "3.5"][int(self.id) % 4])

    @property
    def lent(self) -> Any:
        return self.of("lent", bool(int(self.id) % 2))

    @property
    def genre(self) -> Any:
        return self.of("genre", Genre.CRIME if int(self.id) % 2 else Genre.POETRY)

    @property
    def genres(self) -> Any:
        return self.of("genres", (Genre.CRIME, None, Genre.POETRY)[: int(self.id) % 4])

    @property
    def price(self) -> Any:
        return self.of("price", Decimal("19.90"))

    @property
    def printed(self) -> Any:
        return self.of("printed", datetime(2026, 11, 23, int(self.id) % 24, tzinfo=UTC))

    @property
    def key(self) -> Any:
        return self.of("key", uuid.UUID(int=int(self.id)))

    @property
    def loud(self) -> Any:
        return self.of("loud", "psst")

    @property
    def tags(self) -> Any:
        return self.of("tags", [self.of(f"tags{n}", f"t{n}") for n in range(int(self.id) % 4)])

    @property
    def grid(self) -> Any:
        return self.of(
            "grid", [self.of(f"grid{n}", [n, self.of(f"cell{n}", 1), None]) for n in range(int(self.id) % 3)]
        )

    @property
    def spine(self) -> Any:
        return self.of("spine", Spine(self))


class BookRow(Thing):
    pass


class AuthorRow(Thing):
    pass


class PaperRow(Thing):
    pass


class ParcelRow(Thing):
    pass


MEDIA = (BookRow, AuthorRow, PaperRow)
NODES = (BookRow, AuthorRow, ParcelRow)


@dataclass(frozen=True)
class Spine:
    of: Thing

    @property
    def colour(self) -> Any:
        return self.of.of("colour", "red")


async def pause(thing: Any, name: str) -> None:
    """Come back after none, one or more turns of the loop."""
    thing.world.awaited = True
    for _ in range(thing.world.number(thing.id, name, "pause") % 4):
        await thing.world.turn()


class Allowed(BasePermission):
    message = "not for you"

    def has_permission(self, source: Any, info: strawberry.Info, **_: Any) -> bool:
        return bool(info.context.value(source.id, "permission", True) is True)


@strawberry.input
class Span:
    least: int = 1
    most: int | None = None


@strawberry.input
class Filter:
    genre: Genre | None = Genre.CRIME
    ids: list[strawberry.ID] | None = None
    span: Span | None = strawberry.UNSET
    spans: list[Span] = strawberry.field(default_factory=list)
    ratio: float = 0.5
    after: datetime | None = None


@strawberry.input(one_of=True)
class ByOne:
    id: strawberry.Maybe[strawberry.ID]
    title: strawberry.Maybe[str]


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.interface
class Titled:
    title: str
    subtitle: str | None


@strawberry.type(name="Spine")
class SpineType:
    colour: str


def _neighbours(roots: list[Any], info: strawberry.Info) -> list[Any]:
    found = []
    for root in roots:
        try:
            things = info.context.things(root.id, "neighbours", *MEDIA)
            listed = info.context.listed(things, "neighbours", root.id)
            found.append(info.context.value(root.id, "neighbours", listed))
        except Exception as error:  # noqa: BLE001
            found.append(error)
    listed: list[Any] = roots[0].world.listed(found, "all neighbours", *(root.id for root in roots))
    return listed


async def neighbours(roots: list[Any], info: strawberry.Info) -> list[Any]:
    await info.context.turn()
    return _neighbours(roots, info)


def known_neighbours(roots: list[Any], info: strawberry.Info) -> list[Any] | None:
    """Often at once, now and then too few, and now and then with a failure among them."""
    drawn = info.context.number([root.id for root in roots], "known") % 5
    found = None if drawn == 0 else _neighbours(roots, info)
    return found[1:] if found and drawn == 1 else found


async def nicknames(roots: list[Any], info: strawberry.Info) -> list[Any]:
    await info.context.turn()
    return [own_nickname(root) or f"asked {root.id}" for root in roots]


def own_nickname(root: Any) -> str | None:
    return None if int(root.id) % 11 == 0 else f"own {root.id}"


async def twin(root: strawberry.Parent[Any], info: strawberry.Info, far: bool = False) -> Any:
    await pause(root, "twin")
    return info.context.value(
        root.id, "twin", None if far else info.context.thing((BookRow, PaperRow), root.id, "twin")
    )


def shelf_mark(root: strawberry.Parent[Any], info: strawberry.Info) -> Any:
    return info.context.value(root.id, "mark", f"{info.field_name}:{root.id}")


def shout(root: strawberry.Parent[Any]) -> Any:
    return root.of("shout", "!")


@strawberry.type
class Book(Node, Titled):
    lasting: ClassVar = True

    pages: int
    weight: float | None
    lent: bool
    genre: Genre
    genres: list[Genre | None] | None
    price: Decimal | None
    printed: datetime
    key: uuid.UUID
    loud: Loud | None
    tags: list[str]
    grid: list[list[int | None] | None] | None
    spine: SpineType
    mark: str = computed(shelf_mark, description="With the info.")
    shout: str | None = computed(shout, description="Pure.")
    neighbours: "list[Annotated[Media, strawberry.lazy('tests.engine.world')]] | None" = relation(
        neighbours, description="Many at once.", known=known_neighbours
    )
    nickname: str | None = relation(nicknames, description="Many at once.", at_hand=own_nickname)
    fixed_mark: str = computed(shelf_mark, description="With the info, and yet the same for all.", fixed=True)
    twin: "Annotated[Book | Paper, strawberry.union('Twin')] | None" = computed(twin, description="Async, abstract.")

    @strawberry.field
    async def author(self, info: strawberry.Info) -> "Author":
        await pause(self, "author")
        return info.context.value(self.id, "author", AuthorRow(info.context, self.id))

    @strawberry.field
    def authors(self, info: strawberry.Info, first: int = 2) -> "list[Author | None]":
        async def later(n: int) -> Any:
            await pause(self, "authors")
            return info.context.value((self.id, n), "authors", AuthorRow(info.context, str(n)))

        return [later(n) if n % 2 else None for n in range(min(max(first, 0), 3))]

    @strawberry.field
    def path(self, info: strawberry.Info) -> str:
        return repr(info.path.as_list())

    @strawberry.field(permission_classes=[Allowed])
    def secret(self) -> str | None:
        return "s"

    @classmethod
    def is_type_of(cls, obj: object, _info: Any) -> bool:
        return isinstance(obj, BookRow)


@strawberry.type
class Author(Node):
    title: str | None

    @strawberry.field
    def books(self, info: strawberry.Info) -> "list[Book]":
        return info.context.value(self.id, "books", (each for each in info.context.things(self.id, "books", BookRow)))

    @strawberry.field
    def node(self, info: strawberry.Info) -> Node | None:
        async def later() -> Any:
            await pause(self, "node")
            return info.context.value(self.id, "node", info.context.thing(NODES, self.id, "node"))

        return later()

    is_type_of = shown_by(AuthorRow)


@strawberry.type
class Parcel(Node):
    lent: bool | None
    sender: Author | None = computed(lambda root: AuthorRow(root.world, root.id), description="Pure.")

    @classmethod
    async def is_type_of(cls, obj: object, info: Any) -> bool:
        await info.context.turn()
        return isinstance(obj, ParcelRow) and info.context.value(obj.id, "is parcel", True) is True


@strawberry.type
class Paper(Titled):
    lent: bool
    subtitle: str | None
    related: "list[list[Node]] | None" = computed(
        lambda root: [root.world.things(root.id, "related", *NODES)], description="Nested lists of an interface."
    )

    @classmethod
    def is_type_of(cls, obj: object, info: Any) -> bool:
        return isinstance(obj, PaperRow) and info.context.value(obj.id, "is paper", True) is not None


Media = Annotated[Book | Author | Paper, strawberry.union("Media")]


@strawberry.interface
class UserError:
    code: str
    message: str
    path: list[str]


@dataclass
class Clash:
    at: int
    code: str = "CLASH"
    message: str = "too late"
    path: tuple[str, ...] = ("input", "version")


@strawberry.type
class VersionClash(UserError):  # noqa: N818
    current: int = computed(lambda root: root.at, description="What it is now.")

    @classmethod
    def is_type_of(cls, obj: object, _info: Any) -> bool:
        return isinstance(obj, Clash)


@strawberry.type
class Changed:
    book: Book | None = computed(lambda root: root[0], description="What was changed.")
    errors: list[UserError] = computed(lambda root: root[1], description="What kept it from being so.")


async def _thing(info: strawberry.Info, by: ByOne) -> Any:
    await info.context.turn()
    wanted = by.id.value if by.id else by.title.value if by.title else ""
    return info.context.thing(NODES, "by", wanted)


async def _numbers(world: World, count: int) -> AsyncIterator[int]:
    await world.turn()
    for each in range(min(count, 4)):
        yield each


@strawberry.type
class Query:
    thing: Node | None = computed(_thing, description="One of.")

    @strawberry.field
    def parcels(self, info: strawberry.Info) -> list[Parcel | None]:
        return [ParcelRow(info.context, str(n)) for n in range(3)]

    @strawberry.field
    async def books(self, info: strawberry.Info, first: int = 3, filter: Filter | None = None) -> list[Book] | None:
        await info.context.turn()
        rows = [info.context.row(BookRow, str(n * 7 + 1)) for n in range(min(max(first, 0), 4))]
        return info.context.value("root", "books", info.context.listed(rows, "books", len(rows)))

    @strawberry.field
    def media(self, info: strawberry.Info) -> list[Media | None]:
        things = [*info.context.things("root", "media", *MEDIA, most=4), None]
        return info.context.value("root", "media", info.context.listed(things, "media"))

    @strawberry.field
    def titled(self, info: strawberry.Info) -> Titled | None:
        return info.context.value("root", "titled", BookRow(info.context, "5"))

    @strawberry.field
    def echo(
        self,
        text: str | None = "x",
        number: int | None = None,
        filter: Filter | None = None,
        genres: list[Genre] | None = None,
        loud: Loud | None = None,
        nested: list[list[Span] | None] | None = None,
    ) -> str:
        return repr((text, number, filter, genres, loud, nested))

    @strawberry.field
    def numbers(self, info: strawberry.Info, count: int = 3) -> list[int]:
        return info.context.value("root", "numbers", _numbers(info.context, count))

    @strawberry.field
    def letters(self, info: strawberry.Info) -> list[str] | None:
        def some() -> Iterator[str]:
            yield "a"
            yield info.context.value("root", "letters", "b")

        return some()


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def change(self, info: strawberry.Info, id: strawberry.ID, version: int = 1) -> Changed:
        info.context.calls.append(f"change {id}")
        await info.context.turn()
        errors = [] if version == 1 else [info.context.value(id, "change", Clash(version))]
        return info.context.value(id, "changed", (BookRow(info.context, "3"), errors))

    @strawberry.mutation
    def touch(self, info: strawberry.Info, id: strawberry.ID = ONE) -> str | None:
        info.context.calls.append(f"touch {id}")
        return info.context.value(id, "touch", id)


schema = strawberry.Schema(
    Query,
    Mutation,
    types=[Book, Author, Paper, Parcel, VersionClash],
    config=StrawberryConfig(
        scalar_map={
            Loud: strawberry.scalar(name="Loud", serialize=lambda v: v.upper(), parse_value=lambda v: str(v).lower())
        }
    ),
)
