"""What the commands of review and figures say, over a sightline in memory."""

import csv
import io
import json
from dataclasses import replace

import pytest

from sightline.accuracy_report.page import change_words, page_of
from sightline.cli.factory import Factory
from sightline.services.review_plan import keep_plan, read_plan
from sightline.services.review_planning import plan_review
from sightline.services.rollups.report import read_report
from sightline.services.status import models_section
from sightline.stats.verdicts import Answer
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth


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
    lines = [f"{row['uri']},{truth(row['uri'])},{row['content']},{row['source']}" for row in sheet]
    filled.write_text("\n".join(["uri,verdict,content,source", *lines]), "utf-8")
    assert "60 kept, 0 known already, 0 blank; 60 sampled" in run("verdicts", "import", str(filled)).stdout
    assert "0 kept, 60 known already" in run("verdicts", "import", str(filled)).stdout
    yard.roll_up()
    report = json.loads(run("accuracy", "--window", "1", "--json").stdout)
    assert (60, 60, 0) == tuple(report["rows"][0][name] for name in ("analysed", "reviewed", "unknown"))
    recall = report["rows"][0]["figures"]["recall"]
    assert recall["low"] == recall["median"] == recall["high"]
    assert "every image is reviewed" in run("review", "next").stdout
    assert 61 == len(run("verdicts", "export").stdout.splitlines())


def detector_words(said: str) -> list[str]:
    found = ("stratum", "confidence", "90.0", "35.0", "Next:", '"more"', '"A"', ",A,", "| A ")
    return [word for word in found if word in said]


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_a_reviewer_does_not_see_what_the_detector_said(run, form):
    blind = run("review", "next", "--count", "3", *form).stdout
    assert ([], True) == (detector_words(blind), "s3://frames/yard/" in blind)
    assert {"stratum", "confidence"} <= {*detector_words(run("review", "next", "--count", "3", "--open", *form).stdout)}


def test_a_month_is_reviewed_by_its_plan_if_there_is_one(run, yard):
    yard.roll_up()
    plan_review(yard.services, lambda: True)
    plan = read_plan(yard.services.accuracy.rules[0], 28, yard.services)
    assert plan is not None
    keep_plan(replace(plan, requests=plan.requests[40:43]), yard.services)
    kept = sorted(each.candidate.image_id for each in plan.requests[40:43])

    def uris(*options: str) -> list[str]:
        told = json.loads(run("review", "next", "--window", "28", "--json", *options).stdout)
        return sorted(each["uri"] for each in told["images"])

    assert kept == uris("--count", "3") == uris("--count", "3", "--day", LAST_DAY)
    assert kept != uris("--count", "3", "--camera", "yard")  # a plan is of all cameras
    assert 4 == len(uris("--count", "4"))  # the plan does not hold enough


def test_the_order_of_a_list_does_not_tell_the_stratum(run):
    def uris(*options: str) -> list[str]:
        return [
            each["uri"]
            for each in json.loads(run("review", "next", "--count", "30", "--json", *options).stdout)["images"]
        ]

    blind, by_stratum = uris(), uris("--open")
    assert (sorted(by_stratum), True) == (sorted(blind), blind != by_stratum)
    assert blind == uris()


def test_a_word_without_a_mark_changes_no_figure_and_not_the_answer_to_the_queue(run, yard):
    (asked,) = json.loads(run("review", "next", "--count", "1", "--json").stdout)["images"]
    assert "kept, volunteered" in run("verdicts", "add", asked["uri"], "absent").stdout
    assert "kept, sampled" in run("verdicts", "add", asked["uri"], "absent", "--sampled").stdout
    assert "known already, sampled" in run("verdicts", "add", asked["uri"], "absent").stdout
    refused = run("verdicts", "add", asked["uri"], "present")
    assert (1, True) == (refused.exit_code, "does not replace that answer" in refused.stderr)
    assert "kept, sampled" in run("verdicts", "add", asked["uri"], "present", "--sampled").stdout
    assert [("present", "sampled")] == [(k.verdict.answer, k.verdict.source) for k in yard.verdicts.scan()]


def test_a_sheet_of_before_is_read_as_the_answers_that_it_holds(run, tmp_path):
    rows = list(csv.DictReader(io.StringIO(run("review", "next", "--count", "5", "--csv", "--open").stdout)))
    sheet = tmp_path / "before.csv"
    names = ["uri", "verdict", "label", "content", "stratum", "confidence", "link"]
    lines = [",".join([row["uri"], str(truth(row["uri"])), *(row[name] for name in names[2:])]) for row in rows]
    sheet.write_text("\n".join([",".join(names), *lines]), "utf-8")
    assert "5 kept, 0 known already, 0 blank; 5 sampled" in run("verdicts", "import", str(sheet)).stdout


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
    run("review", "next", "--count", "2")
    for uri in yard.uris():
        if yard.verdicts.asked(uri, "Person"):
            run("verdicts", "add", uri, str(truth(uri)), "--sampled")
    yard.roll_up()
    assert "too few reviews (2 of 15)" in run("accuracy", "--window", "1").stdout


def test_a_camera_without_verdicts_is_named_and_the_interval_holds_what_it_may_show(run, yard):
    yard.census(yard.uris())
    for number in range(10):
        yard.image(number, {"Plant": 70.0}, camera="roof")
    yard.roll_up()
    said = run("accuracy", "--window", "1").stdout
    assert "10 images of roof have no verdict, or only an unsure one: the intervals allow for any answer." in said


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


@pytest.mark.parametrize("option", ["--html", "--png"])
def test_a_report_that_can_not_be_written_is_an_error_in_words(run, yard, tmp_path, option):
    yard.roll_up()
    file = tmp_path / "not there" / "report"
    result = run("accuracy", option, str(file))
    said = f"{file}: its folder must exist, have room and be writable (No such file or directory)."
    assert (1, "", True) == (result.exit_code, result.stdout, result.stderr.startswith(said))


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


def test_figures_as_csv_leave_empty_what_is_not_estimable(run, yard):
    yard.roll_up()
    all_cameras, camera = csv.DictReader(io.StringIO(run("accuracy", "--window", "1", "--csv").stdout))
    assert ("Person", "1", "60", "0", "first figures") == tuple(
        all_cameras[name] for name in ("label", "window_days", "analysed", "reviewed", "reason")
    )
    assert ("all cameras", "yard") == (all_cameras["camera"], camera["camera"])
    assert {""} == {all_cameras[f"{name}_median"] for name in ("precision", "recall", "f1", "missed")}


def test_figures_are_shares_from_0_to_1_and_stand_twice_where_images_are_unknown(run, yard):
    yard.image(100, {"Plant": 95.0}, cut_percent=80.0)
    yard.census(yard.uris())
    yard.roll_up()
    line = next(csv.DictReader(io.StringIO(run("accuracy", "--window", "1", "--csv").stdout)))
    assert ["0.25", "0.25", "0.25"] == [line[f"precision_{end}"] for end in ("low", "median", "high")]
    row = json.loads(run("accuracy", "--window", "1", "--json").stdout)["rows"][0]
    assert (1, 1) == (row["unknown"], row["strata"]["D"]["images"])
    best, worst = (row[name]["missed"]["median"] for name in ("figures", "if_all_unknown_were_missed"))
    assert (10.0, 11.0) == (best, worst)


def test_the_queue_tells_scripts_what_to_look_at_and_how_far_it_has_come(run):
    told = json.loads(run("review", "next", "--count", "3", "--json").stdout)
    assert ["yard"] * 3 == [each["camera"] for each in told["images"]]
    assert (0, 0, "not estimable") == tuple(told["progress"][name] for name in ("reviewed", "held_back", "recall"))
    table = run("review", "next", "--count", "3").stdout
    assert "0 reviewed, 40 more needed" in table
    assert 40 == told["progress"]["more_in_all"]


def test_what_waits_for_images_before_it_is_said(run):
    asked = json.loads(run("review", "next", "--count", "9", "--json", "--open").stdout)["images"]
    for each in asked[6:]:
        run("verdicts", "add", each["uri"], "absent", "--sampled")
    assert "verdicts wait for images earlier in the order" in run("review", "next").stdout


def test_a_verdict_is_answered_with_what_became_of_it(run, yard):
    uri = yard.uris()[0]
    assert "kept, volunteered\n" == run("verdicts", "add", uri, "present").stdout
    assert "known already, volunteered\n" == run("verdicts", "add", uri, "present").stdout
    told = json.loads(run("verdicts", "add", uri, "absent", "--json").stdout)
    assert {"changed": True, "source": "volunteered"} == told


def test_a_sheet_is_taken_from_standard_input_and_told_of_in_json(run, yard):
    sheet = f"uri,verdict\n{yard.uris()[0]},present\n{yard.uris()[1]},\n"
    told = json.loads(run("verdicts", "import", "-", "--json", given=sheet).stdout)
    assert {"kept": 1, "known": 0, "blank": 1, "sources": {"volunteered": 1}} == told


def test_verdicts_are_exported_by_label_and_camera(run, yard):
    yard.census(yard.uris()[:2])
    lengths = [
        len(run("verdicts", "export", *chosen).stdout.splitlines())
        for chosen in ((), ("--label", "Person", "--camera", "yard"), ("--label", "Cat"), ("--camera", "gate"))
    ]
    assert [3, 3, 1, 1] == lengths


def test_how_alike_two_reviewers_answer_is_said(run, yard):
    assert "No image has verdicts from two reviewers.\n" == run("verdicts", "agreement").stdout
    assert {"pairs": 0} == json.loads(run("verdicts", "agreement", "--json").stdout)
    first, second = yard.uris()[:2]
    for reviewer in ("ann", "bob"):
        yard.say(first, Answer.PRESENT, reviewer=reviewer)
    assert "1 pairs, 100 % equal; kappa not defined\n" == run("verdicts", "agreement").stdout
    for reviewer in ("ann", "bob"):
        yard.say(second, Answer.ABSENT, reviewer=reviewer)
    assert "2 pairs, 100 % equal; kappa 1.00 (-0.32 to 1.00)\n" == run("verdicts", "agreement").stdout
    told = json.loads(run("verdicts", "agreement", "--json").stdout)
    assert ["pairs", "observed", "kappa", "low", "high"] == [*told]


def test_a_fall_of_recall_since_the_day_before_stands_in_the_report():
    yard = Yard()
    for day, found in (("2044-05-15", {"Person": 90.0}), (LAST_DAY, {})):
        for number in range(12):
            yard.say(yard.image(number, {"Person": 90.0} if number % 4 == 0 else found, day), Answer.PRESENT)
    yard.roll_up()
    report = read_report(yard.rollups, yard.services.accuracy, "Person", None, 1)
    assert "Recall fell compared with the previous day: −75 points (−75 to −75)." == change_words(report)
    assert "compared with the previous 7 days" not in page_of(
        read_report(yard.rollups, yard.services.accuracy, "Person", None, 7)
    )


def test_figures_of_a_camera_that_can_only_mean_one_are_shown_and_of_a_slip_the_nearest_is_told(run, yard):
    yard.roll_up()
    result = run("accuracy", "--window", "1", "--camera", "yard/", "--json")
    assert ["yard"] == [row["camera"] for row in json.loads(result.stdout)["rows"]]
    assert "No camera is named yard/; yard is meant.\n" == result.stderr
    result = run("accuracy", "--window", "1", "--camera", "yrad")
    assert (1, True) == (result.exit_code, "the nearest name is yard" in result.stderr)


def test_verdicts_of_a_camera_that_can_only_mean_one_are_exported_and_of_a_slip_the_nearest_is_told(run, yard):
    yard.say(yard.uris()[0], Answer.PRESENT)
    result = run("verdicts", "export", "--camera", "yard ")
    assert (2, True) == (len(result.stdout.splitlines()), "yard is meant" in result.stderr)
    result = run("verdicts", "export", "--camera", "yrad")
    assert (1, True) == (len(result.stdout.splitlines()), "the nearest name is yard" in result.stderr)
