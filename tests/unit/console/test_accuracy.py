"""What the commands of review and figures say, over a sightline in memory."""

import csv
import io
import json

import pytest

from console.factory import Factory
from console.models_section import models_section
from tests.unit.tasks.rollups.yard import LAST_DAY, Yard, truth


@pytest.fixture
def yard() -> Yard:
    yard = Yard()
    yard.images_of_a_day()
    return yard


@pytest.fixture
def factory(yard, settings) -> Factory:
    return Factory(settings, yard.services, send=yard.send)


def test_a_review_goes_round_from_sheet_to_figures(run, yard, tmp_path):
    sheet = list(csv.DictReader(io.StringIO(run("review", "next", "--count", "100", "--csv").stdout)))
    assert 60 == len(sheet)
    filled = tmp_path / "filled.csv"
    lines = [f"{row['uri']},{truth(row['uri'])},{row['content']}" for row in sheet]
    filled.write_text("\n".join(["uri,verdict,content", *lines]), "utf-8")
    assert "60 kept, 0 known already, 0 blank; 60 sampled" in run("verdicts", "import", str(filled)).stdout
    assert "0 kept, 60 known already" in run("verdicts", "import", str(filled)).stdout
    yard.roll_up()
    report = json.loads(run("accuracy", "--window", "1", "--json").stdout)
    assert (60, 60, 0) == tuple(report["rows"][0][name] for name in ("analysed", "reviewed", "unknown"))
    recall = report["rows"][0]["figures"]["recall"]
    assert recall["low"] == recall["median"] == recall["high"]
    assert "every image is reviewed" in run("review", "next").stdout
    assert 61 == len(run("verdicts", "export").stdout.splitlines())


def test_a_bad_sheet_keeps_nothing(run, yard, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text(f"uri,verdict\n{yard.uris()[0]},present\n{yard.uris()[1]},perhaps\n", "utf-8")
    result = run("verdicts", "import", str(bad))
    assert (1, True) == (result.exit_code, "line 3: perhaps" in result.stderr)
    assert [] == list(yard.verdicts.scan())


def test_what_can_not_be_estimated_is_said(run, yard):
    assert "roll_up_days" in run("accuracy").stderr
    yard.roll_up()
    table = run("accuracy", "--window", "1").stdout
    assert "not estimable" in table
    assert "Next: " in table
    run("review", "next", "--count", "6")
    for uri in yard.uris():
        if yard.verdicts.asked(uri, "Person"):
            run("verdicts", "add", uri, str(truth(uri)))
    yard.roll_up()
    assert "too few reviews (6 of 15)" in run("accuracy", "--window", "1").stdout


def test_the_report_stands_alone_and_the_picture_is_one(run, yard, tmp_path):
    yard.census(yard.uris())
    yard.image(1, {"Cat": 90.0}, camera="<gate>")
    yard.roll_up()
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    assert 0 == run("accuracy", "--html", str(page), "--png", str(picture)).exit_code
    text = page.read_text("utf-8")
    assert 4 == text.count("<svg ")
    assert "&lt;gate&gt;" in text
    assert "<gate>" not in text
    assert not any(word in text for word in ("<script", "src=", "href=", "@import", "url("))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_new_version_of_the_detector_is_said_and_stands_beside_the_old(run, yard):
    yard.images_of_a_day(30, "2044-05-15", model="2.9")
    yard.roll_up()
    table = run("accuracy").stdout
    assert "all cameras (version 2.9)" in table
    assert "all cameras (version 3.0)" in table
    assert "2.9 → 3.0" in table
    assert f"to 3.0 on {LAST_DAY}" == models_section(yard.services)["Person"]["changed"]


def test_a_label_that_is_not_watched_is_refused_with_those_that_are(run):
    result = run("accuracy", "--label", "Cat")
    assert 1 == result.exit_code
    assert "watched are Person" in result.stderr
