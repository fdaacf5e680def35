"""The same as in `test_reservations`, where the operator reserves through TMF685."""

import pytest

from tests.reservations import test_reservations

_ONLY_IN_TMF639 = (
    # the mark of a reservation that is over hides nothing there: TMF685 tells whose it is
    "test_a_mark_under_that_of_a_reservation_that_is_over_is_put_back",
)


@pytest.fixture
def api() -> str:
    return "TMF685"


@pytest.fixture
def database_kind() -> str:
    """One is enough: what differs between databases is tried there."""
    return "sqlite"


globals().update(
    {
        name: test
        for name, test in vars(test_reservations).items()
        if name.startswith("test_") and name not in _ONLY_IN_TMF639
    }
)
