"""RFC 6902: its own examples (appendix A), the errors, and what it means for texts in two languages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.json_patch import PatchError, json_patch
from sandbox.languages import KEY, localised

APPENDIX = [
    ("A.1", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    ("A.2", {"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}], {"foo": ["bar", "qux", "baz"]}),
    ("A.3", {"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ("A.4", {"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ("A.5", {"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
    ("A.6", {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
     [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
     {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
    ("A.7", {"foo": ["all", "grass", "cows", "eat"]}, [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
     {"foo": ["all", "cows", "eat", "grass"]}),
    ("A.8", {"baz": "qux", "foo": ["a", 2, "c"]},
     [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
     {"baz": "qux", "foo": ["a", 2, "c"]}),
    ("A.10", {"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
     {"foo": "bar", "child": {"grandchild": {}}}),
    ("A.11", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}], {"foo": "bar", "baz": "qux"}),
    ("A.14", {"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ("A.16", {"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
     {"foo": ["bar", ["abc", "def"]]}),
    ("root", {"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    ("copy", {"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}, {"op": "add", "path": "/b/0", "value": 0}],
     {"a": [1], "b": [0, 1]}),
    ("move to itself", {"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
    ("add replaces", {"a": 1}, [{"op": "add", "path": "/a", "value": None}], {"a": None}),
    ("numbers", {"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}], {"a": 1}),
    ("nothing", {"a": 1}, [], {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "operations", "expected"), [row[1:] for row in APPENDIX], ids=[row[0] for row in APPENDIX]
)
def test_the_examples_of_the_standard(document: Any, operations: Any, expected: Any) -> None:
    assert json_patch(document, operations, "en") == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": "other"},
        {"op": "test", "path": "/t", "value": 1},
        {"op": "test", "path": "/a"},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "add", "path": "/l/3", "value": 1},
        {"op": "add", "path": "/l/01", "value": 1},
        {"op": "add", "path": "/l/x", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "add", "path": "/a"},
        {"op": "add", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "path": "/a~2b", "value": 1},
        {"op": "add", "path": 3, "value": 1},
        {"op": "remove", "path": "/x"},
        {"op": "remove", "path": "/l/2"},
        {"op": "remove", "path": "/l/-"},
        {"op": "remove", "path": "/l/99999999999"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "move", "from": "/x", "path": "/y"},
        {"op": "move", "from": "/x", "path": "/x"},
        {"op": "move", "from": "/o", "path": "/o/p"},
        {"op": "move", "path": "/o"},
        {"op": "copy", "from": "/x", "path": "/y"},
        {"op": "spam", "path": "/a"},
        {"op": ["add"], "path": "/a"},
        {"path": "/a"},
        "add",
        None,
    ],
)
def test_a_bad_operation_changes_nothing(operation: Any) -> None:
    document = {"a": "b", "t": True, "l": [1, 2], "o": {"p": {}}}
    with pytest.raises(PatchError, match="operation 1"):
        json_patch(document, [{"op": "add", "path": "/new", "value": 1}, operation], "en")
    assert document == {"a": "b", "t": True, "l": [1, 2], "o": {"p": {}}}


@pytest.mark.parametrize("operations", [{}, "x", None, {"op": "add"}])
def test_operations_are_an_array(operations: Any) -> None:
    with pytest.raises(PatchError, match="array"):
        json_patch({}, operations, "en")


def texts() -> dict[str, Any]:
    return {
        "name": "Green",
        "l": [{"name": "one", "_i18n": {"de": {"name": "eins"}}}],
        "_i18n": {"de": {"name": "Grün"}},
    }


def test_a_replaced_text_is_replaced_in_every_language() -> None:
    patched = json_patch(texts(), [{"op": "replace", "path": "/name", "value": "Red"}], "en")
    assert (patched["name"], patched["_i18n"]) == ("Red", {"de": {}})
    patched = json_patch(texts(), [{"op": "add", "path": "/l/0/name", "value": "two"}], "en")
    assert patched["l"] == [{"name": "two", "_i18n": {"de": {}}}]
    assert patched["_i18n"] == {"de": {"name": "Grün"}}


def test_a_moved_element_keeps_its_translations() -> None:
    patched = json_patch(texts(), [{"op": "move", "from": "/l/0", "path": "/first"}], "en")
    assert patched["first"] == {"name": "one", "_i18n": {"de": {"name": "eins"}}}


def test_a_test_compares_what_the_client_has_read() -> None:
    for language, text, element in (("en", "Green", "one"), ("de", "Grün", "eins")):
        operations = [{"op": "test", "path": "/name", "value": text}]
        operations.append({"op": "test", "path": "/l", "value": [{"name": element}]})  # type: ignore[dict-item]
        assert json_patch(texts(), operations, language) == texts()
    with pytest.raises(PatchError):
        json_patch(texts(), [{"op": "test", "path": "/name", "value": "Grün"}], "en")


NAME = st.text().filter(lambda name: name != KEY)  # a text in other languages is none of its own language's business
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(NAME, each),
)


@pytest.mark.parametrize("value", [None, 1, "de", ["de"], {"de": None}, {"de": "x"}])
def test_what_cannot_be_translations_is_none(value: Any) -> None:
    document = {"name": "Green", KEY: value}
    assert localised(document, "de") == {"name": "Green"}
    assert json_patch(document, [{"op": "replace", "path": "/name", "value": "Red"}], "de")["name"] == "Red"


@given(st.dictionaries(NAME, JSON), NAME.map(lambda name: name.replace("~", "~0").replace("/", "~1")), JSON)
def test_what_is_added_can_be_tested_and_removed(document: dict[str, Any], name: str, value: Any) -> None:
    path = f"/{name}"
    added = json_patch(
        document, [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}], "en"
    )
    key = name.replace("~1", "/").replace("~0", "~")
    assert added == {**document, key: value}
    assert json_patch(added, [{"op": "remove", "path": path}], "en") == {k: v for k, v in document.items() if k != key}
