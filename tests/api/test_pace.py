"""How long indexing will still take, by a clock that the test sets."""

from __future__ import annotations

from citeqa.api.tasks import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_documents_of_an_earlier_run_do_not_count_for_the_pace() -> None:
    clock = Clock()
    pace = Pace(1000, clock)
    for _ in range(900):
        pace.advanced(1, 0)  # found unchanged
    assert pace.remaining() is None
    pace.advanced(0, 0)  # the first document that is new
    clock.now += 5
    pace.advanced(0, 64)
    clock.now += 5
    pace.advanced(10, 36)
    assert pace.remaining() == 90.0  # ten documents took ten seconds, ninety are left
    assert pace.note() == "100 passages, 10/s, 2 minutes left"


def test_the_end_is_reached_at_zero_even_if_more_was_done_than_announced() -> None:
    clock = Clock()
    pace = Pace(1, clock)
    pace.advanced(0, 0)
    clock.now += 3
    pace.advanced(2, 4)
    assert pace.remaining() == 0.0
