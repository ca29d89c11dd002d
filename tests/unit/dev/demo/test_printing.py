"""The words of the demonstration cannot be misread."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from dev.demo.answers import print_persons, print_states
from dev.demo.stages import note, stages
from dev.demo.uploads import Upload
from dev.demo.verdicts import beside_truth
from sightline.models.answers import Answer, Detection
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline, picture, uri_of

FOUND, MISSED, ALARM, QUIET = (uri_of(name) for name in ("01", "02", "03", "04"))
TRUTH = {FOUND: True, MISSED: True, ALARM: False, QUIET: False}
PERSON, BUSH = Answer((Detection("Person", 97.5),), "1"), Answer((Detection("Plant", 97.5),), "1")


@pytest.fixture
def world():
    return FakeSightline(features=("labels",))


@pytest.fixture
def rows(world):
    world.detector.script.extend([PERSON, BUSH, PERSON, BUSH])
    for shade, uri in enumerate(TRUTH):
        world.put(uri, picture(shade))
        world.add(uri)
        world.run()
    return [*world.images.get_many(TRUTH).values()]


def uploads(truth):
    return [Upload(Path("x.jpg"), ObjectUri.parse(uri), has_person) for uri, has_person in truth.items()]


def test_false_alarms_stand_beside_persons_found_not_among_them(rows, capsys):
    print_persons(uploads(TRUTH), rows)
    lines = capsys.readouterr().out.splitlines()
    assert ["camera", "images", "persons", "found", "missed", "false", "alarms"] == lines[2].split()
    assert ["yard", "4", "1", "1", "1"] == lines[4].split()


def test_where_nobody_knows_the_truth_only_what_was_found_is_said(rows, capsys):
    print_persons(uploads(dict.fromkeys(TRUTH)), rows)
    lines = capsys.readouterr().out.splitlines()
    assert (["camera", "images", "found"], ["yard", "4", "2"]) == (lines[2].split(), lines[4].split())


def test_precision_stands_beside_recall(rows):
    figures = SimpleNamespace(precision=None, recall=None, missed=None)
    report = SimpleNamespace(
        rule=SimpleNamespace(threshold_percent=50.0),
        main=SimpleNamespace(window=SimpleNamespace(figures=figures)),
    )
    true = {name: value for name, _, value in beside_truth(report, rows, TRUTH)}  # type: ignore[arg-type]
    assert {"precision": "50 %", "recall": "50 %", "missed images": "1"} == true


def test_that_nothing_was_refused_is_said(rows, capsys):
    print_states(rows)
    assert "Rejected: no image was rejected\n\n" == capsys.readouterr().out.partition("complete       4\n\n")[2]


def test_who_was_refused_is_counted_apart_in_each_bar(world):
    bad = uri_of("05")
    world.put(bad, b"no picture")
    world.add(bad)
    world.run()
    (row,) = world.images.get_many([bad]).values()
    assert all(stage.has_passed(row) and stage.was_refused(row) for stage in stages(["labels"]))
    assert ("", "2 rejected") == (note(0), note(2))


def test_who_was_answered_is_counted_as_that(rows):
    assert not any(stage.was_refused(row) for stage in stages(["labels"]) for row in rows)
