"""From a selection to attributes, on a schema of books, which the engine knows as little of as of telecoms."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import strawberry
from graphql import GraphQLScalarType, execute_sync, parse, validate

from engine import computed, loads_of, projection, reads_of, selects, upstream_of
from engine.declare import definition_of

BOOKS, AUTHORS = object(), object()


@dataclass
class Context:
    """What the engine wants of a context, and what the resolvers under test found out."""

    projections: dict[Any, frozenset[str]] = field(default_factory=dict)
    found: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    counted: list[bool] = field(default_factory=list)


@strawberry.interface
class Thing:
    id: strawberry.ID


@strawberry.type
class Chapter:
    title: str
    pages: int = computed(lambda: 3, "pageCount", description="Of the book.")
    notes: str = computed(lambda: "", description="Reads nothing.")


@strawberry.type
class Author(Thing):
    upstream: ClassVar = AUTHORS
    name: str
    born: int = computed(lambda: 1900, "birth", "calendar", description="Two attributes.")

    @strawberry.field
    def books(self, info: strawberry.Info) -> "list[Book]":
        info.context.found.append(("books", projection(info, "Book")))
        return [Book(title="Two", chapters=[])]


@strawberry.type
class Book(Thing):
    upstream: ClassVar = BOOKS
    id: strawberry.ID = computed(lambda: "1", description="Reads nothing.")
    title: str
    chapters: list[Chapter]
    author: Author = computed(
        lambda: Author(id=strawberry.ID("a"), name="A"), "authorRef", description="x", loads={AUTHORS: frozenset({"x"})}
    )


@strawberry.type
class Shelf:
    books: list[Book]
    count: int = 1


@strawberry.type
class Query:
    @strawberry.field
    def shelf(self, info: strawberry.Info) -> Shelf:
        info.context.found.append(("shelf", projection(info, "Book")))
        info.context.counted.append(selects(info, "count"))
        return Shelf(books=[Book(title="One", chapters=[Chapter(title="I")])])

    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing:
        info.context.found.append(("thing", projection(info, "Book")))
        info.context.found.append(("author", projection(info, "Author")))
        return Book(title="One", chapters=[])


schema = strawberry.Schema(Query, types=[Book, Author])


def asked(document: str, **variables: Any) -> Context:
    context = Context()
    parsed = parse(document)
    assert validate(schema._schema, parsed) == []
    result = execute_sync(schema._schema, parsed, context_value=context, variable_values=variables)
    assert result.errors is None
    return context


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("books { id }", set()),
        ("count", set()),
        ("books { __typename title }", {"title"}),
        ("books { name: title other: title }", {"title"}),
        ("books { chapters { title } }", {"chapters"}),
        ("books { chapters { pages notes } }", {"chapters", "pageCount"}),
        ("books { author { name born } }", {"authorRef"}),
        ("books { author { books { title chapters { title } } } }", {"authorRef"}),
        ("books { ...B }", {"title", "chapters"}),
        ("... on Shelf { books { ... { title } } }", {"title"}),
        ("books { ... on Thing { id } ... on Book { title } }", {"title"}),
        ("books { ... on Thing { ... on Book { title } } }", {"title"}),
        ("books { ... on Thing { ... on Author { name born } } }", set()),
        ("books { title @skip(if: $yes) }", set()),
        ("books { title @skip(if: $no) }", {"title"}),
        ("books { title @include(if: $yes) }", {"title"}),
        ("books { title @include(if: $no) }", set()),
        ("books { title @include(if: $yes) @skip(if: $yes) }", set()),
        ("books { ... @include(if: $no) { title } id }", set()),
        ("books { ...B @skip(if: $yes) id }", set()),
        ("books { title } more: books { chapters { title } }", {"title", "chapters"}),
    ],
)
def test_what_a_selection_reads(selection: str, expected: set[str]) -> None:
    """Fragments, conditions, aliases and nested types are followed; other entities are not gone into."""
    fragments = " fragment B on Book { title ...C } fragment C on Book { chapters { title } }"
    fragment = fragments if "...B" in selection else ""
    variables = {name: value for name, value in (("yes", True), ("no", False)) if f"${name}" in selection}
    declared = "(" + ",".join(f"${name}: Boolean!" for name in variables) + ")" if variables else ""
    context = asked(f"query{declared} {{ shelf {{ {selection} }} }}{fragment}", **variables)
    assert context.found[0] == ("shelf", frozenset(expected))


def test_each_entity_has_its_own() -> None:
    """Under an interface only the fragments on the entity asked about count, and nothing below another one."""
    context = asked("""{ thing { id
      ... on Book { title author { name } } ... on Author { born books { title chapters { title } } }
    } }""")
    assert dict(context.found) == {"thing": {"title", "authorRef"}, "author": {"birth", "calendar"}}


def test_deeper_down_each_call_has_its_own() -> None:
    """A book below an author below a book is read by a call of its own, with what is selected there."""
    context = asked("{ shelf { books { title author { books { chapters { title } } } } } }")
    assert context.found == [("shelf", {"title", "authorRef"}), ("books", {"chapters"})]


def test_the_same_place_is_worked_out_once() -> None:
    """The engine remembers for one request; two places do not share."""
    context = asked("{ a: shelf { books { title } } b: shelf { books { id } } }")
    assert [fields for _, fields in context.found] == [{"title"}, frozenset()]
    assert len(context.projections) == 2


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("count", True),
        ("n: count", True),
        ("books { title } ... { count }", True),
        ("...S", True),
        ("count @skip(if: true) books { id }", False),
        ("books { chapters { title } }", False),
    ],
)
def test_whether_a_field_is_selected(selection: str, expected: bool) -> None:
    """Only right below, by its own name, fragments opened."""
    fragment = " fragment S on Shelf { count }" if "...S" in selection else ""
    assert asked(f"{{ shelf {{ {selection} }} }}{fragment}").counted == [expected]


def test_declarations() -> None:
    """What is declared can be read again; GraphQL's own types declare nothing."""
    types = schema._schema.type_map
    book, shelf, text = types["Book"], types["Shelf"], types["String"]
    assert (upstream_of(book), upstream_of(shelf), upstream_of(text)) == (BOOKS, None, None)
    assert isinstance(text, GraphQLScalarType)
    assert definition_of(text) is None
    assert reads_of(book, "title", book.fields["title"]) == ("title",)
    assert reads_of(shelf, "books", shelf.fields["books"]) == ()
    assert reads_of(book, "author", book.fields["author"]) == ("authorRef",)
    assert loads_of(book.fields["author"]) == {AUTHORS: frozenset({"x"})}
    assert loads_of(book.fields["title"]) == {}
    introspection = types["__Type"]
    assert reads_of(introspection, "name", introspection.fields["name"]) == ()
    assert loads_of(introspection.fields["name"]) == {}
