"""What a load takes, rejects, reports and refuses; and that what is refused changes nothing."""

from typing import Any

import pytest

from clients.tmf620 import OFFERINGS, SPECIFICATIONS
from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.file import DumpFile, DumpReader
from domain.catalog.dumps.report import RefusedDumpError
from kernel.context import Audience, Deadline, RequestContext
from tests.conftest import MakeGateway
from tests.dumps.making import Document, Loader, array, category, ndjson, offering, offerings, own, price, specification
from tests.upstream import offering_id

ALL = [category("cat-1"), specification("ps-1"), price("pop-1"), *offerings(3)]


async def kept(dumps: Loader, local_id: str, language: str = "en", collection: Any = OFFERINGS) -> Any:
    """An entity as the current generation has it."""
    assert dumps.current is not None
    file = DumpFile(dumps.current, 1_000_000)
    try:
        ctx = RequestContext(Audience(language, "web"), Deadline.after(60))
        return await DumpReader(file, collection).load(ctx, local_id, frozenset())
    finally:
        file.close()


def told(report: Any) -> list[str]:
    return [f"{each.place}: {each.reason}" for each in report.rejects]


# ---------------------------------------------------------------- files, types, languages


@pytest.mark.parametrize("content", [ndjson(ALL), array(ALL), own(ALL)], ids=["lines", "array", "own"])
@pytest.mark.parametrize("name", ["dump.json", "dump.json.gz", "whatever", "export.ndjson.gz"])
def test_one_file(dumps: Loader, name: str, content: bytes) -> None:
    """Everything in one file, told apart by `@type`."""
    report = dumps.load({name: content})
    assert report.counts == {"productOffering": 3, "productOfferingPrice": 1, "productSpecification": 1, "category": 1}
    assert (report.rejected, report.ignored, report.odd, report.accepted) == (0, 0, 0, 6)


def test_a_file_for_each_resource(dumps: Loader) -> None:
    """Records without `@type` are what their file is called, whatever its case and endings."""

    def plain(records: list[Document]) -> list[Document]:
        return [{name: value for name, value in each.items() if name != "@type"} for each in records]

    report = dumps.load(
        {
            "productOffering.json": array(plain(offerings(3))),
            "ProductOfferingPrice.2026-06-01.ndjson.gz": ndjson(plain([price("pop-1"), price("pop-2")])),
            "productspecification": ndjson(plain([specification("ps-1")])),
            "category.de.json": array(plain([category("cat-1")])),
        }
    )
    assert report.counts == {"productOffering": 3, "productOfferingPrice": 2, "productSpecification": 1, "category": 1}
    assert (report.rejected, report.ignored) == (0, 0)


def test_the_type_in_the_record_wins(dumps: Loader) -> None:
    """A price in a file of offerings is a price; a type of the operator's own goes by its base type, then its file."""
    own_type = {"@type": "AcmePlan", "@baseType": "ProductOffering"}
    report = dumps.load(
        {
            "productOffering.json": array([price("pop-1"), {"@type": "AcmeOffer", "id": "po-a"}]),
            "all.json": array([{**own_type, "id": "po-b"}, {"@type": "BundleProductOffering", "id": "po-c"}]),
        }
    )
    assert report.counts == {"productOffering": 3, "productOfferingPrice": 1}


def test_what_the_shop_does_not_use_is_left_alone(dumps: Loader) -> None:
    """Catalogs, jobs, records of nothing known and languages that are not served are counted, not rejected."""
    other = [{"@type": "Catalog", "id": "c"}, {"id": "untyped"}, offering("po-fr", **{"@language": "fr"})]
    report = dumps.load([*offerings(2), *other])
    assert (report.ignored, report.rejected, report.counts) == (3, 0, {"productOffering": 2})


@pytest.mark.parametrize("by", ["name", "attribute"])
async def test_languages(dumps: Loader, by: str) -> None:
    """A file or record of each language; what is only in one is shown in that one to everybody, and counted once."""
    english = [offering("po-1", name="Both"), offering("po-2", name="Only English")]
    german = [offering("po-3", name="Nur Deutsch"), offering("po-1", name="Beide")]
    if by == "name":
        report = dumps.load({"catalog.en.json": array(english), "catalog.de.json.gz": array(german)})
    else:
        report = dumps.load([*english, *({**each, "@language": "de"} for each in german)])
    assert (report.counts, report.rejected) == ({"productOffering": 3}, 0)
    names = {(local, lang): (await kept(dumps, local, lang)).name for local in IDS for lang in ("en", "de")}
    assert names == {
        ("po-1", "en"): "Both",
        ("po-1", "de"): "Beide",
        ("po-2", "en"): "Only English",
        ("po-2", "de"): "Only English",
        ("po-3", "en"): "Nur Deutsch",
        ("po-3", "de"): "Nur Deutsch",
    }


IDS = ("po-1", "po-2", "po-3")


async def test_a_dump_in_one_language_that_is_not_the_default(dumps: Loader, gateway: MakeGateway) -> None:
    """A dump only in German is a whole catalogue for English shoppers too: listed, searched, sorted and counted."""
    dumps.load({"catalog.de.json": array([offering("po-2", name="Zwei"), offering("po-1", name="Eins")])})
    document = """{ a: productOfferings { totalCount nodes { name } }
      b: productOfferings(filter: {search: "eins"}) { nodes { name } }
      c: productOfferings(sort: NAME) { nodes { name } } }"""
    async with gateway(dump_folder=dumps.folder) as client:
        for language in ("en", "de"):
            found = await client.data(document, headers={"accept-language": language})
            assert found == {
                "a": {"totalCount": 2, "nodes": [{"name": "Zwei"}, {"name": "Eins"}]},
                "b": {"nodes": [{"name": "Eins"}]},
                "c": {"nodes": [{"name": "Eins"}, {"name": "Zwei"}]},
            }


# ---------------------------------------------------------------- records that are odd or bad


async def test_odd_attributes_cost_themselves(dumps: Loader) -> None:
    """Wrong types are left out, counted and named; what fits stays."""
    odd = offering("po-odd", name=5, isBundle="perhaps", category=[{"id": "cat-1"}, "cat-2", {"name": "no id"}])
    report = dumps.load([*offerings(2), odd])
    assert (report.rejected, report.odd) == (0, 4)
    assert [each.place for each in report.oddities] == ["catalog.ndjson:3"] * 4
    assert any(".name: Expected `str" in each.reason for each in report.oddities)
    entity = await kept(dumps, "po-odd")
    assert (entity.name, entity.is_bundle, [ref.id for ref in entity.category]) == (None, False, ["cat-1"])


@pytest.mark.parametrize("form", ["lines", "array"])
async def test_invalid_utf8_costs_a_letter(dumps: Loader, form: str) -> None:
    """A name cut inside a character keeps the rest of itself."""
    record = b'{"@type": "ProductOffering", "id": "po-1", "name": "caf\xc3"}'
    dumps.load({"catalog.json": b"[" + record + b"]" if form == "array" else record + b"\n"})
    assert (await kept(dumps, "po-1")).name == "caf\N{REPLACEMENT CHARACTER}"


async def test_numbers_of_any_size(dumps: Loader) -> None:
    """An integer that no file can hold costs its record; exact decimals stay exact."""

    def characteristic(value: str) -> bytes:
        values = (
            f'"productSpecCharacteristic": [{{"name": "x", "productSpecCharacteristicValue": [{{"value": {value}}}]}}]'
        )
        return f'{{"@type": "ProductSpecification", "id": "ps-{len(value)}", {values}}}\n'.encode()

    content = ndjson(offerings(1)) + characteristic("1" * 30) + characteristic("0.1000000000000000000001")
    report = dumps.load({"catalog.ndjson": content}, max_rejects=1.0)
    assert [each.place for each in report.rejects] == ["catalog.ndjson:2"]
    (one,) = (await kept(dumps, "ps-24", collection=SPECIFICATIONS)).product_spec_characteristic
    assert str(one.product_spec_characteristic_value[0].value) == "0.1000000000000000000001"


def test_each_reject_says_where_and_why(dumps: Loader) -> None:
    """By line in NDJSON, by index in an array, with the reason."""
    bad: list[Any] = [
        offering("po-0"),
        {"@type": "Category"},
        offering("../x"),
        offering(""),
        {**offering("a"), "id": 7},
    ]
    lines = ndjson([*offerings(1), *bad]) + b'{"@type": "ProductOffering", "id"\n'
    report = dumps.load({"a.ndjson": lines, "b.json": array(bad[1:3])}, max_rejects=1.0)
    assert report.rejected == 8
    *others, broken, in_array, also = told(report)
    assert others == [
        "a.ndjson:2: productOffering po-0 (en) is there already",
        "a.ndjson:3: element: no id",
        "a.ndjson:4: an id that cannot go into a URL: '../x'",
        "a.ndjson:5: an id that cannot go into a URL: ''",
        "a.ndjson:6: .id: Expected `str`, got `int`",
    ]
    assert broken == "a.ndjson:7: Input data was truncated"
    assert [in_array, also] == ["b.json[0]: element: no id", "b.json[1]: an id that cannot go into a URL: '../x'"]


async def test_of_duplicates_the_first_serves(dumps: Loader) -> None:
    """The same id again, in the same file or another, is a reject; in another language it is none."""
    first, again = offering("po-1", name="first"), offering("po-1", name="again")
    german = offering("po-1", name="erste", **{"@language": "de"})
    report = dumps.load({"a.ndjson": ndjson([first, again, german]), "b.json": array([again])}, max_rejects=1.0)
    assert told(report) == [
        "a.ndjson:2: productOffering po-1 (en) is there already",
        "b.json[0]: productOffering po-1 (en) is there already",
    ]
    assert (await kept(dumps, "po-1")).name == "first"
    assert (await kept(dumps, "po-1", "de")).name == "erste"


def test_only_the_first_hundred_are_listed(dumps: Loader) -> None:
    """Ten thousand rejects are counted; a report stays readable."""
    report = dumps.load([*offerings(1), *[{"@type": "Category"}] * 300], max_rejects=1.0)
    assert (report.rejected, len(report.rejects)) == (300, 100)


# ---------------------------------------------------------------- thresholds


def test_the_threshold(dumps: Loader) -> None:
    """Exactly the allowed share of rejects is taken, one more refused, unless it is forced."""
    ninety_nine, bad = offerings(99), {"@type": "Category"}
    assert dumps.load([*ninety_nine, bad], max_rejects=0.01).rejected == 1
    before = dumps.names(), dumps.current
    with pytest.raises(
        RefusedDumpError, match=r"^2 of 101 records cannot be used, more than 1.00%.*--force"
    ) as refused:
        dumps.load([*ninety_nine, bad, bad], max_rejects=0.01)
    assert (refused.value.report.rejected, len(refused.value.report.rejects)) == (2, 2)
    assert (dumps.names(), dumps.current) == before
    assert dumps.load([*ninety_nine, bad, bad], max_rejects=0.01, force=True).rejected == 2
    assert dumps.current != before[1]


def test_records_of_every_language_count(dumps: Loader) -> None:
    """The share is of all records, so that a second language does not double the weight of a reject."""
    german = [{**each, "@language": "de"} for each in offerings(50)]
    assert dumps.load([*offerings(50), *german, {"@type": "Category"}], max_rejects=0.01).accepted == 100


def test_suspiciously_small(dumps: Loader) -> None:
    """Half of what serves is enough, less is not, unless it is forced; the first dump has nothing to compare with."""
    dumps.load(offerings(10))
    dumps.load(offerings(5))
    dumps.load(offerings(10))
    before = dumps.names(), dumps.current
    with pytest.raises(RefusedDumpError, match=r"has 4 offerings where 10 serve now; --force"):
        dumps.load(offerings(4))
    assert (dumps.names(), dumps.current) == before
    assert dumps.load(offerings(4), force=True).counts["productOffering"] == 4


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("content", [b"", b"[]", b"\n\n", ndjson([category("cat-1")]), own([])])
def test_no_offerings_is_no_catalogue(dumps: Loader, content: bytes, force: bool) -> None:
    """An empty dump never serves, not even when it is forced."""
    dumps.load(offerings(1))
    before = dumps.names()
    with pytest.raises(RefusedDumpError, match=r"^The dump has no offerings"):
        dumps.load({"catalog.json": content}, force=force)
    assert dumps.names() == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "content",
    [own(ALL)[:-40], array(ALL)[:-1], ndjson(ALL)[:-20], b"garbage"],
    ids=["own", "array", "lines", "garbage"],
)
def test_a_broken_dump_changes_nothing(dumps: Loader, content: bytes, force: bool) -> None:
    """Truncated or no dump at all: refused, forced or not; the folder is as it was."""
    dumps.load(offerings(1))
    before = dumps.names()
    with pytest.raises(DumpError, match=r"^catalog\.json"):
        dumps.load({"catalog.json": content}, force=force)
    assert dumps.names() == before


def test_the_second_of_two_files_is_broken(dumps: Loader) -> None:
    """What was read before does not serve without the rest."""
    with pytest.raises(DumpError, match=r"^b\.json: its end is missing"):
        dumps.load({"a.json": array(ALL), "b.json": b"["})
    assert dumps.names() == []


# ---------------------------------------------------------------- references


def test_references_that_lead_nowhere(dumps: Loader) -> None:
    """Of each kind: how many targets are missing, and which, with one that points there. They do not refuse a dump."""
    gone: dict[str, Any] = {
        "productOfferingPrice": [{"id": "pop-gone"}, {"id": "pop-1"}],
        "category": [{"id": "cat-gone"}, {"id": "cat-1"}],
        "bundledProductOffering": [{"id": "po-gone"}],
        "productOfferingRelationship": [{"id": "po-lost", "relationshipType": "requires"}],
        "productSpecification": {"id": "ps-gone"},
    }
    report = dumps.load(
        [
            offering("po-1", **gone),
            offering("po-2", **gone),
            price("pop-1", popRelationship=[{"id": "pop-promo", "relationshipType": "discount"}, {"id": "pop-1"}]),
            category("cat-1", parentId="cat-up", subCategory=[{"id": "cat-down"}, {"id": "cat-1"}]),
        ]
    )
    assert {kind: (lost.count, list(lost.examples)) for kind, lost in report.dangling.items()} == {
        "price": (1, [("pop-gone", "po-1")]),
        "category": (1, [("cat-gone", "po-1")]),
        "bundled offering": (1, [("po-gone", "po-1")]),
        "related offering": (1, [("po-lost", "po-1")]),
        "specification": (1, [("ps-gone", "po-1")]),
        "related price": (1, [("pop-promo", "pop-1")]),
        "parent category": (1, [("cat-up", "cat-1")]),
        "child category": (1, [("cat-down", "cat-1")]),
    }


def test_embedded_prices_are_no_references(dumps: Loader) -> None:
    """A price that stands inside its offering is not looked for elsewhere."""
    report = dumps.load([offering("po-1", productOfferingPrice=[price("pop-in")])])
    assert report.dangling == {}


def bundle(local_id: str, *parts: str) -> Document:
    return offering(local_id, isBundle=True, bundledProductOffering=[{"id": part} for part in parts])


@pytest.mark.parametrize(
    ("bundles", "cycles"),
    [
        ([bundle("a", "a")], [["a", "a"]]),
        ([bundle("a", "b"), bundle("b", "a")], [["a", "b", "a"]]),
        ([bundle("x", "a"), bundle("a", "b"), bundle("b", "c"), bundle("c", "a")], [["a", "b", "c", "a"]]),
        ([bundle("a", "b", "c"), bundle("b", "d"), bundle("c", "d"), offering("d")], []),
    ],
    ids=["itself", "two", "behind another", "a diamond is none"],
)
async def test_bundles_that_contain_themselves(
    dumps: Loader, gateway: MakeGateway, bundles: list[Document], cycles: list[list[str]]
) -> None:
    """Reported, loaded all the same, and a query into them ends where the query ends."""
    assert dumps.load(bundles).cycles == cycles
    inner = "name bundledOfferings { offering { name bundledOfferings { offering { name } } } }"
    async with gateway(dump_folder=dumps.folder) as client:
        found = await client.data(f"query($id: ID!) {{ productOffering(id: $id) {{ {inner} }} }}", id=offering_id("a"))
        listed = await client.data("{ productOfferings(filter: {isBundle: true}) { totalCount } }")
    assert found["productOffering"]["name"] == "a"
    assert len(found["productOffering"]["bundledOfferings"][0]["offering"]["bundledOfferings"]) == 1
    assert listed["productOfferings"]["totalCount"] == sum(each.get("isBundle", False) for each in bundles)


def test_bundles_beyond_reason(dumps: Loader) -> None:
    """Five thousand levels, and two hundred bundles that all contain one another: a report of bounded length."""
    deep = [bundle(f"po-{n}", f"po-{n + 1}") for n in range(5_000)]
    wide = [bundle(f"all-{n}", *(f"all-{m}" for m in range(200))) for n in range(200)]
    report = dumps.load([*deep, *wide])
    assert len(report.cycles) == 100
    assert report.dangling["bundled offering"].count == 1
