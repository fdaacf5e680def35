"""The same as in `test_reservations` and its neighbours, where the operator reserves through TMF685."""

import pytest

from tests.reservations import test_reservations, test_sleepers, test_sweeping

_ONLY_IN_TMF639 = (  # a mark that is lost or another's there changes nothing: TMF685 tells whose it is
    "test_a_mark_under_that_of_a_reservation_that_is_over_is_put_back",
    "test_a_mark_that_a_sweep_put_back_late_does_not_stay",
    "test_a_sweep_that_overslept_leaves_no_mark",
    "test_a_sweep_that_overslept_takes_nothing_from_the_next_one",
    "test_who_fails_does_not_end_what_another_with_its_key_is_at",
    "test_who_wakes_and_is_not_heard_leaves_no_mark",
    "test_a_release_that_nobody_heard_of_is_waited_for_by_who_gives_it_back_at_the_same_time",
    "test_what_was_assigned_is_looked_at_again_when_somebody_asked_for_it_meanwhile",
    "test_who_looked_for_the_last_time_when_another_woke_looks_again",
    "test_where_there_are_no_marks_the_last_look_leaves_alone_what_is_another_s",
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
        for module in (test_reservations, test_sleepers, test_sweeping)
        for name, test in vars(module).items()
        if name.startswith("test_") and name not in _ONLY_IN_TMF639
    }
)
