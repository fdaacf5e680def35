"""The checker is tried on small histories by hand: it acquits what can be and convicts what cannot."""

from chaos.history import Change, History, Mark, Said, Seen, judge

A: Mark = ("plan", 1)
B: Mark = ("plan", 2)


def adding(mark: Mark, base: int, *said: Said) -> Change:
    return Change("c", f"key-{mark}-{base}", base, mark, adds=True, said=list(said))


def removing(mark: Mark, base: int, *said: Said) -> Change:
    return Change("c", f"key-{mark}-{base}", base, mark, adds=False, said=list(said))


def seen(version: int, *marks: Mark, sent: float = 0.0, came: float = 100.0) -> Seen:
    return Seen("c", version, marks, sent, came)


def verdict(changes: list[Change], *shown: Seen, upstream: tuple[Mark, ...] | None = None) -> str:
    last = shown[-1]
    return " ".join(judge(History(changes, list(shown)), [last], {"c": last.marks if upstream is None else upstream}))


def test_a_sound_history_is_acquitted() -> None:
    changes = [adding(A, 1, Said.DONE), adding(B, 1, Said.REFUSED), removing(A, 2, Said.UNKNOWN, Said.DONE)]
    assert verdict(changes, seen(1), seen(2, A), seen(3)) == ""


def test_an_acknowledged_line_that_is_missing_is_found() -> None:
    changes = [adding(A, 1, Said.DONE), adding(B, 2, Said.DONE)]
    assert "was acknowledged and is not so in version 3" in verdict(changes, seen(2, A), seen(3, B))


def test_a_removed_line_that_comes_back_is_found() -> None:
    changes = [adding(A, 1, Said.DONE), removing(A, 2, Said.DONE)]
    assert "was acknowledged and is not so in version 3" in verdict(changes, seen(2, A), seen(3, A))


def test_a_refused_line_that_is_in_is_found() -> None:
    assert "was refused and is in version 2" in verdict([adding(A, 1, Said.REFUSED)], seen(2, A))


def test_a_refusal_after_a_lost_answer_is_the_last_word() -> None:
    changes = [adding(A, 1, Said.UNKNOWN, Said.LATER, Said.REFUSED)]
    assert "was refused" in verdict(changes, seen(2, A))


def test_a_line_left_unknown_may_be_in_or_not() -> None:
    changes = [adding(A, 1, Said.UNKNOWN, Said.LATER)]
    assert verdict(changes, seen(2, A)) == verdict(changes, seen(1)) == ""


def test_a_doubled_line_is_found() -> None:
    assert "is in 2 times" in verdict([adding(A, 1, Said.UNKNOWN)], seen(2, A, A))


def test_a_foreign_line_is_found() -> None:
    assert "was never asked for" in verdict([], seen(2, B))


def test_two_winners_of_one_version_are_found() -> None:
    changes = [adding(A, 1, Said.DONE), adding(B, 1, Said.DONE)]
    assert "so was another change of that version" in verdict(changes, seen(2, A, B))


def test_a_version_with_two_contents_is_found() -> None:
    changes = [adding(A, 1, Said.UNKNOWN), adding(B, 1, Said.UNKNOWN)]
    assert "shown with different lines" in verdict(changes, seen(2, A), seen(2, B))


def test_a_version_that_goes_back_is_found() -> None:
    changes = [adding(A, 1, Said.DONE)]
    newer, older = seen(2, A, sent=0, came=1), seen(1, sent=2, came=3)
    assert "version 1 was shown after 2" in verdict(changes, newer, older, upstream=())


def test_answers_on_their_way_at_the_same_time_may_cross() -> None:
    newer, older = seen(2, A, sent=0, came=2), seen(1, sent=1, came=3)
    assert "after" not in verdict([adding(A, 1, Said.DONE)], older, newer)


def test_a_cart_system_that_holds_something_else_is_found() -> None:
    assert "the cart system has 0" in verdict([adding(A, 1, Said.DONE)], seen(2, A), upstream=())
