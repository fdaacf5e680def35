"""The tests of the catalogue again, with every gateway over a dump of the sandbox instead of the sandbox itself.

They are the very functions of tests/catalog; only the fixture `gateway` is another. Where they count what upstreams are
asked, here nothing at all must be asked. Left out is only what is about asking an upstream, each with its reason.
"""

from types import ModuleType
from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests import upstream
from tests.catalog import (
    test_audience,
    test_bundles,
    test_categories,
    test_choices,
    test_examples,
    test_listing,
    test_nodes,
    test_offerings,
    test_paging,
    test_prices,
)

MODULES: tuple[ModuleType, ...] = (
    test_audience,
    test_bundles,
    test_categories,
    test_choices,
    test_examples,
    test_listing,
    test_nodes,
    test_offerings,
    test_paging,
    test_prices,
)
LEFT_OUT = {
    "test_the_language_is_chosen_and_told": "looks at the headers of calls upstream",
    "test_channels_do_not_share_entries": "looks at the headers of calls upstream",
    "test_an_operator_with_other_languages_and_channels": "looks at the headers of a call upstream",
    "test_nothing_of_a_header_reaches_upstreams_or_keys": "looks at calls upstream and keys in Redis",
    "test_a_category_that_is_renamed": "expires a cache; test_switching has the same for a new dump",
    "test_one_dead_upstream_costs_its_own_nodes": "nothing is asked that could be dead",
    "test_a_catalogue_too_large_to_count": "a dump has no such bound",
    "test_pages_read_no_further_than_they_must": "counts calls upstream",
    "test_forged_offsets_are_bounded_and_harmless": "goes on by id, not by offset; test_cursors has it for dumps",
    "test_a_deleted_item_under_the_cursor_loses_nothing": "changes the upstream while serving; see test_cursors",
    "test_an_item_that_appears_before_the_cursor_is_no_reason_to_show_one_twice": "the same; see test_cursors",
}


class Nothing(dict[str, int]):
    """Calls upstream where there must be none: checked when they are counted, and equal to what was expected."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _none_made(sandbox: SandboxControl) -> dict[str, int]:
    assert upstream.counts(sandbox) == {}
    return Nothing()


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        if hasattr(module, "counts"):
            monkeypatch.setattr(module, "counts", _none_made)


def _taken(module: ModuleType) -> dict[str, Any]:
    about = module.__name__.rpartition(".test_")[2]
    tests = {name: test for name, test in vars(module).items() if name.startswith("test_") and callable(test)}
    return {f"test_{about}_{name[5:]}": test for name, test in tests.items() if name not in LEFT_OUT}


for _module in MODULES:
    globals().update(_taken(_module))


def test_what_is_left_out_exists() -> None:
    """A test that was renamed must not stay left out by accident, nor a new one be."""
    names = {name for module in MODULES for name in vars(module)}
    assert names >= set(LEFT_OUT)
