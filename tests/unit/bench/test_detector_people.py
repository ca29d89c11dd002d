import pytest

from bench.detector_people import Find, average_precision, counting, match, read_marked
from sightline.models.answers import Box, Detection

LEFT, RIGHT = (0.15, 0.5), (0.85, 0.5)


def person(confidence, left):
    return Detection("Person", confidence, Box(left, 0.3, 0.1, 0.4))


def test_a_person_who_is_found_twice_counts_once():
    finds = match([person(60.0, 0.1), person(90.0, 0.12), person(70.0, 0.5)], [LEFT, RIGHT])
    assert [Find(90.0, True), Find(70.0, False), Find(60.0, False)] == finds


def test_average_precision_is_1_if_all_are_found_before_anything_false():
    true, false = Find(90.0, True), Find(50.0, False)
    assert average_precision([true, true, false], 2) == 1.0
    assert average_precision([Find(95.0, False), true], 1) == 0.5
    assert average_precision([true], 4) == 0.25
    assert average_precision([false], 1) == 0.0


def test_counts_are_told_at_50_and_90():
    seen = {"a": [person(95.0, 0.1), person(60.0, 0.8), person(55.0, 0.4)], "b": []}
    said = counting(seen, {"a": [LEFT, RIGHT], "b": [LEFT]})
    assert said == "2/3 at 50, 1 false; 1/3 at 90, 0 false; average precision 0.67"


def test_six_frames_are_marked_inside_their_edges():
    marked = read_marked()
    assert 6 == len(marked)
    assert 40 == sum(map(len, marked.values()))
    assert all(0 < each < 1 for middles in marked.values() for middle in middles for each in middle)
    with pytest.raises(KeyError):
        counting({}, marked)
