"""The heat map, confidences and months: what they ask the graph, what they say, and what they do not count."""

import io
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from sightline.accuracy_report.drawing import Chart, Link, Rect, Words, svg_of
from sightline.errors import Unavailable
from sightline.models.images import CameraDay
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer, Source
from sightline.storage.users.protocol import Role
from sightline.testing.fake import picture, uri_of
from sightline.testing.graph import InMemoryGraphStore
from sightline.web import patterns
from sightline.web.console import WORDS_KEPT
from sightline.web.masks import masked, masked_among
from sightline.web.pattern_charts import STEPS, heat_map, step_of
from sightline.web.patterns import Counted, Days, by_confidence, by_time
from sightline.web.visitors import Visitor
from tests.unit.services.rollups.yard import LAST_DAY, Yard
from tests.unit.web.figures_house import fill, review
from tests.unit.web.house import DAY, URI, build
from tests.unit.web.test_budgets import Counting

CELLS = [{"weekday": 1, "hour": 7, "images": 12}, {"weekday": 7, "hour": 23, "images": 1}]
BANDS = [{"from_percent": 40, "images": 3}, {"from_percent": 95, "images": 7}]
MONTHS = {
    "2026-10-01": {"Person": 10, "Dog": 5, None: 100},
    "2026-11-01": {"Person": 30, "Dog": 30, None: 1_000},
}
PAGES = ("/heat", "/confidence", "/months")
TODAY = "2044-05-17"


def of_month(asked):
    counts = MONTHS.get(asked["first"], {None: 0})
    return [
        labelled(name, {90: images}) if name else {"label": None, "images": images} for name, images in counts.items()
    ]


def labelled(name, counts):
    """Say as the graph does how many images show a label with which percents."""
    return {"label": name, "images": sum(counts.values()), "percents": [*counts], "of_percents": [*counts.values()]}


@pytest.fixture
def counted(looked_at):
    answers = {
        "label-by-time": CELLS,
        "label-by-confidence": BANDS,
        "labels-of-days": of_month,
    }
    looked_at.world.graph.answers |= answers
    return looked_at


def links(html):
    return [each.replace("&amp;", "&") for each in re.findall(r'<a href="(/search\?[^"]*)"', html)]


def test_the_heat_map_asks_for_whole_weeks_and_its_cells_lead_to_their_pictures(counted):
    html = counted.client("owner").get("/heat?weeks=1&at_least=80&camera=yard").text
    ((name, asked),) = counted.world.graph.asked
    assert "label-by-time" == name
    days = {"first": "2026-10-27", "last": DAY}
    usual = {"days": None, "leave_out": None}
    assert {"label": "Person", "camera": "yard", "at_least": 80, **usual, **days} == asked
    to = f"/search?label=Person&camera=yard&at_least=80&since=2026-10-27&until={DAY}"
    assert {f"{to}&weekday=1&hour=7", f"{to}&weekday=7&hour=23"} == {*links(html)}
    assert 'aria-label="Mon 07–08 h: 12"' in html
    assert "13 pictures from 80\N{NO-BREAK SPACE}% up" in html
    for day in ("Mon", "Sun"):
        assert day in html


def test_where_a_cell_leads_the_search_asks_for_the_same_days_hours_and_confidence(counted):
    client = counted.client("owner")
    first, *_ = links(client.get("/heat?at_least=80").text)
    counted.world.graph.asked.clear()
    assert 200 == client.get(first).status_code
    (_, asked), *_ = counted.world.graph.asked
    assert {"label": "Person", "at_least": 80, "weekday": 1, "hour": 7, "first": "2026-10-06", "last": DAY}.items() <= (
        asked.items()
    )


def test_the_picture_is_a_png_of_the_same_map(counted):
    answer = counted.client("owner").get("/heat.png")
    assert "image/png" == answer.headers["content-type"]
    assert "PNG" == Image.open(io.BytesIO(answer.content)).format


def test_a_larger_number_is_never_a_lighter_step():
    steps = [step_of(images, 1_000) for images in range(1, 1_001)]
    assert sorted(steps) == steps
    assert {*range(len(STEPS))} == {*steps}
    assert 0 == step_of(1, 10**9)


def test_a_shape_that_leads_somewhere_is_a_link_in_a_group_and_its_words_are_escaped():
    chart = heat_map({(1, 0): 1}, "<b>", lambda cell: f'/x?a="{cell}"&b')
    drawn = svg_of(chart)
    assert ('role="group"' in drawn, 'aria-label="&lt;b&gt;"' in drawn) == (True, True)
    assert 'href="/x?a=&quot;(1, 0)&quot;&amp;b"' in drawn
    plain = svg_of(Chart("t", 1, 1, [Rect(0, 0, 1, 1), Words(0, 0, "w")]))
    assert 'role="img"' in plain
    assert isinstance(chart.shapes[-1], Words | Link)


def test_a_bar_of_confidence_leads_to_its_band_and_near_misses_are_told_apart(counted):
    html = counted.client("owner").get("/confidence").text
    to = f"/search?label=Person&at_least={{}}&since=2026-10-06&until={DAY}"
    assert {to.format("40&below=45"), to.format(95)} == {*links(html)}
    assert ["#8aa4c4", "#1f5fae"] == re.findall(r'<rect [^>]*fill="([^"]*)"', html)
    assert "counts from 50 %" in html
    assert "Is a confidence right?" in html


def test_months_are_compared_by_what_a_thousand_pictures_show(counted):
    dirty = counted.world.operations.dirty_days
    dirty.mark([CameraDay("yard", f"2026-10-{day:02}") for day in range(1, 31)])
    html = counted.client("owner").get("/months").text
    usual = {"camera": None, "leave_out": None, "at_least": 50}
    days = [{"first": f"2026-{month}-01", "last": f"2026-{month}-{last}"} for month, last in ((10, 31), (11, 30))]
    assert [("labels-of-days", each | usual) for each in days] == sorted(counted.world.graph.asked, key=str)
    rows = re.findall(r"<bdi>(\w+)</bdi></a></td>(.*?)</tr>", html, re.DOTALL)
    shown = {name: re.findall(r">([-+\d.]+)</td>", cells) for name, cells in rows}
    assert {"Person": ["10", "30", "+20", "100.0", "30.0"], "Dog": ["5", "30", "+25", "50.0", "30.0"]} == shown
    assert ["Person", "Dog"] == [*shown], "whose share has changed most comes first"
    assert "30 days in Oct 2026 and on 1 in Nov 2026" in html


@pytest.mark.parametrize(
    ("at_least", "of_each", "counts"),
    [
        (None, {"Person": ["7", "0"], "Dog": ["1", "0"]}, 2),
        (50, {"Person": ["7", "0"], "Dog": ["1", "0"]}, 2),
        (51, {"Person": ["7", "0"]}, 2),
        (40, {"Person": ["12", "0"], "Dog": ["1", "0"]}, 4),
        (95, {"Person": ["4", "0"]}, 2),
        (100, {"Person": ["4", "0"]}, 2),
        (95.5, {"Person": ["4", "0"]}, 4),
        (0, {"Person": ["12", "0"], "Dog": ["1", "0"]}, 4),
    ],
)
def test_a_month_is_counted_once_for_all_whole_confidences(counted, at_least, of_each, counts):
    found = {"Person": {40: 5, 94: 3, 100: 4}, "Dog": {50: 1}}

    def of_days(asked):
        if asked["first"] != "2026-10-01":
            return [{"label": None, "images": 0}]
        of_labels = {
            name: {percent: n for percent, n in counts.items() if percent >= asked["at_least"]}
            for name, counts in found.items()
        }
        return [{"label": None, "images": 20}, *(labelled(*each) for each in of_labels.items() if each[1])]

    counted.world.graph.answers["labels-of-days"] = of_days
    client, months = counted.client("owner"), {"before": "2026-10", "after": "2026-11"}
    client.get("/months", params=months | {"at_least": 70})
    html = client.get("/months", params=months | ({} if at_least is None else {"at_least": at_least})).text
    rows = re.findall(r"<bdi>(\w+)</bdi></a></td>(.*?)</tr>", html, re.DOTALL)
    assert of_each == {name: re.findall(r'data-name="(?:Before|After)">(\d+)<', cells) for name, cells in rows}
    assert counts == len(counted.world.graph.asked)


def test_the_same_month_twice_is_called_so(counted):
    client = counted.client("owner")
    assert "the same month twice: no other one has pictures yet" in client.get("/months").text
    counted.world.operations.dirty_days.mark([CameraDay("yard", "2026-10-01")])
    counted.console.known_days.drop(lambda _: True)
    assert "the same month" not in client.get("/months").text
    twice = client.get("/months?before=2026-10&after=2026-10").text
    assert "the same month twice: choose another one to compare it with" in twice


@pytest.mark.parametrize(
    ("days", "is_uneven"), [((30, 28), False), ((30, 27), False), ((30, 26), True), ((0, 0), False)]
)
def test_months_of_which_one_has_a_tenth_fewer_days_are_uneven(days, is_uneven):
    before, after = (patterns.Month("2026-10", 1, number) for number in days)
    assert is_uneven == patterns.Months(before, after, ()).is_uneven


def test_a_month_is_counted_once_a_day_when_it_has_ended_and_else_once_in_five_minutes(counted):
    client, now = counted.client("owner"), f"{counted.world.clock.now:%Y-%m}"

    def asked(before, after):
        counted.world.graph.asked.clear()
        answer = client.get(f"/months?before={before}&after={after}")
        assert 200 == answer.status_code
        return sorted(each["first"][:7] for _, each in counted.world.graph.asked)

    assert ["2026-08", "2026-09"] == asked("2026-08", "2026-09")
    assert [now] == asked("2026-09", now), "a month is kept, whatever it is compared with"
    assert [] == asked("2026-08", now)
    assert [] == asked("2026-08", "2026-08&at_least=90"), "it is counted for all whole percents"
    assert ["2026-08"] == asked("2026-08", "2026-08&at_least=40"), "and for all of them from 0"
    for _ in range(2):
        assert ["2026-08"] == asked("2026-08", "2026-08&at_least=90.5"), "a part of a percent is counted each time"
    counted.world.clock.move(timedelta(minutes=5))
    assert [now] == asked("2026-08", now)
    counted.world.clock.move(timedelta(days=1))
    client = counted.client("owner")
    assert ["2026-08", "2026-09"] == asked("2026-08", "2026-09")


@pytest.mark.parametrize(("page", "query"), [("/heat", "label-by-time"), ("/confidence", "label-by-confidence")])
def test_what_an_owner_sees_of_a_label_is_counted_once_a_minute_and_anew_if_there_was_nothing(counted, page, query):
    client, graph = counted.client("owner"), counted.world.graph

    def asked(path):
        graph.asked.clear()
        assert 200 == client.get(path).status_code
        return [name for name, _ in graph.asked if name == query]

    graph.answers[query], some = [], graph.answers[query]
    assert [query] == asked(page)
    graph.answers[query] = some
    assert [query] == asked(page)
    assert [] == asked(page)
    assert [query] == asked(f"{page}?weeks=1")
    counted.world.clock.move(timedelta(minutes=1))
    assert [query] == asked(page)


def test_to_a_reviewer_each_month_is_counted_anew_and_nobody_else_sees_that_count(counted):
    counted.ask()
    client = counted.client("all")
    for _ in range(2):
        counted.world.graph.asked.clear()
        client.get("/months?before=2026-10&after=2026-11")
        left_out = [each["leave_out"] for name, each in counted.world.graph.asked if name == "labels-of-days"]
        assert 2 == len(left_out)
    counted.world.graph.asked.clear()
    counted.client("owner").get("/months?before=2026-10&after=2026-11")
    assert [None, None] == [each["leave_out"] for _, each in counted.world.graph.asked]


@pytest.mark.parametrize("page", [*PAGES, "/heat.png"])
def test_what_the_review_asks_a_person_about_is_not_counted_for_them(house, page):
    for second in range(4):
        house.analyse(uri_of(f"{second:02}"), data=picture(second))
    house.ask(uri_of("01"))
    house.ask(uri_of("02"), content="of bytes that were overwritten")
    graph = house.world.graph
    graph.answers["images-between"] = [{"image_id": uri_of(f"{second:02}")} for second in range(4)]
    for who, left_out in (("all", [uri_of("01")]), ("owner", None)):
        graph.asked.clear()
        assert 200 == house.client(who).get(page).status_code
        counted = [asked for name, asked in graph.asked if name not in {"images-between", "newest-with-label"}]
        assert counted
        assert {str(left_out)} == {str(each["leave_out"]) for each in counted}, who


@pytest.mark.parametrize("page", PAGES)
def test_what_was_asked_a_moment_ago_and_what_was_asked_before_there_was_a_log_are_not_counted(house, page):
    uris = [uri_of(f"{second:02}") for second in range(4)]
    for second, uri in enumerate(uris):
        house.analyse(uri, data=picture(second))
    graph, client = house.world.graph, house.client("all")
    graph.answers["images-between"] = lambda asked: [{"image_id": each} for each in asked["images"]]

    def left_out():
        graph.asked.clear()
        assert 200 == client.get(page).status_code
        return next(asked["leave_out"] for name, asked in graph.asked if "leave_out" in asked)

    house.ask(uris[3])
    house.world.verdicts._log.clear()  # an older version has asked
    assert [uris[3]] == left_out()
    house.ask(uris[1])
    assert [uris[1], uris[3]] == left_out(), "what everybody was asked is kept, and this is not among it"
    house.ask(uris[1], content="of bytes that were overwritten")
    assert [uris[3]] == left_out()
    house.ask(uris[1])
    assert [uris[1], uris[3]] == left_out()
    house.world.clock.move(WORDS_KEPT)
    assert [uris[1], uris[3]] == left_out()


@pytest.mark.parametrize("page", ["/heat?camera=yard", "/confidence?camera=yard"])
def test_where_nothing_is_counted_the_last_one_is_named_unless_the_review_hides_it(looked_at, page):
    graph, found = looked_at.world.graph, {"camera": "yard", "taken_at": f"{DAY}T11:00:01+00:00", "confidence": 97.5}
    graph.answers["newest-with-label"] = [{**found, "image_id": URI}]
    assert re.search(
        r"The last one: <a [^>]*><bdi>yard</bdi>, <time[^>]*>[^<]*11:00:01", looked_at.client("owner").get(page).text
    )
    (asked,) = [asked for name, asked in graph.asked if name == "newest-with-label"]
    assert ("Person", "yard", DAY) == (asked["label"], asked["camera"], asked["last"])
    looked_at.ask()
    assert "The last one" not in looked_at.client("all").get(page).text


def test_of_very_many_images_those_are_masked_that_are_masked_one_by_one(house):
    for second in range(3):
        house.analyse(uri_of(f"{second:02}"), data=picture(second))
    house.ask(uri_of("01"))
    reviewer = Visitor("all", frozenset(Role), is_reviewer=True)
    many = [*(f"s3://frames/none/{n}.jpg" for n in range(2_500)), *(uri_of(f"{n:02}") for n in range(3))]
    assert {uri_of("01")} == masked_among(lambda _: many, reviewer, house.console)
    assert frozenset() == masked_among(lambda _: many, replace(reviewer, is_reviewer=False), house.console)


def test_of_answered_images_nothing_is_asked_one_by_one(house):
    uris = [uri_of(f"{second:02}") for second in range(24)]
    for second, uri in enumerate(uris):
        house.analyse(uri, data=picture(second))
        house.ask(uri)
    drawn = {uri for uri in uris[:-1] if is_drawn(house.world.services.accuracy.salt, "Person", uri)}
    assert drawn
    reviewer, other = (Visitor(name, frozenset(Role), is_reviewer=True) for name in ("all", "reviewer"))

    def say(who, uri, source=Source.SAMPLED):
        said = Said(uri, "Person", who, Answer.PRESENT, house.world.clock.now, None, source)
        house.world.verdicts.write(verdict_of(said, judge_of(house.world.services)))

    for uri in uris[:-1]:
        say("reviewer", uri)
    counts: Counter[str] = Counter()
    house.console.services = replace(
        house.console.services, verdicts=Counting("verdicts", house.world.verdicts, counts)
    )
    contents = {uri: house.world.images.get(uri).content.sha256 for uri in uris}

    def hidden(visitor):
        counts.clear()
        one_way, other_way = (
            masked(contents, visitor, house.console),
            masked_among(lambda perhaps: perhaps, visitor, house.console),
        )
        assert one_way == other_way
        once = {"everything": 1, "last_entry": 1}
        asked = {"of_reviewers": 2, "asked_many": 2, "asked_since": 1}
        assert once | asked == once | {name.removeprefix("verdicts."): number for name, number in counts.items()}
        return one_way

    assert drawn | {uris[-1]} == hidden(reviewer)
    assert {uris[-1]} == hidden(other)
    looked_at = min(drawn)
    say("all", uris[-1], Source.VOLUNTEERED)
    assert drawn | {uris[-1]} == hidden(reviewer), "who came by themselves may be asked as the first"
    say("all", looked_at)
    assert drawn - {looked_at} | {uris[-1]} == hidden(reviewer), "what one has said counts at once"
    say("reviewer", uris[-1])
    assert drawn - {looked_at} == hidden(reviewer), "so does what another has said; nobody who spoke of it looks again"


@pytest.mark.parametrize(
    ("page", "narrower"),
    [
        ("/heat?at_least=80", ["weeks=1", "camera=gate", "camera=yard"]),
        ("/confidence?weeks=1", ["camera=gate", "camera=yard"]),
        ("/months?before=2026-10&after=2026-11", ["camera=gate", "camera=yard"]),
        ("/heat?camera=yard", ["weeks=1"]),
        ("/heat?camera=yard&weeks=1", []),
    ],
)
def test_a_reviewer_is_told_what_to_narrow_if_there_are_too_many_to_leave_some_out(counted, page, narrower):
    counted.analyse(uri_of("05", "gate"), data=picture(5))
    counted.ask()
    counted.world.graph.answers["images-between"] = [{"image_id": URI}] * (patterns.MOST_LOOKED_AT + 1)
    client = counted.client("all")
    answer = client.get(page)
    assert (422, True) == (answer.status_code, "Choose fewer days or one camera" in answer.text)
    main = answer.text.split("What to do")[1].split("</main>")[0]
    led_to = [each.replace("&amp;", "&") for each in re.findall(r'<a href="(/[^"]*)"', main)]
    assert narrower == [each for link, part in zip(led_to, narrower, strict=True) for each in [part] if part in link]
    counted.world.graph.answers["images-between"] = []
    assert [200] * len(narrower) == [client.get(each).status_code for each in led_to]


YARD_BY_TIME = {(7, 0): 1, (7, 4): 1, (1, 0): 1}
"""Of `rolled_up`, from 80 % up: a Sunday and a Monday."""


@pytest.fixture
def rolled_up(tmp_path):
    """Return a house with a Sunday and a Monday that are counted, and a picture of today."""
    yard = Yard()
    for number, confidence in ((0, 80.0), (1, 79.9), (17, 99.0)):
        yard.image(number, {"Person": confidence}, "2044-05-15")
    yard.image(2, {"Person": 100.0}, LAST_DAY)
    yard.roll_up()
    yard.image(3, {"Person": 95.0}, TODAY)
    yard.graph.answers |= {"label-by-time": [{"weekday": 2, "hour": 0, "images": 1}], "label-by-confidence": BANDS}
    house = build(tmp_path, world=yard)
    yield house
    house.console.close()


def of_this_week(**changed):
    return Counted(**{"label": "Person", "camera": None, "days": Days("2044-05-11", TODAY), "at_least": 80.0} | changed)


OWNER = Visitor("owner", frozenset({Role.OWNER}), is_reviewer=False)


def test_of_days_that_the_roll_ups_have_counted_the_graph_is_not_asked(rolled_up):
    graph = rolled_up.world.graph
    assert YARD_BY_TIME | {(2, 0): 1} == by_time(of_this_week(), OWNER, rolled_up.console)
    asked = {"label": "Person", "camera": None, "at_least": 80.0, "leave_out": None}
    assert [("label-by-time", asked | {"first": TODAY, "last": TODAY, "days": [TODAY]})] == graph.asked
    graph.asked.clear()
    ended = of_this_week(days=Days("2044-05-11", LAST_DAY))
    assert YARD_BY_TIME == by_time(ended, OWNER, rolled_up.console)
    assert {75: 1, 80: 1, 95: 2} == by_confidence(replace(ended, at_least=0), OWNER, rolled_up.console)
    assert [] == graph.asked
    assert {75: 1, 80: 1, 95: 9, 40: 3} == by_confidence(of_this_week(at_least=0), OWNER, rolled_up.console)


@pytest.mark.parametrize(
    ("changed", "is_reviewer"), [({"at_least": 80.5}, False), ({"label": "Plant"}, False), ({}, True)]
)
def test_the_graph_is_asked_about_all_days_where_the_roll_ups_cannot_tell(rolled_up, changed, is_reviewer):
    counted = of_this_week(**changed)
    by_time(counted, replace(OWNER, is_reviewer=is_reviewer), rolled_up.console)
    (asked,) = [asked for name, asked in rolled_up.world.graph.asked if name == "label-by-time"]
    assert counted.days.asked | {"days": None} == {name: asked[name] for name in ("first", "last", "days")}


def test_a_day_that_has_changed_since_it_was_counted_is_asked_of_the_graph(rolled_up):
    rolled_up.world.image(9, {"Person": 90.0}, "2044-05-15", camera="gate")
    by_time(of_this_week(), OWNER, rolled_up.console)
    ((_, asked),) = rolled_up.world.graph.asked
    assert ("2044-05-15", TODAY, ["2044-05-15", TODAY]) == (asked["first"], asked["last"], asked["days"])
    by_time(of_this_week(camera="yard"), OWNER, rolled_up.console)
    assert [TODAY] == rolled_up.world.graph.asked[-1][1]["days"], "the yard has not changed"


class Away(InMemoryGraphStore):
    def query(self, name, parameters=None):  # noqa: ARG002
        raise Unavailable("Neo4j", rule="the server did not answer")


@pytest.mark.parametrize("page", PAGES)
def test_each_page_tells_its_three_kinds_of_emptiness_apart(tmp_path, page):
    house = build(tmp_path)
    client = house.client("owner")
    nothing_yet = client.get(page)
    house.analyse()
    too_narrow, no_such_camera = client.get(page), client.get(page, params={"camera": "yart"})
    house.console.services = replace(house.console.services, graph=Away())
    for kept in (house.console.months, house.console.month_going_on, house.console.times, house.console.confidences):
        kept.drop(lambda _: True)
    away = client.get(page)
    assert (200, 200, 503) == tuple(each.status_code for each in (nothing_yet, too_narrow, away))
    assert ["sightline add" in each.text for each in (nothing_yet, too_narrow, away)] == [True, False, False]
    assert any(words in too_narrow.text for words in ("Search all days", "Any confidence"))
    assert ("Neo4j" in away.text, "tell an operator" in away.text, away.headers["retry-after"]) == (True, True, "10")
    assert 'name="camera"' in away.text
    assert "No picture of <bdi>yart</bdi> has been taken" in no_such_camera.text
    house.console.close()


def test_the_reviewed_share_is_drawn_where_it_can_be_estimated(tmp_path):
    yard = Yard()
    fill(yard, days=1)
    review(yard, 40, days=1)
    yard.roll_up()
    yard.graph.answers["label-by-confidence"] = BANDS
    house = build(tmp_path, world=yard)
    html = house.client("owner").get("/confidence").text
    assert "Is a confidence right? Share of images that do show Person" in html
    other = house.client("owner").get("/confidence?label=Dog").text
    assert "only watched labels are reviewed" in other
    house.console.close()
