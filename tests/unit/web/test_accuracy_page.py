"""The page of accuracy: figures with their intervals or the reason why not, what another threshold would do."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from threading import Event

import pytest

from sightline.accuracy_report.drawing import ACCENT, FAINT, INK, SECOND, Area
from sightline.accuracy_report.page import page_of
from sightline.accuracy_report.words import notes
from sightline.services.review import ask_next, read_cells, scope_of
from sightline.services.rollups.report import read_report
from sightline.stats.figures import Interval, NotEstimable
from sightline.stats.operating_points import OperatingPoint
from sightline.stats.strata import StrataRule
from sightline.stats.verdicts import Answer
from sightline.stats.windows import days_of
from sightline.storage.users.protocol import Role
from sightline.web.app import make_app
from sightline.web.console import CURVES_AT_ONCE, FIGURES_KEPT, Console
from sightline.web.figures import near_from, read_calibration, read_curves
from sightline.web.shown_figures import what_if
from sightline.web.static_files import static_files
from sightline.web.strata_words import plain, plain_advice
from sightline.web.visitors import Visitor
from tests.unit.services.rollups.yard import LAST_DAY, Yard
from tests.unit.web.figures_house import answer, fill, review
from tests.unit.web.house import PASSWORDS, House, build
from tests.unit.web.test_budgets import Counting


@pytest.fixture
def yard() -> Yard:
    return Yard()


@pytest.fixture
def house(yard, tmp_path) -> Iterator[House]:
    made = build(tmp_path, world=yard)
    yield made
    made.console.close()


@pytest.fixture(scope="module")
def rolled(tmp_path_factory) -> Iterator[House]:
    """Return a house with two days of two cameras, of which half is reviewed and rolled up; no test changes it."""
    yard = Yard()
    fill(yard)
    review(yard, 80)
    yard.roll_up()
    made = build(tmp_path_factory.mktemp("thumbs"), world=yard)
    yield made
    made.console.close()


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " "))
    )


def show(house, who="owner", **query):
    return house.client(who).get("/accuracy", params=query)


def test_each_camera_has_its_figures_with_their_intervals(rolled):
    said = text_of(show(rolled, window="7"))
    report = read_report(rolled.world.rollups, rolled.world.services.accuracy, "Person", None, 7)
    for row in report.rows:
        recall = row.window.figures.recall
        words = f"{100 * recall.median:.0f} % {100 * recall.low:.0f}–{100 * recall.high:.0f}"
        assert words in said
    assert "all cameras 160 80" in said
    assert "not estimable" not in said[: said.index("Next:")]


def test_cameras_are_read_at_once_and_give_what_they_give_one_after_another(rolled):
    asked: list[list[str]] = []

    def at_once(read, cameras):
        asked.append(list(cameras))
        return rolled.console.reads.map(read, asked[-1])

    wanted = (rolled.world.rollups, rolled.world.services.accuracy, "Person", None, 7)
    one, other = read_report(*wanted), read_report(*wanted, read_each=at_once)
    first, second = ((each.rows, each.days, each.line(), each.late_images) for each in (one, other))
    assert first == second
    assert [one.cameras, one.cameras, one.cameras] == asked
    assert 2 == len(one.cameras)


def test_what_curves_are_made_of_is_read_while_another_visitor_computes(rolled):
    console, read = rolled.console, Event()
    report = replace(read_report(rolled.world.rollups, rolled.world.services.accuracy, "Person", None, 7))
    console.curves.drop(lambda _: True)
    owner = Visitor("owner", frozenset(Role), is_reviewer=False)
    told = replace(report, _read_each=lambda ask, cameras: (map(ask, cameras), read.set())[0])
    with ExitStack() as turns:
        for _ in range(CURVES_AT_ONCE):
            turns.enter_context(console.curves_turn)
        computed = console.reads.submit(read_curves, told, owner, console)
        assert read.wait(60)
        assert not computed.done()
    assert report.calibration() == computed.result(60).bins


def test_whether_a_confidence_is_right_is_said_without_the_other_curves_and_computed_once(rolled):
    console = rolled.console
    console.curves.drop(lambda _: True)
    console.calibrations.drop(lambda _: True)
    report = read_report(rolled.world.rollups, rolled.world.services.accuracy, "Person", None, 28)
    bins = read_calibration(report, console)
    key = (report.main.rollup.key, report.main.rollup.revision)
    assert (report.calibration(), bins, None) == (bins, console.calibrations.get(key), console.curves.get(key))
    assert bins is read_curves(report, Visitor("owner", frozenset(Role), is_reviewer=False), console).bins
    assert bins


@pytest.mark.parametrize("window", ["1", "7", "28"])
def test_the_windows_are_one_seven_and_twenty_eight_days(rolled, window):
    assert f"{window} day{'' if window == '1' else 's'} up to {LAST_DAY}" in text_of(show(rolled, window=window))


def test_another_window_than_these_is_refused(rolled):
    assert show(rolled, window="3").status_code == 422


def test_who_has_unknown_images_analysed_again_is_said_without_a_command(yard, house):
    fill(yard, days=1, cameras=("yard",))
    yard.image(100, {"Plant": 95.0}, cut_percent=80.0)
    yard.roll_up()
    said = text_of(show(house, window="1"))
    assert "For 1 image it is unknown" in said
    assert "missed: who runs sightline can have them analysed again." in said
    report = read_report(yard.rollups, yard.services.accuracy, "Person", None, 1)
    assert any("`sightline reanalyse --unknown` analyses them again" in line for line in notes(report))


def test_what_is_not_estimable_says_why(yard, house):
    fill(yard, days=1, cameras=("yard",))
    yard.roll_up()
    said = text_of(show(house))
    assert "not estimable no picture in which it was found is reviewed" in said
    assert "not estimable no near miss and no picture without a sign of it is reviewed; at most" in said


def test_the_next_reviews_are_named_by_what_was_found_with_a_link_for_those_who_review(rolled):
    assert re.search(
        r"Next: \d+ more reviews? \(\d+ (in which it was|near misses|without a sign)", text_of(show(rolled))
    )
    assert "/review?label=Person" not in show(rolled).text
    answer = show(rolled, "reviewer", window="7")
    assert "Pictures are left to review. As of" in text_of(answer)
    assert "stratum" not in text_of(answer)
    assert '/review?label=Person&amp;window=7"' in answer.text
    start = rolled.client("reviewer").get("/review?label=Person&window=7").text
    assert '<option value="7" selected>' in start


def test_each_threshold_says_what_the_api_says(rolled):
    points = rolled.client("owner").get("/api/v1/accuracy/thresholds", params={"window": "7"}).json()["thresholds"]
    assert [each["threshold_percent"] for each in points] == [*range(30, 100, 5)]
    assert len({each["images"] for each in points}) > 5
    for point in points:
        said = text_of(show(rolled, window="7", threshold=str(point["threshold_percent"])))
        a_day = point["images"] / 2  # the window's two days
        looked_at = f"{a_day:.0f}" if a_day == int(a_day) else f"{a_day:.1f}"
        assert f"look at {looked_at} pictures a day" in said
        for name in ("precision", "recall"):
            if "median" in (figure := point[name]):
                ends = f"{100 * figure['low']:.0f}–{100 * figure['high']:.0f}"
                assert f"{name.title()} {100 * figure['median']:.0f} % ({ends})" in said
        assert ("the threshold in use, you look" in said) == (point["threshold_percent"] == 50)


def test_the_chart_beside_the_slider_counts_a_day_as_the_sentence_does(rolled):
    page = show(rolled, window="7")
    _, trade = re.findall(r"<svg.*?</svg>", page.text.partition('id="told"')[2], re.DOTALL)[:2]
    assert all(f"images {what} per day<" in trade for what in ("to look at", "missed"))
    ticks = [float(each) for each in re.findall(r'text-anchor="middle"[^>]*>([\d.]+)<', trade)]
    points = rolled.client("owner").get("/api/v1/accuracy/thresholds", params={"window": "7"}).json()["thresholds"]
    most = max(each["images"] for each in points) / 2  # the window's two days
    assert 0.7 * most < max(ticks) <= 1.05 * most


def test_the_chart_of_the_report_says_in_how_many_days(rolled):
    for days, words in ((1, "in 1 day"), (7, "in 7 days")):
        html = page_of(read_report(rolled.world.rollups, rolled.world.services.accuracy, "Person", None, days))
        assert all(f"images {what} {words}<" in html for what in ("to look at", "missed"))


def test_the_slider_is_a_form_that_works_without_script(rolled):
    html = show(rolled, camera="yard", window="28", day=LAST_DAY).text
    (form,) = re.findall(r'<form class="threshold".*?</form>', html, re.DOTALL)
    assert 'action="/accuracy#threshold"' in form
    assert 'type="range" data-sends min="30" max="95" step="5" value="50"' in form
    for name, value in (("label", "Person"), ("camera", "yard"), ("window", "28"), ("day", LAST_DAY)):
        assert f'<input type="hidden" name="{name}" value="{value}">' in form
    assert "<button>" in form


def test_the_setting_is_named_where_it_would_change_something(rolled):
    in_use, other = (text_of(show(rolled, window="7", threshold=percent)) for percent in ("50", "65"))
    assert "Nothing is changed: SIGHTLINE_WATCHED_LABELS='Person@65' would" in other.replace("&#39;", "'")
    assert ("Nothing is changed" in in_use, "WATCHED_LABELS" in in_use) == (False, False)
    assert "Below 30 % the detector was asked for nothing" in in_use


def test_below_what_the_detector_was_asked_for_nothing_is_offered(rolled):
    assert 'value="30" list=' in show(rolled, threshold="1").text


def test_near_misses_begin_where_the_detector_was_asked_for_something(rolled):
    said = text_of(show(rolled))
    assert "Below 30 % the detector was asked for nothing" in said
    assert "near misses from 30 % up to 50 %, or with a synonym or parent of the label" in said


@pytest.mark.parametrize(
    ("low", "threshold", "first"), [(20.0, 50.0, 30.0), (40.0, 50.0, 40.0), (20.0, 25.0, 25.0), (0.0, 30.0, 30.0)]
)
def test_near_misses_are_from_the_low_threshold_or_the_cut_up_if_that_is_higher(rolled, low, threshold, first):
    assert first == near_from(StrataRule("Person", threshold, low), rolled.console)


def test_no_figures_yet_is_told_with_what_to_do(house):
    said = text_of(show(house))
    assert "figures are computed after a capture day has ended" in said
    assert "Choose another last day, camera or number of days, or come back when the day has ended." in said
    assert ("sightline status" in said, "--" in said) == (False, False)
    assert 422 == house.client("owner").get("/api/v1/accuracy").status_code


def test_a_camera_that_there_is_not_is_told_as_a_days_is(rolled):
    answers = [rolled.client("owner").get(path, params={"camera": "nope"}) for path in ("/accuracy", "/day")]
    assert [404, 404] == [each.status_code for each in answers]
    for each in answers:
        assert "<bdi>nope</bdi>" in each.text
        assert "No camera of this name has taken a picture" in each.text


def test_the_newest_window_is_found_without_reading_those_of_years(rolled):
    asked, rollups, read = [], rolled.world.rollups, []
    between, newest_first = rollups.between, rollups.newest_first
    rollups.between = lambda *given: asked.append(given) or between(*given)
    rollups.newest_first = lambda *given: (read.append(each) or each for each in newest_first(*given))
    try:
        rolled.console.reports.drop(lambda _: True)
        assert f"up to {LAST_DAY}" in text_of(show(rolled, window="7"))
    finally:
        rollups.between, rollups.newest_first = between, newest_first
    assert min(first for *_, first, _ in asked) >= days_of(LAST_DAY, 28)[0]
    assert [LAST_DAY] * 3 == [each.key.end_day for each in read], "of all together, and of each camera, the last"


def test_files_to_take_away_are_those_of_the_command_line(rolled):
    report = read_report(rolled.world.rollups, rolled.world.services.accuracy, "Person", None, 7)
    client = rolled.client("owner")
    html, csv = client.get("/accuracy/accuracy.html"), client.get("/accuracy/accuracy.csv")
    assert page_of(report) == html.text
    assert "attachment" in html.headers["content-disposition"]
    assert csv.text.startswith("label,window_days,camera")
    assert client.get("/accuracy/accuracy.png").content.startswith(b"\x89PNG")
    assert 404 == client.get("/accuracy/accuracy.exe").status_code
    assert 403 == rolled.client("reviewer").get("/accuracy/accuracy.html").status_code


def test_hostile_names_are_text_in_tables_charts_and_reasons(yard, house):
    name = "<script>alert(1)</script>\u202e{{7*7}}"
    fill(yard, days=1, cameras=(name, "yard"))
    review(yard, 20, days=1)
    yard.roll_up()
    answer = show(house, window="1")
    assert "&lt;script&gt;alert" in answer.text
    assert "<script>alert" not in answer.text
    assert "\u202e" not in re.sub(r'value="[^"]*"', "", answer.text)
    assert ">49<" not in answer.text


def test_every_colour_of_a_chart_has_one_for_each_theme():
    css = static_files()["console.css"].body.decode()
    for colour in (INK, ACCENT, SECOND, Area(()).colour):
        assert f'[fill="{colour}"]' in css
    for colour in (INK, ACCENT, SECOND, FAINT):
        assert f'[stroke="{colour}"]' in css


def test_figures_are_read_once_a_minute_and_curves_once_a_revision(rolled):
    counts: Counter[str] = Counter()
    world, old = rolled.world, rolled.console
    counting = {name: Counting(name, getattr(world, name), counts) for name in ("rollups", "verdicts", "images")}
    console = Console(replace(world.services, **counting), old.options, old.send, old.thumbnails, PASSWORDS)
    house, cameras = House(world, console, make_app(console)), 2
    figures = {
        "rollups.between": 1 + cameras,  # the windows of all together, and the days of each camera
        "rollups.newest_first": 1 + cameras,  # the last day, and the last window of each camera
    }
    curves = {"rollups.between": 1 + 1}  # the cameras of these days, and the line
    steps = [
        ("first", "owner", "50", Counter(figures) + Counter(curves)),
        ("the slider moves", "owner", "65", {}),
        ("another visitor", "reviewer", "65", {}),
    ]
    for step, who, threshold, expected in steps:
        counts.clear()
        assert show(house, who, window="7", threshold=threshold).status_code == 200
        assert expected == counts, step
    world.clock.move(FIGURES_KEPT)
    counts.clear()
    show(house, window="7")
    assert figures == counts
    console.close()


def test_cameras_without_an_estimate_are_named_with_what_to_do(yard, house):
    fill(yard)
    review(yard, 80)
    fill(yard, days=1, cameras=("shed", "barn"))
    yard.roll_up()
    house.analyse("s3://frames/porch/2026-11-02/a.jpg")
    owner = text_of(show(house, window="7"))
    assert (
        "2 cameras have no estimate, for want of reviewed pictures: barn, shed. Review some, or ask a reviewer to."
        in owner
    )
    uncounted = "no estimate, as no picture of these days is analysed and counted: porch. Choose more days, or another"
    assert f"1 camera has {uncounted} last day." in owner
    reviewer = text_of(show(house, "reviewer", window="7"))
    assert "2 cameras have no estimate, as reviewers see a sum once 5 images" in reviewer
    assert "others are reviewed: barn, shed. Go on with the review." in reviewer
    assert ("for want of" in reviewer, uncounted in reviewer) == (False, True)
    assert "no estimate" not in text_of(show(house, window="7", camera="yard"))


def test_many_cameras_without_an_estimate_are_counted(yard, house):
    fill(yard)
    review(yard, 80)
    fill(yard, days=1, cameras=tuple(f"c{number}" for number in range(8)))
    yard.roll_up()
    assert "8 cameras have no estimate, for want of reviewed pictures: c0, c1, c2, c3, c4 and 3 more." in text_of(
        show(house, window="7")
    )


def test_where_every_camera_has_an_estimate_none_is_named(rolled):
    assert "no estimate" not in text_of(show(rolled, window="7"))


def test_three_figures_of_a_threshold_agree(rolled):
    checked = 0
    for threshold in range(30, 100, 5):
        said = text_of(show(rolled, window="7", threshold=str(threshold)))
        numbers = re.search(r"look at (\d+(?:\.\d)?) pictures a day instead of (\d+(?:\.\d)?)", said)
        share = re.search(r"; (\d+) % (fewer|more) pictures", said)
        assert (numbers is None) == (threshold == 50)
        if numbers is not None and share is not None:
            here, now = float(numbers[1]), float(numbers[2])
            assert abs(100 * abs(here - now) / now - int(share[1])) < 0.6
            assert (here < now) == (share[2] == "fewer")
            checked += 1
    assert checked > 5


def point_at(percent, images):
    unknown = NotEstimable("no reviewed image in stratum A")
    return OperatingPoint(percent, images, Interval(0.74, 0.97, 1.0), unknown, unknown)


def test_what_no_review_speaks_of_at_another_threshold_is_told_in_plain_words(rolled):
    report = read_report(rolled.world.rollups, rolled.world.services.accuracy, "Person", None, 7)
    told = what_if(point_at(75.0, 31), report)
    expected = "no picture in which it was found with 50 to 75 % is reviewed"
    assert (expected, expected, "") == (told.missed.why, told.recall.why, told.precision.why)
    assert "15.5" == told.looked_at


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("no reviewed image in stratum A", "no picture in which it was found is reviewed"),
        ("no reviewed image in stratum B and C", "no near miss and no picture without a sign of it is reviewed"),
        (
            "no reviewed image of gate, yard in stratum C, which have most of it",
            "of gate, yard, which have most of them, no picture without a sign of it is reviewed",
        ),
        ("the detector found nothing", "the detector found nothing"),
    ],
)
def test_reasons_are_told_without_the_letters_of_strata(reason, words):
    assert words == plain(reason)


def test_one_near_miss_is_told_in_the_singular():
    assert "2 more reviews (1 near miss and 1 without a sign of it)" == plain_advice(
        "2 more reviews (1 in stratum B and 1 in stratum C)"
    )
    assert "22 more reviews (1 in which it was found and 21 near misses)" == plain_advice(
        "22 more reviews (1 in stratum A and 21 in stratum B)"
    )


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        (("shed",), "1 camera has no estimate, though each of its pictures is reviewed: shed. Choose more days."),
        (
            ("barn", "shed"),
            "2 cameras have no estimate, though each of their pictures is reviewed: barn, shed. Choose more days.",
        ),
    ],
)
def test_cameras_whose_answers_are_all_unsure_are_told_by_their_number(yard, house, cameras, words):
    fill(yard)
    review(yard, 160)
    for camera in cameras:
        yard.image(1, {"Plant": 70.0}, LAST_DAY, camera)
    scope = scope_of("Person", None, LAST_DAY, 2, yard.operations)
    for each in ask_next(read_cells(scope, yard.services), 20, yard.services):
        answer(yard, each.request.candidate.image_id, "ann", Answer.UNSURE)
    yard.roll_up()
    assert words in text_of(show(house, window="7"))
    number = "this camera" if len(cameras) == 1 else "these cameras"
    assert f"Every picture of {number} is reviewed, so choose more days." in text_of(show(house, "all", window="7"))


def test_where_all_cameras_are_chosen_no_reviewer_is_told_to_choose_them(yard, house):
    fill(yard, days=1, cameras=("yard",))
    yard.roll_up()
    assert "Choose more days, or go on with the review." in text_of(show(house, "reviewer", window="1"))
    assert "Choose more days or all cameras, or go on with the review." in text_of(
        show(house, "reviewer", window="1", camera="yard")
    )


def test_what_another_threshold_trades_is_told_per_day(rolled):
    html = show(rolled, window="7").text
    assert 'aria-label="Images to look at against images missed, per day"' in html
    assert "images with Person missed, per day" in html
    assert "missed, a day" not in html


def test_where_the_last_answers_are_unsure_nothing_is_left_to_review(yard, house):
    fill(yard, days=1, cameras=("yard",))
    review(yard, 20, days=1)
    scope = scope_of("Person", None, LAST_DAY, 1, yard.operations)
    for each in ask_next(read_cells(scope, yard.services), 20, yard.services):
        answer(yard, each.request.candidate.image_id, "ann", Answer.UNSURE)
    yard.roll_up()
    page = show(house, "all", window="1")
    assert "Nothing is left to review. As of" in text_of(page)
    said = text_of(show(house, "owner", window="1"))
    assert "yard 40 40" in said
    assert re.search(r"Nothing is left to review .* has an answer; 20 answers are “unsure”\. As of \d{4}", said)
    assert "Next:" not in said
    assert "/review?label" not in page.text


def test_a_camera_of_which_everything_is_reviewed_is_not_sent_to_the_review(yard, house):
    fill(yard)
    review(yard, 160)
    for number in range(4):
        yard.image(number, {"Plant": 70.0}, LAST_DAY, "shed")
    review(yard, 40)
    yard.roll_up()
    said = text_of(show(house, "reviewer", window="7"))
    assert "others are reviewed: shed. Every picture of this camera is reviewed, so choose more days." in said
    assert "Go on with the review" not in said
    alone = text_of(show(house, "reviewer", window="7", camera="shed"))
    assert "Every picture of these days is reviewed: choose more days or all cameras." in alone
    assert "To the review" not in alone
