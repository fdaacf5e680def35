"""What may stand in a line: by hand, over the seeded catalogue, and for any list of characteristics."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.tmf620 import (
    CharacteristicUse,
    CharacteristicValue,
    ProductOffering,
    ProductSpecification,
    SpecCharacteristic,
)
from domain.carts.configuration import Chosen, Configured, Fault, configure, fixed, in_range, translate
from domain.catalog.characteristics import Choice, Option, choices
from tests.carts.seeded import choices_of, offering_ids

OFFERING = ProductOffering(id="o")


def choice(name: str, *values: str, default: tuple[str, ...] = (), **more: Any) -> Choice:
    options = tuple(Option(OFFERING, name, value, value in default, None) for value in values)
    shape = {"id": None, "description": None, "value_type": None, "configurable": True, "min": 0, "max": 1}
    ends = {"range_from": None, "range_to": None, "unit": None, "regex": None}
    return Choice(name=name, values=options, **(shape | ends | more))


def kept(given: Chosen, *known: Choice) -> Chosen:
    found = configure(known, given)
    assert isinstance(found, Configured), found
    return found.chosen


def faults(given: Chosen, *known: Choice) -> list[tuple[int | None, str]]:
    found = configure(known, given)
    assert isinstance(found, list), found
    return [(fault.place, fault.message) for fault in found]


COLOUR = choice("Colour", "Red", "Dark blue", "128 GB")
SIZE = choice("Size", "S", "M", "L", default=("M",), min=1)
EXTRAS = choice("Extras", "a", "b", "c", "d", default=("b", "d"), max=3)
SPEED = choice("Speed", range_from="10", range_to="2000", value_type="integer")
NUMBER = choice("Number", regex=r"^\+49[1-9]\d{6,11}$")
ENGRAVING = choice("Engraving")
SCREEN = choice("Screen", "6 inch", configurable=False, min=1)


# ---------------------------------------------------------------- names, values, how many


def test_what_is_given_comes_in_the_catalogues_order() -> None:
    """And what is not given takes its defaults."""
    given = (("Engraving", "For Ada"), ("Colour", "Red"))
    assert kept(given, COLOUR, SIZE, ENGRAVING) == (("Colour", "Red"), ("Size", "M"), ("Engraving", "For Ada"))


def test_several_values_stand_in_the_order_given() -> None:
    assert kept((("Extras", "d"), ("Extras", "a")), EXTRAS) == (("Extras", "d"), ("Extras", "a"))


@pytest.mark.parametrize(
    ("value", "spelling"),
    [("red", "Red"), ("DARK  BLUE", "Dark blue"), ("128GB", "128 GB"), (" 128 gb ", "128 GB"), ("Red", "Red")],
)
def test_a_value_is_kept_in_the_catalogues_spelling(value: str, spelling: str) -> None:
    """Case and spaces of what was given do not matter."""
    assert kept((("Colour", value),), COLOUR) == (("Colour", spelling),)


def test_an_exact_value_wins_over_one_that_is_alike() -> None:
    assert kept((("X", "a b"),), choice("X", "A B", "a b")) == (("X", "a b"),)


def test_a_value_like_two_is_none() -> None:
    assert faults((("X", "AB"),), choice("X", "A B", "a b")) == [(0, "X: this is not one of the values.")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((("Weight", "1"),), [(0, "The offering has no such characteristic.")]),
        ((("colour", "Red"),), [(0, "The offering has no such characteristic.")]),
        ((("Colour", "Green"),), [(0, "Colour: this is not one of the values.")]),
        ((("Colour", "R" * 201),), [(0, "Colour: this is not one of the values.")]),
        ((("Screen", "7 inch"),), [(0, "Screen: cannot be chosen.")]),
        ((("Screen", "6 INCH"),), [(0, "Screen: cannot be chosen.")]),
        ((("Colour", "Red"), ("Colour", "red")), [(1, "Colour: a value can be chosen only once.")]),
        ((("Colour", "Red"), ("Colour", "Dark blue")), [(1, "Colour: at most 1 can be chosen.")]),
        ((("Speed", "9"),), [(0, "Speed: a number, at least 10 and at most 2000.")]),
        ((("Speed", "2001"),), [(0, "Speed: a number, at least 10 and at most 2000.")]),
        ((("Speed", "10.5"),), [(0, "Speed: a whole number is needed.")]),
        ((("Speed", "fast"),), [(0, "Speed: a whole number is needed.")]),
        ((("Speed", "NaN"),), [(0, "Speed: a whole number is needed.")]),
        ((("Speed", "1e999"),), [(0, "Speed: a whole number is needed.")]),
        ((("Speed", "9" * 30),), [(0, "Speed: a number, at least 10 and at most 2000.")]),
        ((("Number", "0151 1234567"),), [(0, "Number: the value does not have the right form.")]),
        ((("Number", "+49151123456\u0667"),), [(0, "Number: the value does not have the right form.")]),
        ((("Engraving", ""),), [(0, "Engraving: a value is needed.")]),
        ((("Engraving", "  "),), [(0, "Engraving: a value is needed.")]),
        ((("Engraving", "<b>"),), [(0, "Engraving: The text must not contain markup.")]),
        ((("Engraving", "x" * 201),), [(0, "Engraving: The text is longer than 200 characters.")]),
        (
            (("?", "1"), ("Colour", "Red"), ("Size", "XXL")),
            [(0, "The offering has no such characteristic."), (2, "Size: this is not one of the values.")],
        ),
    ],
)
def test_faults(given: Chosen, expected: list[tuple[int, str]]) -> None:
    """Every fault is told with its place; no message repeats what was given."""
    assert faults(given, COLOUR, SIZE, SCREEN, SPEED, NUMBER, ENGRAVING) == expected


@pytest.mark.parametrize(
    ("name", "value", "kept_as"),
    [
        ("Speed", "10", "10"),
        ("Speed", "2000", "2000"),
        ("Speed", " 0100.0 ", "100"),
        ("Speed", "1E+3", "1000"),
        ("Number", "+491511234567", "+491511234567"),
        ("Engraving", " For Gru\u0308n ", "For Grün"),
        ("Screen", "6 inch", "6 inch"),
    ],
)
def test_values_that_no_list_holds(name: str, value: str, kept_as: str) -> None:
    """A range takes its ends; numbers have one spelling; the only value of what is fixed may be said."""
    assert kept(((name, value),), SPEED, NUMBER, ENGRAVING, SCREEN) == ((name, kept_as),)


def test_one_number_in_two_spellings_is_the_same_value() -> None:
    speeds = replace(SPEED, max=2)
    assert faults((("Speed", "50"), ("Speed", "50.0")), speeds) == [(1, "Speed: a value can be chosen only once.")]


def test_what_is_not_configurable_with_two_values_takes_none() -> None:
    screens = choice("Screen", "6 inch", "7 inch", configurable=False)
    assert faults((("Screen", "6 inch"),), screens) == [(0, "Screen: cannot be chosen.")]


@pytest.mark.parametrize(
    ("least", "most", "allowed"),
    [(0, None, 1), (2, None, 2), (0, 3, 3), (2, 1, 2), (0, 0, 0), (None, None, 1), (-1, -1, 0)],
)
def test_how_many_values(least: int | None, most: int | None, allowed: int) -> None:
    """One unless more is said; a server's contradiction is settled in favour of what it requires."""
    extras = choice("Extras", "a", "b", "c", "d", min=least, max=most)
    given = tuple(("Extras", value) for value in "abcd")
    assert len(kept(given[:allowed], extras)) == allowed
    assert [place for place, _ in faults(given, extras)] == list(range(allowed, 4))


# ---------------------------------------------------------------- types, ranges, patterns


@pytest.mark.parametrize(
    ("kind", "value", "kept_as"),
    [
        ("boolean", "TRUE", "true"),
        ("boolean", "yes", None),
        ("Integer", "-7", "-7"),
        ("integer", "7.5", None),
        ("number", "7.50", "7.5"),
        ("number", "-0.0", "0"),
        ("decimal", "seven", None),
        ("string", "7.50", "7.50"),
        (None, "+7", "+7"),
    ],
)
def test_a_value_is_of_its_type(kind: str | None, value: str, kept_as: str | None) -> None:
    """Booleans and numbers are such; text and what has no type stay as they are."""
    typed = choice("X", value_type=kind)
    if kept_as is None:
        assert [place for place, _ in faults((("X", value),), typed)] == [0]
    else:
        assert kept((("X", value),), typed) == (("X", kept_as),)


@pytest.mark.parametrize(
    ("value", "low", "high", "answer"),
    [
        ("5", "5", "5", True),
        ("5", None, "4", False),
        ("5", "4.99", None, True),
        ("0.30000000000000000001", None, "0.3", False),
        ("5", None, None, None),
        ("5", "2025-01-01", None, None),
        ("five", "1", "9", None),
        ("٥", "1", "9", None),
        ("Infinity", "1", None, None),
        ("1e999999999", "1", None, None),
    ],
)
def test_ranges(value: str, low: str | None, high: str | None, answer: bool | None) -> None:
    """Exact, with both ends; what is no number cannot be compared."""
    assert in_range(value, low, high) is answer


def test_a_range_of_dates_limits_nothing() -> None:
    """Only numbers are compared; the ordering system has the last word."""
    assert kept((("Day", "2031-01-01"),), choice("Day", range_from="2025-01-01", range_to="2026-01-01"))


def test_a_listed_value_or_one_in_the_range() -> None:
    """A characteristic may have both."""
    data = choice("Data", "unlimited", range_from="1", range_to="100")
    assert kept((("Data", "Unlimited"),), data) == (("Data", "unlimited"),)
    assert kept((("Data", "50"),), data) == (("Data", "50"),)
    assert faults((("Data", "none"),), data) == [(0, "Data: a number, at least 1 and at most 100.")]


@pytest.mark.parametrize("pattern", ["(", "(?=x)", "a{3,2}"])
def test_a_pattern_nobody_can_read_limits_nothing(pattern: str) -> None:
    assert kept((("X", "anything"),), choice("X", regex=pattern)) == (("X", "anything"),)


def test_a_pattern_that_would_hang_has_an_answer() -> None:
    """No pattern of an upstream's can hold a worker up."""
    assert faults((("X", "a" * 199 + "!"),), choice("X", regex="(a+)+$")) == [
        (0, "X: the value does not have the right form.")
    ]


# ---------------------------------------------------------------- defaults and what is missing


@pytest.mark.parametrize(
    ("each", "chosen", "missing"),
    [
        (SIZE, (("Size", "M"),), ()),
        (EXTRAS, (("Extras", "b"), ("Extras", "d")), ()),
        (replace(EXTRAS, max=1), (("Extras", "b"),), ()),
        (replace(EXTRAS, min=3), (("Extras", "b"), ("Extras", "d")), ("Extras",)),
        (COLOUR, (), ()),
        (replace(COLOUR, min=1), (), ("Colour",)),
        (replace(COLOUR, min=None), (), ()),
        (SCREEN, (), ()),
        (replace(SIZE, configurable=False), (), ()),
    ],
)
def test_where_nothing_was_chosen(each: Choice, chosen: Chosen, missing: tuple[str, ...]) -> None:
    """Defaults as many as fit; what is required and has none is missing, and that is no fault."""
    assert configure((each,), ()) == Configured(chosen, missing)


def test_too_few_values_are_missing() -> None:
    """What was chosen is not filled up with defaults."""
    assert configure((replace(EXTRAS, min=2),), (("Extras", "a"),)) == Configured((("Extras", "a"),), ("Extras",))


def test_what_is_fixed_holds_without_being_chosen() -> None:
    assert fixed((COLOUR, SCREEN, choice("Two", "a", "b", configurable=False))) == (("Screen", "6 inch"),)


def test_of_two_namesakes_the_first_is_meant() -> None:
    first, second = choice("X", "a", default=("a",)), choice("X", "b", default=("b",))
    assert kept((), first, SIZE, second) == (("X", "a"), ("Size", "M"))


# ---------------------------------------------------------------- what the catalogue tells


def test_a_choice_knows_its_id_and_its_pattern() -> None:
    """Numbers are ids, too; the offering's id serves where there is no other; a value's pattern comes first."""
    specification = ProductSpecification(
        id="s",
        product_spec_characteristic=(
            SpecCharacteristic(name="a", id=7, regex="x+"),
            SpecCharacteristic(
                name="b", regex="x+", product_spec_characteristic_value=(CharacteristicValue(regex="y+"),)
            ),
            SpecCharacteristic(name="c", regex="x+", product_spec_characteristic_value=(CharacteristicValue(value=1),)),
            SpecCharacteristic(
                name="d", regex="x+", product_spec_characteristic_value=(CharacteristicValue(value_from=1),)
            ),
        ),
    )
    uses = (CharacteristicUse(name="b", id="b-1"), CharacteristicUse(name="own", id="o-1"))
    found = choices(ProductOffering(id="o", prod_spec_char_value_use=uses), specification)
    assert [(each.name, each.id, each.regex) for each in found] == [
        ("a", "7", "x+"),
        ("b", "b-1", "y+"),
        ("c", None, None),
        ("d", None, None),
        ("own", "o-1", None),
    ]


def test_a_seeded_device_is_configured() -> None:
    """Its defaults where nothing is chosen; its own storage values and no others."""
    k1 = choices_of("po-kaiyo-k1")
    assert configure(k1, ()) == Configured((("Colour", "Midnight black"), ("Storage", "128 GB")), ())
    assert configure(k1, (("Storage", "256gb"),)) == Configured(
        (("Colour", "Midnight black"), ("Storage", "256 GB")), ()
    )
    assert configure(k1, (("Storage", "2 TB"),)) == [Fault(0, "Storage: this is not one of the values.")]


def test_a_seeded_plan_checks_the_number() -> None:
    """By the pattern that the specification gives."""
    plan = choices_of("po-mobile-m")
    (number,) = (each for each in plan if each.id == "phoneNumber")
    assert configure(plan, ((number.name, "+491511234567"),)) == Configured(
        (("SIM type", "eSIM"), ("Phone number", "+491511234567"), ("Minimum term", "24")), ()
    )
    assert configure(plan, ((number.name, "112"),)) == [
        Fault(0, "Phone number: the value does not have the right form.")
    ]


@pytest.mark.parametrize("local_id", offering_ids())
def test_every_seeded_offering_can_be_configured_and_translated(local_id: str) -> None:
    """From nothing chosen to its defaults, which say the same in German and come back."""
    english, german = choices_of(local_id), choices_of(local_id, "de")
    found = configure(english, ())
    assert isinstance(found, Configured)
    assert configure(english, found.chosen) == found
    there = translate(found.chosen, english, german)
    assert configure(german, ()) == Configured(there, translate_names(found.missing, english, german))
    assert translate(there, german, english) == found.chosen


def translate_names(names: tuple[str, ...], source: tuple[Choice, ...], target: tuple[Choice, ...]) -> tuple[str, ...]:
    return tuple(name for name, _ in translate(tuple((name, "") for name in names), source, target))


def test_a_seeded_colour_in_german() -> None:
    english, german = choices_of("po-kaiyo-k1"), choices_of("po-kaiyo-k1", "de")
    chosen = (("Colour", "Midnight black"), ("Storage", "256 GB"))
    assert translate(chosen, english, german) == (("Farbe", "Mitternachtsschwarz"), ("Speicher", "256 GB"))


# ---------------------------------------------------------------- any list of characteristics

WORDS = st.text("abAB 12.", min_size=1, max_size=4)


@st.composite
def any_choice(draw: st.DrawFn, name: str) -> Choice:
    values = draw(st.lists(WORDS, max_size=4, unique=True))
    return choice(
        name,
        *values,
        default=tuple(draw(st.lists(st.sampled_from(values), unique=True))) if values else (),
        id=draw(st.none() | st.sampled_from(["", "i", "j"])),
        value_type=draw(st.sampled_from([None, "integer", "boolean", "string"])),
        configurable=draw(st.booleans()),
        min=draw(st.none() | st.integers(-1, 3)),
        max=draw(st.none() | st.integers(-1, 3)),
        range_from=draw(st.none() | st.sampled_from(["0", "5", "x"])),
        regex=draw(st.none() | st.sampled_from(["[ab]+", "("])),
    )


ANY_CHOICES = st.lists(st.sampled_from("ABCD"), max_size=4).flatmap(
    lambda names: st.tuples(*(any_choice(name) for name in names))
)
ANY_CHOSEN = st.lists(st.tuples(st.sampled_from("ABCDX"), WORDS | st.text(max_size=5)), max_size=5).map(tuple)


@given(ANY_CHOICES, ANY_CHOSEN)
def test_a_configuration_once_taken_is_taken_again(known: tuple[Choice, ...], given_: Chosen) -> None:
    """Whatever is given, there are faults with places, or a configuration that stays what it is."""
    found = configure(known, given_)
    if isinstance(found, list):
        assert {fault.place for fault in found} <= set(range(len(given_)))
        assert found
        return
    assert configure(known, found.chosen) == found
    assert len(set(found.chosen)) == len(found.chosen)
    names = [each.name for each in known]
    assert [names.index(name) for name, _ in found.chosen] == sorted(names.index(name) for name, _ in found.chosen)


@given(ANY_CHOICES, ANY_CHOICES, ANY_CHOSEN)
def test_translating_never_fails(source: tuple[Choice, ...], target: tuple[Choice, ...], chosen: Chosen) -> None:
    """One pair for each, and unknown names as they were."""
    found = translate(chosen, source, target)
    assert len(found) == len(chosen)
    known = {each.name for each in source}
    assert all(new == old for new, old in zip(found, chosen, strict=True) if old[0] not in known)


@st.composite
def same_in_two_languages(draw: st.DrawFn) -> tuple[tuple[Choice, ...], tuple[Choice, ...], Chosen]:
    """Two lists of one shape; with ids the second may stand in another order."""
    sizes = draw(st.lists(st.integers(0, 3), max_size=4))
    with_ids = draw(st.booleans())
    here, there = (
        tuple(
            choice(f"{word}{place}", *(f"{word}-{n}" for n in range(size)), id=f"i{place}" if with_ids else None)
            for place, size in enumerate(sizes)
        )
        for word in ("en", "de")
    )
    pairs = [(each.name, value) for each in here for value in (*(o.value for o in each.values), "free")]
    chosen = tuple(draw(st.lists(st.sampled_from(pairs), unique=True))) if pairs else ()
    return here, tuple(draw(st.permutations(there))) if with_ids else there, chosen


@given(same_in_two_languages())
def test_a_translation_comes_back(both: tuple[tuple[Choice, ...], tuple[Choice, ...], Chosen]) -> None:
    """There and back again is what it was, and nothing listed stays untranslated on the way."""
    here, there, chosen = both
    translated = translate(chosen, here, there)
    assert translate(translated, there, here) == chosen
    assert [(name[2:], value.removeprefix("de")) for name, value in translated] == [
        (name[2:], value.removeprefix("en")) for name, value in chosen
    ]
    assert all(name.startswith("de") for name, _ in translated)


def test_what_has_no_counterpart_keeps_its_name() -> None:
    """Another id at its place, or a list of another length: nothing is guessed."""
    here = (choice("Colour", "red", "blue", id="c"),)
    assert translate((("Colour", "red"),), here, (choice("Size", "S", "M", id="s"),)) == (("Colour", "red"),)
    assert translate((("Colour", "red"),), here, (choice("Farbe", "rot", id="c"),)) == (("Farbe", "red"),)
    assert translate((("Colour", "red"),), here, ()) == (("Colour", "red"),)


def test_numbers_are_exact() -> None:
    """Thirty digits are compared as they are."""
    assert in_range("9" * 30, None, "9" * 29 + "8") is False
