"""The page of an image and its list in the API: boxes, what is hidden while the review asks, and verdicts."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import count
from urllib.parse import unquote

import pytest

from sightline.models.answers import Answer, Detection
from sightline.services.frame_names import frame_uri
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer as Word
from sightline.stats.verdicts import Source
from sightline.storage.users.protocol import MarkKind, Role
from sightline.testing.fake import CHECKPOINTS, uri_of
from sightline.web.pages.image import facts_of
from tests.clips import clip_bytes
from tests.unit.web.house import ANSWERS, DAY, FROM_HERE, PLACES_OF_ARRIVAL, URI, build

SECRET = {
    "labels": Answer((Detection("ZzLabel", 87.6543), Detection("Person", 91.2345)), "zz-model", 30.0),
    "text": Answer((Detection("ZzText", 76.5432, attributes={"type": "line"}),), "zz-model"),
    "faces": Answer((), "zz-model"),
}
WORDS = ("ZzLabel", "ZzText", "zz-model", "87.65", "88\N{NO-BREAK SPACE}%", "91.23", "76.54")


def answer_blind(house, name, uri=URI, word=Word.PRESENT):
    said = Said(uri, "Person", name, word, house.world.clock.now, source=Source.SAMPLED)
    house.world.verdicts.write(verdict_of(said, judge_of(house.world.services)))


def everything(house, name):
    """Return all that a user's pages and calls say of the image, with the names of what differs by request."""
    client, header = house.client(name), house.token(name, *Role)
    house.world.clock.move(timedelta(seconds=10))  # so that the feed's newest entries are read
    answers = [
        client.get("/image", params={"id": URI}),
        client.get("/day"),
        client.get("/"),
        client.get("/new"),
        client.get("/calendar"),
        client.get("/day", params={"label": "Person"}),
        client.get("/day", params={"label": "Person", "at_least": "90"}),
        *(
            house.client().get(f"/api/v1{path}", params=params, headers=header)
            for path, params in (
                ("/image", {"id": URI}),
                ("/images", {"day": DAY}),
                ("/images", {"day": DAY, "label": "ZzLabel"}),
                ("/images", {"day": DAY, "text": "ZzText"}),
                ("/images", {"day": DAY, "label": "Person", "at_least": "90"}),
                ("/verdicts", {"id": URI}),
            )
        ),
    ]
    assert {200} == {answer.status_code for answer in answers}
    return [said_by(answer) for answer in answers]


def said_by(answer):
    headers = {name: value for name, value in answer.headers.items() if name not in UNIQUE}
    return PLACES_OF_ARRIVAL.sub("", answer.text), headers


UNIQUE = {"x-request-id", "server-timing"}


def test_every_box_has_its_number_in_the_list_and_its_place_in_percent(looked_at):
    page = looked_at.client("owner").get("/image", params={"id": URI}).text
    rects = re.findall(r'<rect x="([\d.]+)%" y="([\d.]+)%" width="([\d.]+)%" height="([\d.]+)%"/>', page)
    assert [
        ("30.0000", "55.0000", "5.0000", "10.0000"),
        ("25.0000", "50.0000", "12.5000", "25.0000"),
        ("10.0000", "10.0000", "20.0000", "5.0000"),
    ] == rects
    assert re.findall(r'data-box="(\d+)"', page) == ["1", "2", "3"]
    assert re.findall(r'data-boxes="([\d ]+)"', page) == ["1", "2", "3"]


def test_each_feature_says_for_itself_that_none_was_found(house):
    house.analyse(answers={"labels": Answer((), "m-1", 30.0)})
    html = house.client("owner").get(f"/image?id={URI}").text
    assert re.search(r"<h2>labels</h2>\s*<p class=\"aside\">none found</p>", html)
    assert ("AB 123" in html, "nothing found" in html) == (True, False)


@pytest.mark.parametrize(
    ("source", "read_source", "words"),
    [
        ("key", "", "the file's name"),
        ("exif", "", "the picture's EXIF"),
        ("metadata", "", "the object's metadata"),
        ("last_modified", "", "the upload, as nothing else tells it"),
        ("video", "", "when the video begins, and the frame's place in it"),
        ("clock", "exif", "a correction of the camera's clock; first read from the picture's EXIF"),
    ],
)
def test_where_the_time_was_read_is_said_in_plain_words(looked_at, source, read_source, words):
    row = looked_at.world.images.get(URI)
    capture = replace(row.capture, source=source, read_source=read_source)
    assert words == dict(facts_of(replace(row, capture=capture)))["time from"]


def test_a_near_miss_is_told_from_what_counts(house):
    house.analyse(answers={"labels": Answer((Detection("Person", 42.0), Detection("Plant", 41.0)), "m", 30.0)})
    page = house.client("owner").get("/image", params={"id": URI}).text
    assert 1 == page.count("a near miss: it counts from 50\N{NO-BREAK SPACE}% up")
    assert "Cut at 30\N{NO-BREAK SPACE}%" in page


def test_a_frame_names_its_video_and_when_in_it_it_was_shown(house, tmp_path):
    video = "s3://frames/yard/<b>MDAlarm_20261102-110000.mp4"
    house.world.put(video, clip_bytes(tmp_path))
    house.world.add_video(video)
    house.world.run()
    take = house.world.videos.get(video).take
    frame = str(frame_uri(CHECKPOINTS, take, take.offsets_ms[1]))
    answer = house.client("owner").get("/image", params={"id": frame})
    assert 200 == answer.status_code
    assert "s3://frames/yard/&lt;b&gt;MDAlarm_20261102-110000.mp4, 2 s after its beginning" in answer.text
    assert ">yard</bdi>" in answer.text


def test_an_image_that_is_not_known_is_told_with_its_remedy(house):
    answer = house.client("owner").get("/image", params={"id": URI})
    assert 404 == answer.status_code
    assert "Check its address, or ask who runs sightline to add it" in answer.text


def beside(house, uri: str) -> list[str]:
    """Return where the ways to the picture before and to the next one lead."""
    client = house.client("owner")
    page = client.get("/image", params={"id": uri}).text
    ways = [re.findall(rf'rel="{rel}"[^>]*href="([^"]*)"', page)[0] for rel in ("prev", "next")]
    return [unquote(client.get(way.replace("&amp;", "&")).headers["location"]) for way in ways]


def test_the_pictures_before_and_after_are_those_of_the_same_camera(house):
    uris = [uri_of(f"0{number}") for number in range(3)]
    for uri in [*uris, uri_of("01", "gate")]:
        house.analyse(uri)
    assert [f"/image?id={uris[0]}", f"/image?id={uris[2]}"] == beside(house, uris[1])


def test_before_the_first_picture_of_a_day_and_after_its_last_there_is_none_and_the_page_says_so(house):
    house.analyse(URI)
    ends = beside(house, URI)
    assert [f"/image?id={URI}&end=before", f"/image?id={URI}&end=next"] == ends
    said = [house.client("owner").get(place).text for place in ends]
    assert ["first picture of the day" in said[0], "last picture of the day" in said[1]] == [True, True]


def test_that_somebody_saw_the_answers_is_remembered_once_they_were_shown(looked_at):
    seen = looked_at.world.users
    looked_at.client("all").get("/calendar")
    assert {} == seen.marks("all", MarkKind.VIEWED, [URI])
    looked_at.client("all").get("/image", params={"id": URI})
    assert [URI] == [*seen.marks("all", MarkKind.VIEWED, [URI])]
    looked_at.client().get("/api/v1/image", params={"id": URI}, headers=looked_at.token("owner", Role.OWNER))
    assert [URI] == [*seen.marks("owner", MarkKind.VIEWED, [URI])]


@pytest.mark.parametrize("page", ["/day", "/new"])
def test_of_a_visit_a_reviewer_has_seen_the_answers_of_its_cover(house, page):
    house.analyse()
    house.analyse(uri_of("02"), answers={"labels": Answer((Detection("Person", 51.0),), "m-1", 30.0)})
    house.world.clock.move(timedelta(seconds=10))
    for name, seen in (("all", [URI]), ("owner", [])):
        house.client(name).get(page)
        assert seen == [*house.world.users.marks(name, MarkKind.VIEWED, [URI, uri_of("02")])], name


def test_whose_pictures_were_listed_by_a_label_has_been_seen_of_each(house):
    house.analyse()
    house.analyse(uri_of("02"))
    house.client("all").get("/day?label=person")
    assert 2 == len(house.world.users.marks("all", MarkKind.VIEWED, [URI, uri_of("02")]))


def test_the_api_notes_that_a_reviewer_has_seen_what_it_tells_of_a_day_and_not_what_it_hides(house):
    for second in ("01", "02", "03"):
        house.analyse(uri_of(second))
    house.add("both", [Role.REVIEWER, Role.OWNER])
    house.ask(uri_of("02"))
    path, uris = f"/api/v1/images?day={DAY}&limit=2", [uri_of(f"{n:02}") for n in range(1, 4)]
    for name, seen in (("both", [uri_of("03")]), ("owner", [])):
        assert 200 == house.client().get(path, headers=house.token(name, Role.OWNER)).status_code
        assert seen == [*house.world.users.marks(name, MarkKind.VIEWED, uris)], name


def test_what_the_review_asks_about_is_hidden_from_its_reviewers_and_from_nobody_else(house):
    house.analyse(answers=SECRET)
    house.add("both", [Role.REVIEWER, Role.OWNER])
    house.ask()
    hidden = "".join(text for text, _ in everything(house, "both"))
    assert [] == [word for word in WORDS if word in hidden]
    assert "in review" in hidden
    shown = house.client("owner").get("/image", params={"id": URI}).text
    assert all(word in shown for word in ("ZzLabel", "ZzText"))
    assert {} == house.world.users.marks("both", MarkKind.VIEWED, [URI])


def test_swapped_answers_change_not_one_byte_of_what_a_reviewer_gets(tmp_path):
    told = []
    for answers in (SECRET, ANSWERS):
        house = build(tmp_path)
        house.add("both", [Role.REVIEWER, Role.OWNER])
        house.analyse(answers=answers)
        house.ask()
        told.append(everything(house, "both"))
        house.console.close()
    assert told[0] == told[1]


def test_all_is_shown_once_the_reviewers_own_answer_is_there(house):
    house.analyse(answers=SECRET)
    house.ask()
    assert "ZzLabel" not in str(everything(house, "all"))
    answer_blind(house, "all")
    assert "ZzLabel" in str(everything(house, "all"))


@pytest.mark.parametrize("is_drawn_for_a_second_look", [True, False])
def test_another_persons_answer_opens_only_what_nobody_is_asked_about_again(house, is_drawn_for_a_second_look):
    salts = map(str, count())
    salt = next(each for each in salts if is_drawn(each, "Person", URI) is is_drawn_for_a_second_look)
    accuracy = replace(house.world.services.accuracy, salt=salt)
    house.world.services = replace(house.world.services, accuracy=accuracy)
    house.console.services = house.world.services
    house.analyse(answers=SECRET)
    house.ask()
    answer_blind(house, "somebody else")
    seen = str(everything(house, "all"))
    assert is_drawn_for_a_second_look is ("ZzLabel" not in seen)
    assert is_drawn_for_a_second_look is ("somebody else" not in seen)
    answer_blind(house, "all")
    assert "ZzLabel" in str(everything(house, "all"))


def test_a_volunteered_answer_opens_nothing_and_cannot_be_given_while_the_review_asks(house):
    house.analyse(answers=SECRET)
    house.ask()
    form = {"id": URI, "label": "Person", "answer": "absent", "content": "f" * 64}
    answer = house.client("all").post("/image/verdict", data=form, headers=FROM_HERE)
    assert 403 == answer.status_code
    assert [] == house.world.verdicts.of_image(URI)
    body = {"image_id": URI, "label": "Person", "answer": "absent"}
    call = house.client().post("/api/v1/verdicts", json=body, headers=house.token("all", Role.OWNER))
    assert 200 != call.status_code


def test_a_question_about_other_bytes_hides_nothing(house):
    house.analyse(answers=SECRET)
    house.ask(content="other bytes")
    assert "ZzLabel" in str(everything(house, "all"))


def give(house, name="all", **form):
    sha256 = house.world.images.get(URI).content.sha256
    given = {"id": URI, "label": "Person", "answer": "absent", "content": sha256} | form
    return house.client(name).post("/image/verdict", data=given, headers=FROM_HERE)


def test_who_disagrees_says_so_and_it_counts_for_no_figure(looked_at):
    answer = give(looked_at)
    assert 303 == answer.status_code
    (kept,) = looked_at.world.verdicts.of_image(URI)
    assert ("all", Word.ABSENT, Source.VOLUNTEERED) == (
        kept.verdict.reviewer,
        kept.verdict.answer,
        kept.verdict.source,
    )
    assert "Kept: absent" in looked_at.client("all").get(answer.headers["location"]).text


def test_a_blind_answer_is_not_written_over(looked_at):
    looked_at.ask()
    answer_blind(looked_at, "all")
    before = looked_at.world.verdicts.of_image(URI)
    answer = give(looked_at)
    assert 409 == answer.status_code
    assert before == looked_at.world.verdicts.of_image(URI)


WRONG = [{"answer": "perhaps"}, {"label": "Unicorn"}, {"content": "f" * 64}, {"id": "nonsense"}, {"id": uri_of("99")}]


@pytest.mark.parametrize("form", WRONG)
def test_a_verdict_that_cannot_be_kept_is_refused(looked_at, form):
    assert give(looked_at, **form).status_code in {404, 422}
    assert [] == looked_at.world.verdicts.of_image(URI)


def test_a_day_is_read_page_by_page_without_gap_or_double(house):
    uris = [uri_of(f"{second:02}", camera) for second in range(5) for camera in ("yard", "gate")]
    for uri in uris:
        house.analyse(uri)
    header = house.token("owner", Role.OWNER)
    listed, cursor = [], None
    for _ in range(20):
        params = {"day": DAY, "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = house.client().get("/api/v1/images", params=params, headers=header).json()
        listed += [each["image_id"] for each in page["images"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert len(listed) == len(set(listed))
    assert set(uris) == set(listed)
    assert listed == sorted(listed, key=lambda uri: uri.rpartition("-")[2], reverse=True)


@pytest.mark.parametrize(
    ("params", "is_listed"),
    [
        ({"label": "person"}, True),
        ({"label": "pers"}, False),
        ({"label": "Plant", "at_least": "70"}, False),
        ({"text": "ab 1"}, True),
        ({"text": "xyz"}, False),
        ({"label": "Person", "text": "AB"}, True),
        ({"camera": "gate"}, False),
        ({"label": ""}, False),
    ],
)
def test_images_are_listed_by_label_text_and_confidence(looked_at, params, is_listed):
    header = looked_at.token("owner", Role.OWNER)
    page = looked_at.client().get("/api/v1/images", params={"day": DAY, **params}, headers=header).json()
    assert ([URI] if is_listed else []) == [each["image_id"] for each in page["images"]]


def test_one_image_is_given_with_boxes_and_attributes(looked_at):
    header = looked_at.token("owner", Role.OWNER)
    facts = looked_at.client().get("/api/v1/image", params={"id": URI}, headers=header).json()
    assert ("complete", "yard", f"{DAY}T11:00:01Z") == (facts["state"], facts["camera"], facts["taken_at"])
    (person, plant) = facts["features"]["labels"]["detections"]
    assert [{"left": 0.25, "top": 0.5, "width": 0.125, "height": 0.25}] == person["boxes"]
    assert [] == plant["boxes"]
    assert "line" == facts["features"]["text"]["detections"][0]["attributes"]["type"]


def test_dead_letters_are_read_page_by_page_and_redriven_once(house):
    uris = [uri_of(f"{second:02}") for second in range(5)]
    for uri in uris:
        house.world.put(uri, b"no picture")
        house.world.add(uri)
    house.world.run()
    header, client = house.token("operator", Role.OPERATOR), house.client()
    listed, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/dead-letters", params=params, headers=header).json()
        listed += page["dead_letters"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert sorted(uris) == [each["image_id"] for each in listed]
    assert {"the content must be a picture, whatever its name says"} == {each["rule"] for each in listed}
    ids = [listed[0]["id"], listed[1]["id"], "NotAnImage#nothing"]
    done = client.post("/api/v1/dead-letters/redrive", json={"ids": ids}, headers=header).json()
    assert {"sent": 2, "closed": 0, "refused": 0, "unknown": 1} == done
    assert uris[:2] == [step.args[0] for step in house.world.sent]
    assert ["redriven", "redrive"] == [act.what for act in house.world.users.acts()]
