"""From bytes to records: every form a dump comes in, and what is done with what should not be in one."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.catalog.dumps import records
from domain.catalog.dumps.records import MAX_RECORD, BrokenDumpError, Record, Reject, read_records
from tests.dumps.making import array, ndjson, offerings, own

THREE = offerings(3)
IDS = ["po-0", "po-1", "po-2"]
BOM = b"\xef\xbb\xbf"


def read(path: Path, content: bytes, name: str = "catalog.json") -> list[Record | Reject]:
    file = path / name
    file.write_bytes(content)
    return list(read_records(file))


def ids(found: list[Record | Reject]) -> list[str | None]:
    assert all(isinstance(each, Record) for each in found), found
    return [each.head.id for each in found if isinstance(each, Record)]


def rejects(found: list[Record | Reject]) -> list[str]:
    return [f"{each.place}: {each.reason}" for each in found if isinstance(each, Reject)]


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        ndjson(THREE),
        ndjson(THREE).rstrip(),
        ndjson(THREE, "\r\n"),
        BOM + ndjson(THREE),
        b"\n\n  \r\n" + ndjson(THREE, "\n\n \t\n"),
        own(THREE),
        own(THREE[:1]) + own(THREE[1:]),
        array(THREE),
        BOM + array(THREE),
        b"\r\n " + json.dumps(THREE, indent=2).replace("\n", "\r\n").encode() + b"\n\n",
    ],
    ids=["lines", "no last newline", "crlf", "bom", "blank", "own", "two of our own", "array", "array bom", "pretty"],
)
def test_every_form(tmp_path: Path, content: bytes, zipped: bool) -> None:
    """The same records, whether array or lines, gzip or plain; what a file is called plays no part in that."""
    assert ids(read(tmp_path, gzip.compress(content) if zipped else content)) == IDS


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    """What `cat a.gz b.gz` makes."""
    content = gzip.compress(ndjson(THREE[:1])) + gzip.compress(ndjson(THREE[1:]))
    assert ids(read(tmp_path, content)) == IDS


# Without the time of day in it: workers that run tests side by side must agree about what this test is called.
ZIPPED = gzip.compress(b"", mtime=0)


@pytest.mark.parametrize("content", [b"", b" \r\n\n", BOM, b"[]", b" [ ] ", ZIPPED])
def test_nothing_is_no_records(tmp_path: Path, content: bytes) -> None:
    """Empty files and arrays have no records; whether that may serve is decided elsewhere."""
    assert read(tmp_path, content) == []


@pytest.mark.parametrize("content", [b"garbage", b"<xml/>", b'"text"', b"42\n", b"\x00\x01", "[".encode("utf-16")])
def test_what_is_no_dump_is_refused(tmp_path: Path, content: bytes) -> None:
    """Neither an array nor objects: refused as a whole, with the file's name."""
    with pytest.raises(BrokenDumpError, match=r"^catalog\.json: neither a JSON array nor one JSON object a line$"):
        read(tmp_path, content)


# ---------------------------------------------------------------- chunks

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6)
CHUNKS = st.one_of(st.integers(1, 40), st.integers(1, 2_000))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=OBJECTS, chunk=CHUNKS, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]), bom=st.booleans())
def test_any_array_in_any_chunks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    documents: list[dict[str, Any]],
    chunk: int,
    ascii_only: bool,
    indent: int | None,
    bom: bool,
) -> None:
    """Wherever a chunk ends, inside a character, a string, an escape or a number: the elements are json's own."""
    text = json.dumps(documents, ensure_ascii=ascii_only, indent=indent)
    monkeypatch.setattr(records, "_CHUNK", chunk)
    found = read(tmp_path, (BOM if bom else b"") + text.encode("utf-8", "surrogatepass"))
    assert [
        json.loads(each.raw.decode("utf-8", "surrogatepass")) for each in found if isinstance(each, Record)
    ] == documents
    assert [each.place for each in found] == [f"catalog.json[{index}]" for index in range(len(documents))]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.sampled_from(
            ['{"id": "a"}', '{"x": "\\"]}"}', "{", "}", "]", "[", ",", '"', "\\", "tru", "1", " ", "\n", "{}"]
        ),
        max_size=8,
    ),
    chunk=st.integers(1, 12),
)
def test_any_garbage_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: list[str], chunk: int) -> None:
    """Whatever stands in an array: it ends, in records and rejects or in a refusal; and valid ones are read whole."""
    text = "[" + "".join(parts) + "]"
    monkeypatch.setattr(records, "_CHUNK", chunk)
    try:
        wanted = json.loads(text)
    except ValueError:
        wanted = None
    try:
        found = read(tmp_path, text.encode())
    except BrokenDumpError:
        assert wanted is None
        return
    if wanted is not None:
        assert len(found) == len(wanted)
        assert [each.head.id for each in found if isinstance(each, Record)] == [
            each.get("id") for each in wanted if isinstance(each, dict)
        ]


# ---------------------------------------------------------------- single bad records

GOOD = b'{"id": "po-0"}'


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"id": "po-1", }', "JSON"),
        (b'{"id": tru}', "JSON"),
        (b'{"id": "a" "b"}', "JSON"),
        (b'{"n": NaN}', "JSON"),
        (b'"text"', "Expected `object`, got `str`"),
        (b"42", "Expected `object`, got `int`"),
        (b"null", "Expected `object`, got `null`"),
        (b"[1]", "Expected `object`, got `array`"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested"),
        (b'{"a":' + b"[" * 101 + b"]" * 101 + b"}", "nested deeper than 100 levels"),
    ],
    ids=["comma", "word", "string", "nan", "text", "number", "null", "array", "100,000 deep", "101 deep"],
)
@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_bad_record_costs_itself(tmp_path: Path, form: str, bad: bytes, reason: str) -> None:
    """Its neighbours are read; it is told by line (from 1) or index (from 0), and why."""
    between = b"\n" if form == "lines" else b",\n"
    content = between.join([GOOD, bad, GOOD])
    found = read(tmp_path, content + b"\n" if form == "lines" else b"[" + content + b"]")
    assert [type(each) for each in found] == [Record, Reject, Record]
    (told,) = rejects(found)
    assert told.startswith("catalog.json:2: " if form == "lines" else "catalog.json[1]: ")
    assert reason in told


def test_brackets_in_strings_are_not_depth(tmp_path: Path) -> None:
    """A text full of brackets and quotes is no deep nesting; a hundred levels are still read."""
    text = json.dumps({"id": "po-0", "name": '[{"\\' * 500})
    deep = '{"id": "po-1", "x": ' + "[" * 99 + "]" * 99 + "}"
    assert ids(read(tmp_path, f"[{text},{deep}]".encode())) == ["po-0", "po-1"]


def test_a_head_that_is_partly_odd_keeps_the_rest(tmp_path: Path) -> None:
    """A base type that is a number does not cost the record its type."""
    (found,) = read(tmp_path, b'[{"id": "po-0", "@type": "ProductOffering", "@baseType": 5, "@language": null}]')
    assert isinstance(found, Record)
    assert (found.head.id, found.head.type, found.head.base_type, found.head.language) == (
        "po-0",
        "ProductOffering",
        None,
        None,
    )


@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_record_of_ten_megabytes_costs_itself_and_little_memory(tmp_path: Path, form: str) -> None:
    """Overlong records are passed over without being held; one just short enough is read."""
    long = b'{"name": "' + b"x" * 10_000_000 + b'", "id": "po-1"}'
    fitting = b'{"id": "po-2", "name": "' + b"y" * (MAX_RECORD - 30) + b'"}'
    between = b"\n" if form == "lines" else b","
    content = between.join([GOOD, long, fitting, long, GOOD])
    found = read(tmp_path, content + b"\n" if form == "lines" else b"[" + content + b"]")
    assert [type(each) for each in found] == [Record, Reject, Record, Reject, Record]
    assert {told.partition(": ")[2] for told in rejects(found)} == {"longer than 5,000,000 bytes"}


@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_record_without_end_never_fills_the_memory(tmp_path: Path, form: str) -> None:
    """Two hundred megabytes in one string, out of a small gzip file, is passed over in pieces."""
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"name": "' if form == "lines" else b'[{"name": "')
        for _ in range(100):
            file.write(b"x" * 2_000_000)
        file.write(b'"}\n{"id": "po-0"}\n' if form == "lines" else b'"}, {"id": "po-0"}]')
    tracemalloc.start()
    try:
        found = list(read_records(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [type(each) for each in found] == [Reject, Record]
    assert peak < 60_000_000


def test_invalid_utf8_stays_in_its_record(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 reach the reader of entities unchanged, in lines and in arrays."""
    bad = b'{"id": "po-0", "name": "a\xff\xc3b"}'
    for content in (bad + b"\n", b"[" + bad + b"]"):
        (found,) = read(tmp_path, content)
        assert isinstance(found, Record)
        assert found.raw == bad


# ---------------------------------------------------------------- ends that are missing


@pytest.mark.parametrize(
    "content",
    [ndjson(THREE), array(THREE), own(THREE), gzip.compress(ndjson(THREE)), gzip.compress(array(THREE))],
    ids=["lines", "array", "own", "gzip lines", "gzip array"],
)
def test_wherever_it_is_cut_off(tmp_path: Path, content: bytes) -> None:
    """Each shorter version is refused, unless it ends with a line: then only our own dumps can tell."""
    for length in range(1, len(content)):
        kept = content[:length]
        whole_lines = kept[-1:] in b"}\n" if b"CatalogDump" not in content else kept.strip() == content.strip()
        if content[:1] == b"{" and whole_lines:
            continue
        with pytest.raises(BrokenDumpError):
            read(tmp_path, kept)


def test_cut_off_inside_a_record_too_long(tmp_path: Path) -> None:
    """An overlong record whose line never ends is an end that is missing, not a reject."""
    with pytest.raises(BrokenDumpError, match="cut off"):
        read(tmp_path, GOOD + b'\n{"name": "' + b"x" * (MAX_RECORD + 10))
    with pytest.raises(BrokenDumpError, match="cut off"):
        read(tmp_path, b"[" + GOOD + b',{"name": "' + b"x" * (MAX_RECORD + 10))


def test_a_count_that_is_wrong(tmp_path: Path) -> None:
    """Our own dump says how many records it has; rejected ones count, and one that is missing is noticed."""
    lines = own(THREE).splitlines(keepends=True)
    with pytest.raises(BrokenDumpError, match="says it has 3 records and has 2"):
        read(tmp_path, b"".join(lines[:2] + lines[3:]))
    spoilt = b"".join([*lines[:2], b'{"spoilt"\n', *lines[3:]])
    assert [type(each) for each in read(tmp_path, spoilt)] == [Record, Reject, Record]


def test_one_of_two_dumps_in_a_file_is_cut_off(tmp_path: Path) -> None:
    """The end of one does not stand for the end of another."""
    cut = own(THREE).splitlines(keepends=True)[:-1]
    for content in (own(THREE) + b"".join(cut), b"".join(cut) + own(THREE)):
        with pytest.raises(BrokenDumpError, match="its end is missing"):
            read(tmp_path, content)


@pytest.mark.parametrize("more", [b"x", b"{}", b"[]", b","])
def test_something_after_the_array(tmp_path: Path, more: bytes) -> None:
    """Two arrays behind one another are no dump: half of it would be lost."""
    with pytest.raises(BrokenDumpError, match="something follows"):
        read(tmp_path, array(THREE) + more)


@pytest.mark.parametrize("content", [b'[{"id":"a"} {"id":"b"}]', b'[{"id":"a"}}', b'[{"id":"a"};]'])
def test_an_array_that_is_none(tmp_path: Path, content: bytes) -> None:
    """Elements without commas between them cannot be told apart."""
    with pytest.raises(BrokenDumpError, match="expected ','"):
        read(tmp_path, content)


def test_a_gzip_file_with_a_damaged_middle(tmp_path: Path) -> None:
    """A flipped byte in the compressed data is a broken file, never other data."""
    content = bytearray(gzip.compress(ndjson(offerings(200))))
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(BrokenDumpError, match="compressed file is broken"):
        read(tmp_path, bytes(content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The operating system's own error, for the loader to report."""
    with pytest.raises(OSError, match="No such file"):
        list(read_records(tmp_path / "none.json"))
