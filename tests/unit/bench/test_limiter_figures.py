import json
from datetime import UTC, datetime
from pathlib import Path

from bench.limiter_figures import Arrival, Figures, figures, read_calls


def test_the_worst_second_begins_anywhere() -> None:
    arrivals = [Arrival(at, is_throttled=False) for at in (0.0, 0.6, 0.9, 1.2, 1.5, 1.6, 3.0)]

    assert figures(arrivals, 4).worst_second == 4


def test_a_call_one_second_later_is_in_another_second() -> None:
    assert figures([Arrival(0.0, is_throttled=False), Arrival(1.0, is_throttled=False)], 2).worst_second == 1


def test_throttled_calls_are_calls_without_an_answer() -> None:
    arrivals = [Arrival(0.0, is_throttled=True), Arrival(0.5, is_throttled=False)]

    assert figures(arrivals, 2) == Figures(answered_each_second=0.5, worst_second=2, calls=2, throttled=1)
    assert figures(arrivals, 2).throttled_share == 0.5


def test_a_span_without_calls_has_figures() -> None:
    assert figures([], 10) == Figures(answered_each_second=0.0, worst_second=0, calls=0, throttled=0)


def test_calls_are_read_in_the_order_of_their_arrival_within_the_span(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    lines = [(3.0, "answered"), (1.0, "throttled"), (2.0, "answered"), (0.9, "answered")]
    log.write_text(
        "".join(json.dumps({"at": datetime.fromtimestamp(at, UTC).isoformat(), "outcome": o}) + "\n" for at, o in lines)
    )

    assert read_calls(log, 1.0, 3.0) == [Arrival(1.0, is_throttled=True), Arrival(2.0, is_throttled=False)]
