"""Finding in a dump against the rules themselves: whatever the offerings are, the file says what the code says."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.lenient import decode_one
from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog.catalog import Catalog
from domain.catalog.dumps.file import DumpFile
from domain.catalog.dumps.source import DumpSource
from domain.catalog.kinds import OfferingSort
from domain.catalog.questions import OfferingQuery, Question
from domain.catalog.rules import ShopRules
from domain.catalog.sorting import sort_offerings
from kernel.clock import FixedClock
from kernel.context import Audience, Deadline, RequestContext, Segment
from tests.dumps.making import NOW, Document, Loader, category, price

INSTANTS = st.sampled_from(
    [
        None,
        "nonsense",
        "1901-02-03T04:05:06Z",
        "2026-05-31T23:59:59Z",
        NOW.isoformat(),
        "2026-06-01T00:00:00.500Z",
        "2026-06-01T02:00:00+02:00",
        "2030-01-01",
    ]
)
MOMENTS = st.sampled_from([NOW + timedelta(seconds=each) for each in (-1, 0, 0.5, 1, 1e8, -1e8)])
KNOWN_WORDS = st.sampled_from(["Größe", "gross", "Fibre", "fib", "5G", "ß", "İs", "𝐀b", "ab", "a", "日本", "ᧈ", "ﬁ"])
WORDS = st.one_of(*[KNOWN_WORDS] * 6, st.text(max_size=6))
TEXTS = st.lists(WORDS, max_size=4).map(" ".join)
STATUSES = st.sampled_from([None, "Active", "ACTIVE", "Launched", "active", "In design", "Retired", "", "Obsolete"])
CATEGORIES = ["cat-a", "cat-b", "cat-c", "cat-gone"]
PRICES = [
    price("p-5", 5),
    price("p-7", 7),
    price("p-year", 60, recurringChargePeriodType="year", recurringChargePeriodLength=1),
    price("p-once", 3, priceType="oneTime"),
    price("p-ended", 1, validFor={"endDateTime": "2020-01-01"}),
    price("p-draft", 1, lifecycleStatus="In design"),
    price("p-cut", 1, priceType="discount"),
    price("p-usage", 1, priceType="usage"),
    {"@type": "ProductOfferingPrice", "id": "p-empty", "priceType": "recurring"},
]


def refs(ids: st.SearchStrategy[str]) -> st.SearchStrategy[list[Document]]:
    return st.lists(ids, max_size=2, unique=True).map(lambda chosen: [{"id": each} for each in chosen])


def maybe(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    return st.one_of(st.just({}), values.map(lambda value: {name: value}))


def merged(parts: tuple[Document, ...]) -> Document:
    return {name: value for part in parts for name, value in part.items()}


OFFERING = st.tuples(
    maybe("name", TEXTS),
    maybe("description", TEXTS),
    maybe("lifecycleStatus", STATUSES),
    maybe("isBundle", st.booleans()),
    maybe("isSellable", st.booleans()),
    maybe("lastUpdate", INSTANTS),
    maybe("validFor", st.fixed_dictionaries({"startDateTime": INSTANTS, "endDateTime": INSTANTS})),
    maybe("category", st.lists(st.tuples(st.sampled_from(CATEGORIES), TEXTS), max_size=2, unique_by=lambda c: c[0])),
    maybe("channel", refs(st.sampled_from(["web", "Web", "app", "", "!", "w,eb"]))),
    maybe("marketSegment", refs(st.sampled_from(["b2b", "B2C", "Enterprise", "martians"]))),
    maybe("productOfferingPrice", refs(st.sampled_from([each["id"] for each in PRICES] + ["p-gone"]))),
    st.one_of(st.just({}), st.integers(1, 9).map(lambda a: {"embedded": price("p-own", a)})),
).map(merged)
QUERY = st.builds(
    OfferingQuery,
    segment=st.sampled_from([None, None, None, *Segment]),
    category=st.sampled_from([None, None, None, None, None, *CATEGORIES]),
    search=st.one_of(st.none(), st.none(), WORDS, WORDS, TEXTS),
    is_bundle=st.sampled_from([None, None, None, True, False]),
    sellable=st.sampled_from([None, None, None, True, False]),
    sort=st.sampled_from([None, None, None, *OfferingSort]),
)
AUDIENCE = st.builds(
    Audience,
    language=st.just("en"),
    channel=st.sampled_from(["web", "app", "shop"]),
    segments=st.sampled_from([frozenset(Segment)] * 3 + [frozenset({each}) for each in Segment] + [frozenset()]),
)


def completed(number: int, drawn: Document) -> Document:
    document = {"@type": "ProductOffering", "id": f"po-{number}", **drawn}
    document["category"] = [{"id": each, "name": name} for each, name in drawn.get("category", [])]
    embedded = [document.pop("embedded")] if "embedded" in document else []
    document["productOfferingPrice"] = drawn.get("productOfferingPrice", []) + embedded
    return document


async def expected(asked: Question, documents: list[Document]) -> list[str]:
    """The answer by the rules alone, one offering after the other."""
    known = [decode_one(json.dumps(each).encode(), ProductOffering, lambda _: None) for each in documents]
    found = [each for each in known if asked.matches(each)]

    async def prices() -> Mapping[str, ProductOfferingPrice]:
        read = [decode_one(json.dumps(each).encode(), ProductOfferingPrice, lambda _: None) for each in PRICES]
        return {each.id: each for each in read}

    if asked.query.sort is not None or asked.query.search:
        found = await sort_offerings(asked, found, prices)
    return [each.id for each in found]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(OFFERING, min_size=2, max_size=12),
    st.lists(st.tuples(QUERY, AUDIENCE, MOMENTS, st.integers(0, 4)), min_size=4, max_size=16),
)
def test_the_file_answers_as_the_rules_do(drawn: list[Document], questions: list[Any]) -> None:
    """Any offerings, any question, any moment and audience: the same ids in the same order and the same total."""
    documents = [completed(number, each) for number, each in enumerate(drawn)]
    shelves = [category("cat-a"), category("cat-b", parentId="cat-a"), category("cat-c", lifecycleStatus="In design")]
    with tempfile.TemporaryDirectory() as folder:
        dumps = Loader(Path(folder) / "dumps", Path(folder))
        report = dumps.load([*documents, *shelves, *PRICES, {"@type": "ProductOffering", "id": "po-last"}])
        assert report.rejected == 0
        assert dumps.current is not None
        file = DumpFile(dumps.current, 1_000_000)
        try:
            asyncio.run(check([*documents, {"id": "po-last"}], questions, file))
        finally:
            file.close()


async def check(documents: list[Document], questions: list[Any], file: DumpFile) -> None:
    clock = FixedClock()
    catalog = Catalog(DumpSource(file), ShopRules(), clock)
    for query, audience, moment, first in questions:
        clock.at = moment.timestamp()
        by_price = query.sort in (OfferingSort.PRICE_ASC, OfferingSort.PRICE_DESC)
        clock.at = NOW.timestamp() if by_price else clock.at  # prices are compared as they are when a dump is loaded
        ctx = RequestContext(audience, Deadline.after(60))
        below = (await catalog.category_tree(ctx)).with_descendants(query.category) if query.category else None
        now = datetime.fromtimestamp(clock.at, UTC)
        asked = Question(ctx, query, below, catalog.rules, now, 50, None, frozenset(), count=True)
        wanted = await expected(asked, documents)
        whole = await catalog.find(catalog.question(ctx, query, first=50, after=None, fields=frozenset(), count=True))
        assert ([each.id for _, each in whole.items], whole.total) == (wanted, len(wanted))
        paged: list[str] = []
        after: str | None = None
        while first:
            page = await catalog.find(
                catalog.question(ctx, query, first=first, after=after, fields=frozenset(), count=False)
            )
            paged += [each.id for _, each in page.items]
            after = page.end_cursor
            assert page.has_next_page is (len(paged) < len(wanted))
            if not page.has_next_page:
                assert paged == wanted
                break
