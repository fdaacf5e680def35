"""The seed of numbers and cards: believable, the same every time, and its columns say what its documents say."""

import re
from collections import Counter

import pytest

from sandbox.apis.tmf639 import RESOURCE
from sandbox.filters import text_of, values_at
from sandbox.seed.numbers import Numbers, luhn, number_class, secrets


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    return Numbers()


def test_there_are_as_many_cards_as_numbers_and_no_id_comes_twice(numbers: Numbers) -> None:
    identifiers = [values[0] for values in numbers.column("id") or ()]
    assert (len(numbers), len(set(identifiers))) == (100_000, 100_000)
    assert Counter(each.partition("-")[0] for each in identifiers) == {"msisdn": 50_000, "sim": 50_000}


@pytest.mark.parametrize("size", [0, 1, 2, 7, 300])
def test_every_id_leads_back_to_its_position(size: int) -> None:
    numbers = Numbers(size)
    assert [numbers.position(numbers.document(at)["id"]) for at in range(len(numbers))] == list(range(size * 2))


@pytest.mark.parametrize(
    "identifier",
    ["", "msisdn-", "msisdn-4915770000000", "msisdn-4915112345678", "sim-8949770000010000038", "sim-1", "po-esim",
     "msisdn-49157700000000", "msisdn-491577२२२२२२२", "sim-89497700000100000030"],
)  # fmt: skip
def test_an_id_that_is_none_has_no_position(identifier: str) -> None:
    assert Numbers(7).position(identifier) is None


@pytest.mark.parametrize("path", ["id", "@baseType", *RESOURCE.indexed])
def test_a_column_says_what_the_documents_say(path: str) -> None:
    numbers = Numbers(300)
    documents = (numbers.document(position) for position in range(len(numbers)))
    told = [tuple(text_of(value) for value in values_at(each, tuple(path.split(".")), "en")) for each in documents]
    assert numbers.column(path) == told


def test_what_has_no_column_is_left_to_the_documents(numbers: Numbers) -> None:
    assert numbers.column("place.name") is None


def test_the_classes_are_shared_out_as_a_shop_would(numbers: Numbers) -> None:
    counts = Counter(values[0] for values in (numbers.column("category") or ())[:50_000])
    shares = {name: round(count / 500, 1) for name, count in counts.items()}
    assert shares == {"Standard": 88.5, "Silver": 9.3, "Gold": 2.0, "Platinum": 0.2}


@pytest.mark.parametrize("size", [100, 300])
def test_a_few_hundred_have_every_class_and_every_state(size: int) -> None:
    numbers = Numbers(size)
    assert {values[0] for values in numbers.column("category") or ()} == {
        "Standard", "Silver", "Gold", "Platinum", "SIM",
    }  # fmt: skip
    assert set(numbers.column("allocationStatus") or ()) == {
        ("available",), ("reserved",), ("allocated",), ("suspended",),
    }  # fmt: skip


def test_four_of_five_are_free(numbers: Numbers) -> None:
    states = Counter(zip(numbers.column("resourceStatus") or (), numbers.column("usageState") or (), strict=True))
    shares = {(status[0], usage[0]): round(count / 1000) for (status, usage), count in states.items()}
    assert shares == {
        ("available", "idle"): 80, ("reserved", "idle"): 8, ("reserved", "active"): 8, ("suspended", "idle"): 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("8111115", "Platinum"), ("0123459", "Platinum"), ("7654310", "Platinum"), ("2987629", "Gold"),
        ("1234321", "Platinum"), ("1111892", "Gold"), ("1234892", "Gold"), ("1122338", "Gold"), ("4824829", "Gold"),
        ("4829777", "Gold"), ("4777829", "Silver"), ("4848291", "Silver"), ("4482991", "Standard"),
        ("4499281", "Silver"), ("4829175", "Standard"),
    ],
)  # fmt: skip
def test_repeated_and_ascending_digits_are_dearer(tail: str, expected: str) -> None:
    assert number_class(f"491577{tail}") == expected


@pytest.mark.parametrize(
    ("payload", "digit"),
    [
        ("7992739871", "3"),
        ("899110120000320451", "4"),
        ("8901410321111851072", "0"),
        ("0", "0"),
        ("1", "8"),
        ("5", "9"),
    ],
)
def test_the_last_digit_of_an_iccid_is_that_of_luhn(payload: str, digit: str) -> None:
    assert luhn(payload) == digit


def test_iccids_have_the_right_length_and_last_digit(numbers: Numbers) -> None:
    plastic = [values[0] for values in numbers.column("serialNumber") or () if values]
    profiles = [values[0] for values in (numbers.column("value") or ())[50_000:] if values]
    assert (len(plastic), len(profiles)) == (25_000, 25_000)
    assert {len(iccid) for iccid in plastic} == {19}
    assert {len(iccid) for iccid in profiles} == {20}
    assert [iccid for iccid in (*plastic, *profiles) if luhn(iccid[:-1]) != iccid[-1]] == []


def test_a_number_reads_as_the_field_writes_them(numbers: Numbers) -> None:
    assert numbers.document(0) == {
        "id": "msisdn-4915772222220",
        "@type": "LogicalResource",
        "@baseType": "Resource",
        "category": "Platinum",
        "name": "4915772222220",
        "value": "4915772222220",
        "resourceStatus": "available",
        "allocationStatus": "available",
        "usageState": "idle",
        "administrativeState": "unlocked",
        "operationalState": "enable",
        "creationDate": "2025-01-01T00:00:00Z",
        "resourceSpecification": {
            "id": "msisdn-spec", "name": "MSISDN", "@referredType": "LogicalResourceSpecification",
        },
        "resourceCharacteristic": [{"name": "numberClass", "value": "Platinum", "valueType": "string"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("position", "kind", "names"),
    [(50_000, "PHYSICAL", ["PUK", "Ki"]), (99_999, "ESIM", ["PUK", "Ki", "activationCode"])],
)
def test_a_card_carries_its_secrets(numbers: Numbers, position: int, kind: str, names: list[str]) -> None:
    card = numbers.document(position)
    told = {each["name"]: each["value"] for each in card["resourceCharacteristic"]}
    assert told.pop("simKind") == kind
    assert (list(told), told) == (names, dict(secrets(card["name"])))
    assert re.fullmatch(r"[0-9]{8}", told["PUK"])
    assert re.fullmatch(r"[0-9A-F]{32}", told["Ki"])


def test_no_two_cards_share_a_key(numbers: Numbers) -> None:
    keys = {dict(secrets(values[0]))["Ki"] for values in (numbers.column("name") or ())[50_000:]}
    assert len(keys) == 50_000


def test_a_document_is_new_at_every_call(numbers: Numbers) -> None:
    numbers.document(50_000)["place"]["name"] = "elsewhere"
    assert numbers.document(50_000)["place"]["name"] == "Warehouse West"
