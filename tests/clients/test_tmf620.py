"""The catalogue's resources as they are read."""

from datetime import UTC, datetime

import msgspec
import pytest

from clients import tmf620
from clients.lenient import decode_one
from clients.tmf620 import Amount, ProductOfferingPrice, ProductSpecification, TimePeriod

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "covers"),
    [
        (None, None, True),
        ("2026-11-23T12:00:00Z", None, True),
        ("2026-11-23T12:00:01Z", None, False),
        (None, "2026-11-23T12:00:00Z", False),
        (None, "2026-11-23T12:00:01Z", True),
        ("2026-11-23T13:00:00+01:00", "2026-11-23T13:00:01+01:00", True),
        ("2026-11-23", "2026-11-24", True),
        ("soon", "2026-11-24", True),
        ("2026-11-24", "never", False),
        ("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", True),
    ],
)
def test_period(start: str | None, end: str | None, covers: bool) -> None:
    """A period begins with its start, ends before its end, and is open where there is none or it cannot be read."""
    assert TimePeriod(start_date_time=start, end_date_time=end).covers(NOON) is covers


@pytest.mark.parametrize(
    ("price", "is_value"),
    [
        ({"id": "p", "name": "Fee"}, False),
        ({"id": "p", "priceType": "oneTime"}, True),
        ({"id": "p", "price": {"unit": "EUR", "value": 0}}, True),
        ({"id": "p", "percentage": 10}, True),
    ],
)
def test_pointer_or_value(price: dict[str, object], is_value: bool) -> None:
    """A price is a mere pointer as long as it says nothing that only a price says."""
    assert msgspec.convert(price, ProductOfferingPrice).is_value is is_value


def test_amounts_are_numbers() -> None:
    """An amount that is no finite number, or beyond any price, cannot be made."""
    for value in ("NaN", "Infinity", "1e15"):
        with pytest.raises(msgspec.ValidationError, match="not an amount"):
            msgspec.convert({"unit": "EUR", "value": value}, Amount)
    assert str(msgspec.convert({"unit": "EUR", "value": "999999999999999.99"}, Amount).value) == "999999999999999.99"


def test_collections() -> None:
    """Each collection has its own name, and what it always asks for are attributes that its model reads."""
    collections = list(tmf620.collections())
    assert [each.name for each in collections] == [
        "tmf620.productOffering",
        "tmf620.productOfferingPrice",
        "tmf620.productSpecification",
        "tmf620.category",
    ]
    for each in collections:
        assert each.always <= {field.encode_name for field in msgspec.structs.fields(each.model)}


@pytest.mark.parametrize("values", ["productSpecCharacteristicValue", "characteristicValueSpecification"])
@pytest.mark.parametrize(
    ("stated", "known", "reports"),
    [('"data"', "data", 0), ("7", 7, 0), ("null", None, 0), ("{}", None, 1), ("[]", None, 1)],
)
def test_a_characteristics_id_and_patterns(values: str, stated: str, known: str | int | None, reports: int) -> None:
    """Text or a number, v4 or v5; any other id costs only itself."""
    one = f'{{"name": "Data", "id": {stated}, "regex": "x", "{values}": [{{"regex": "y"}}]}}'
    heard: list[str] = []
    body = f'{{"id": "s", "productSpecCharacteristic": [{one}]}}'.encode()
    (found,) = decode_one(body, ProductSpecification, heard.append).product_spec_characteristic
    assert (found.id, found.regex, found.product_spec_characteristic_value[0].regex) == (known, "x", "y")
    assert len(heard) == reports
