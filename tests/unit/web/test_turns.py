"""Who waits, and who does not wait any longer."""

from contextlib import ExitStack
from threading import Event, Thread

import pytest

from sightline.web.turns import Turns

LONG = 60


def test_one_waits_until_another_has_ended():
    turns, events = Turns(1, LONG), []
    began, may_end = Event(), Event()

    def first():
        with turns.take():
            began.set()
            may_end.wait(LONG)
            events.append("first ended")

    def second():
        with turns.take():
            events.append("second began")

    threads = [Thread(target=first), Thread(target=second)]
    threads[0].start()
    assert began.wait(LONG)
    threads[1].start()
    may_end.set()
    for thread in threads:
        thread.join()
    assert ["first ended", "second began"] == events


def test_as_many_work_at_once_as_may():
    turns = Turns(2, LONG)
    with turns.take(), turns.take():
        pass


def test_one_whose_patience_ends_works_beside_the_others_and_takes_nobodys_turn():
    turns, worked = Turns(1, patience_seconds=0), []
    with ExitStack() as others:
        others.enter_context(turns.take())
        with turns.take():
            worked.append("beside")
        with turns.take():
            worked.append("beside")
    with turns.take():
        worked.append("in turn")
    assert ["beside", "beside", "in turn"] == worked


def test_a_turn_ends_with_an_error_too():
    turns = Turns(1, LONG)
    with pytest.raises(OSError, match="away"), turns.take():
        raise OSError("away")
    with turns.take():
        pass
