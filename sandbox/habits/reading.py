"""Habits of collection reads: filters ignored, refused or understood differently; pages, counts, projections."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

from sandbox.errors import Refusal, bad_request, not_found
from sandbox.filters import Condition, Group, parse_filters
from sandbox.habits.model import Found, Habit, On, Question
from sandbox.paging import Page
from sandbox.projection import ALWAYS, Tree
from sandbox.tables import Resource

Count = Callable[[], int]


def _dotted(condition: Condition) -> str:
    return ".".join(condition.path)


def _chosen(condition: Condition, attribute: str) -> bool:
    return attribute in {"", _dotted(condition)}


def _ignored(question: Question, on: On, _: Resource) -> Question:
    kept = [group for group in question.groups if not any(_chosen(each, on["attribute"]) for each in group)]
    return replace(question, groups=kept)


def _each_condition(question: Question, change: Callable[[Condition], Group]) -> Question:
    groups = [tuple(chain.from_iterable(change(condition) for condition in group)) for group in question.groups]
    return replace(question, groups=groups)


def _digits(question: Question, _: On, __: Resource) -> Question:
    def numeric(condition: Condition) -> Group:
        if condition.operator != "eq":
            return (condition,)
        digits = tuple(value for value in condition.values if value.isdigit())
        others = tuple(value for value in condition.values if not value.isdigit())
        return Condition(condition.path, "number", digits), Condition(condition.path, "eq", others)

    return _each_condition(question, numeric)


def _literal_lists(question: Question, on: On, _: Resource) -> Question:
    def literal(condition: Condition) -> Group:
        if condition.operator != "eq" or not _chosen(condition, on["attribute"]):
            return (condition,)
        parts = {part for value in condition.values if "," in value for part in value.split(",")}
        return (replace(condition, values=tuple(value for value in condition.values if value not in parts)),)

    return _each_condition(question, literal)


def _unknown_refused(question: Question, on: On, resource: Resource) -> Question:
    for condition in chain.from_iterable(question.groups):
        known = _dotted(condition) in on["only"] if on["only"] else condition.path[0] in resource.attributes
        if not known and (on["only"] or resource.attributes):
            raise bad_request(f"{_dotted(condition)} is no attribute to filter by")
    return question


def _suffixes_unknown(question: Question, on: On, _: Resource) -> Question:
    """Read the query again without suffixes: `price.value.gt` is then an attribute that no document has."""
    groups = parse_filters(question.raw, suffixes=frozenset())
    if on["symbols"]:
        groups = [
            tuple(replace(each, operator="never") if each.operator != "eq" else each for each in g) for g in groups
        ]
    return replace(question, groups=groups)


def _refused_limit(question: Question, on: On, _: Resource) -> Question:
    if question.page.limit > on["limit"]:
        raise Refusal(422, "limitTooLarge", "The limit is too large", f"limit must be {on['limit']} or less")
    return question


def _clamped_limit(question: Question, on: On, _: Resource) -> Question:
    return replace(question, page=replace(question.page, limit=min(question.page.limit, on["limit"])))


def _first_page(question: Question, _: On, __: Resource) -> Question:
    return replace(question, page=Page(0, question.page.limit))


def _whole_count(found: Found, _: On, __: Question, whole: Count) -> Found:
    total = whole()
    return replace(found, total=total, status=200 if len(found.documents) == total else 206)


def _past_end(found: Found, _: On, question: Question, __: Count) -> Found:
    if question.page.offset and question.page.offset >= found.total:
        raise Refusal(416, "rangeNotSatisfiable", "The offset is past the end", f"there are {found.total}")
    return found


def _empty_is_404(found: Found, _: On, __: Question, ___: Count) -> Found:
    if not found.documents:
        raise not_found("a resource that matches")
    return found


def _without_id(tree: Tree | None, _: On, values: list[str]) -> Tree | None:
    asked = {path.strip().partition(".")[0] for value in values for path in value.split(",")}
    return tree and {name: below for name, below in tree.items() if name not in ALWAYS or name in asked}


READING = (
    Habit(
        name="gt-unknown",
        about="Suffix forms (`price.value.gt=10`) silently match nothing; with `symbols`, `%3E` and `=~` forms too.",
        section="1.4",
        seen="a reference server understands `price.value%3E10` and silently answers an empty list",
        options={"symbols": False},
        ask=_suffixes_unknown,
    ),
    Habit(
        name="filter-ignored",
        about="A filter on `attribute` (empty: on anything) is ignored: all rows come back.",
        section="1.4",
        seen="ignored filter means *all* rows back",
        options={"attribute": ""},
        ask=_ignored,
    ),
    Habit(
        name="digits-filter-as-number",
        about="A digits-only filter value becomes a number and never equals a stored text.",
        section="1.4",
        seen="a reference server turns a digits-only filter value into a number",
        ask=_digits,
    ),
    Habit(
        name="id-list-unsupported",
        about="`id=a,b,c` is compared literally and finds nothing; `attribute` chooses another one, empty means every.",
        section="1.4",
        seen="A comma can also be data.",
        options={"attribute": "id"},
        ask=_literal_lists,
    ),
    Habit(
        name="unknown-filter-400",
        about="A filter on an attribute the API's file does not list answers 400; with `only`, on any but those paths.",
        section="1.4",
        seen="Unknown filter: 400 on some servers",
        options={"only": []},
        ask=_unknown_refused,
    ),
    Habit(
        name="sort-ignored",
        about="`sort` is ignored: documents come in the order of the store.",
        section="1.2",
        seen="| sort, cursor, JSONPath filter in files | none |",
        ask=lambda question, _, __: replace(question, sort=[]),
    ),
    Habit(
        name="limit-refused",
        about="A `limit` above `limit` answers 422.",
        section="1.3",
        seen="some reject a too large one with an error (seen: 422 above 100)",
        options={"limit": 100},
        ask=_refused_limit,
    ),
    Habit(
        name="limit-clamped",
        about="Never more than `limit` items in a page, whatever was asked.",
        section="1.3",
        seen="others clamp silently",
        options={"limit": 10},
        ask=_clamped_limit,
    ),
    Habit(
        name="offset-ignored",
        about="`offset` is ignored: every page is the first.",
        section="1.3",
        seen="at least one commercial server ignores `offset`",
        ask=_first_page,
    ),
    Habit(
        name="counts-unfiltered",
        about="X-Total-Count counts the whole collection, also under a filter.",
        section="1.3",
        seen="a reference server's X-Total-Count counts the whole collection although a filter was given",
        found=_whole_count,
    ),
    Habit(
        name="always-206",
        about="A page answers 206, also when it is everything.",
        section="1.3",
        seen="the spec files list only 200. Accept both.",
        found=lambda found, _, __, ___: replace(found, status=206),
    ),
    Habit(
        name="416-past-end",
        about="An `offset` at or past the end answers 416 instead of an empty page.",
        section="1.3",
        seen="Some give `416` for an offset past the end",
        found=_past_end,
    ),
    Habit(
        name="404-for-empty",
        about="A page without items answers 404.",
        section="1.6",
        seen="404 for an empty collection",
        found=_empty_is_404,
    ),
    Habit(
        name="fields-ignored",
        about="`fields` is ignored: every attribute comes.",
        section="1.3",
        seen="Extra fields may come all the same.",
        fields=lambda _, __, ___: None,
    ),
    Habit(
        name="fields-without-id",
        about="`fields` drops `id`, `href` and `@type` unless they are asked for.",
        section="1.3",
        seen="`id`, `href` (and usually `@type`) come anyway or not, servers vary",
        fields=_without_id,
    ),
)
