"""Drawing: what comes fits, is free, comes once, and is as likely as anything else that fits."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.reservations.model import NumberTier, SimKind
from domain.reservations.shelf import Entry, Shelf, Wanted
from tests.numbers.inventory import shelf_of, values

ALL = frozenset(NumberTier)
THOUSANDS = [f"4915770{place * 7 % 100_000:05}" for place in range(12_000)]

_digits = st.text("0123456789", max_size=3)
_wanted = st.builds(
    Wanted,
    st.frozensets(st.sampled_from(NumberTier), min_size=1),
    st.sampled_from(["", "4", "49", "491", "4915", "5", "12"]),
    _digits,
    _digits,
    st.frozensets(st.integers(0, 400).map(lambda each: f"49{each:04}"), max_size=30),
)
_entries = st.lists(
    st.builds(
        lambda place, tier: Entry(tier.value, f"49{place:04}", f"m-{place}"),
        st.integers(0, 400),
        st.sampled_from(NumberTier),
    ),
    max_size=60,
    unique_by=lambda each: each.id,
)


@given(_entries, _wanted, st.integers(1, 20), st.randoms(use_true_random=False))
def test_a_draw_is_of_what_fits_and_of_all_of_it_where_that_is_less(
    entries: list[Entry], wanted: Wanted, count: int, rng: Random
) -> None:
    """Against the plainest way there is: look at each."""
    fitting = {
        each.value
        for each in entries
        if NumberTier(each.label) in wanted.labels
        and each.value.startswith(wanted.prefix)
        and wanted.contains in each.value
        and each.value.endswith(wanted.ends_with)
        and each.value not in wanted.excluding
    }
    drawn = Shelf.of(entries).draw(wanted, count, rng)
    assert values(drawn) <= fitting
    assert len(drawn) == len(values(drawn)) == min(count, len(fitting))


@pytest.mark.no_cover  # many draws through few lines, which others cover
@settings(max_examples=40, deadline=None)
@given(_digits, _digits, st.sampled_from(["", "491577", "4915770", "49157701", "5"]), st.randoms(use_true_random=False))
def test_a_large_shelf_draws_as_a_small_one_does(contains: str, end: str, prefix: str, rng: Random) -> None:
    """Where lines are tried at random and looked up by pairs of digits, no match is missed either."""
    wanted = Wanted(ALL, prefix, contains, end)
    fitting = {each for each in THOUSANDS if wanted.fits(each)}
    drawn = values(_LARGE.draw(wanted, 50, rng))
    assert drawn <= fitting
    assert len(drawn) == min(50, len(fitting))


_LARGE = shelf_of(THOUSANDS)


@given(st.sets(st.integers(0, 30)), st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=40))
def test_changes_count_at_once(places: set[int], changes: list[tuple[int, bool]]) -> None:
    """Whatever is taken is never drawn, whatever is given back is; the last word holds."""
    entries = [Entry("SILVER", f"49{place:04}", f"m-{place}") for place in places]
    shelf, true = Shelf.of(entries), {each.id: each.value for each in entries}
    for place, free in changes:
        entry = Entry("SILVER", f"49{place:04}", f"m-{place}")
        shelf.change(entry.id, entry if free else None)
        true.pop(entry.id, None)
        if free:
            true[entry.id] = entry.value
    assert values(shelf.draw(Wanted(ALL), 1_000, Random(1))) == set(true.values())
    assert {each.id: each.value for each in shelf.entries()} == true
    assert {each.id: each.value for each in Shelf.of(shelf.entries()).entries()} == true


@pytest.mark.no_cover  # many draws through few lines, which others cover
@pytest.mark.parametrize(
    ("wanted", "rounds"),
    [
        (Wanted(ALL), 8_000),  # by trying
        (Wanted(ALL, contains="7"), 8_000),
        (Wanted(ALL, prefix="491577001"), 2_000),
        (Wanted(ALL, contains="1", ends_with="3"), 2_000),  # by looking at few
        (Wanted(ALL, ends_with="77"), 2_000),
    ],
)
def test_every_match_is_as_likely_as_any_other(wanted: Wanted, rounds: int) -> None:
    """Chi squared over the matches in a hundred groups: within six deviations of what chance gives."""
    values_ = [f"4915770{place:05}" for place in range(8_000)]
    tiers = {value: list(NumberTier)[place % 4].value for place, value in enumerate(values_)}
    shelf = Shelf.of(Entry(tier, value, f"m-{value}") for value, tier in tiers.items())
    for place in range(40):  # some put there lately count as the others do
        value = values_[place * 200]
        shelf.change(f"m-{value}", Entry("GOLD", value, f"m-{value}"))
    fitting = sorted((each for each in values_ if wanted.fits(each)), key=lambda each: (tiers[each], each))
    assert len(fitting) >= 50
    group = {value: place * 100 // len(fitting) for place, value in enumerate(fitting)}
    sizes = Counter(group.values())
    rng, drawn = Random(20_261_124), Counter[int]()
    for _ in range(rounds):
        drawn.update(group[each.value] for each in shelf.draw(wanted, 5, rng))
    total = drawn.total()
    expected = {each: total * size / len(fitting) for each, size in sizes.items()}
    squares = sum((drawn[each] - those) ** 2 / those for each, those in expected.items())
    freedom = len(sizes) - 1
    assert abs(squares - freedom) < 6 * (2 * freedom) ** 0.5


@pytest.mark.no_cover  # many draws through few lines, which others cover
def test_of_many_too_what_is_taken_is_not_drawn() -> None:
    """Where lines are tried at random: of ten thousand only those are drawn that nobody took."""
    shelf = shelf_of(THOUSANDS)
    for value in THOUSANDS[: len(THOUSANDS) // 2]:
        shelf.change(f"m-{value}", None)
    rng, drawn = Random(3), set[str]()
    for _ in range(100):
        drawn |= values(shelf.draw(Wanted(ALL), 50, rng))
    assert len(drawn) > 1_000
    assert not drawn.intersection(THOUSANDS[: len(THOUSANDS) // 2])


@pytest.mark.no_cover  # many draws through few lines, which others cover
def test_a_hundred_shoppers_hardly_meet() -> None:
    """Of 100 who look at 10,000 free numbers at once and take the first they see, fewer than 6% want a taken one."""
    shelf = shelf_of(THOUSANDS[:10_000])
    rng, lost = Random(5), 0
    for _ in range(50):
        picks = [shelf.draw(Wanted(ALL), 20, rng)[0].value for _ in range(100)]
        lost += len(picks) - len(set(picks))
    assert lost / (50 * 100) < 0.06


def test_kinds_and_tiers_do_not_mix() -> None:
    """A card is no number, and a number of another tier is not drawn."""
    shelf = Shelf.of([Entry("GOLD", "4915", "a"), Entry("SILVER", "4916", "b"), Entry("ESIM", "894", "c")])
    assert values(shelf.draw(Wanted(ALL), 9, Random(1))) == {"4915", "4916"}
    assert values(shelf.draw(Wanted(frozenset({NumberTier.GOLD})), 9, Random(1))) == {"4915"}
    assert values(shelf.draw(Wanted(frozenset({SimKind.ESIM})), 9, Random(1))) == {"894"}
    assert shelf.draw(Wanted(frozenset({SimKind.PHYSICAL})), 9, Random(1)) == []


def test_a_value_or_an_id_that_comes_twice_counts_once() -> None:
    """Servers list a resource under two paths, or a number twice."""
    shelf = Shelf.of([Entry("GOLD", "4915", "a"), Entry("GOLD", "4915", "b"), Entry("GOLD", "4916", "a")])
    assert len(shelf.draw(Wanted(ALL), 9, Random(1))) == len(shelf) == 1
