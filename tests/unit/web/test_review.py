"""The review: blind until its batch is closed, one verdict for the right image, and nothing edited afterwards."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from sightline.errors import Unavailable
from sightline.models.answers import Answer as Found
from sightline.models.answers import Detection
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.services.review_batches import BATCH
from sightline.services.rollups.run import RollUp
from sightline.stats.verdicts import Answer, Source
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.users.batches import HOLDS_LAST
from sightline.storage.users.protocol import Role, UserChange
from sightline.testing.fake import FakeSightline, picture, uri_of
from tests.unit.web.house import DAY, FROM_HERE, PLACES_OF_ARRIVAL, build
from tests.unit.web.known import POLICY, keep, know

URIS = [uri_of(f"{second:02}") for second in range(6)]
MINUTE = timedelta(minutes=1)


def labels(percent):
    person = [Detection("Person", percent)] if percent else []
    return {"labels": Found((*person, Detection("ZzLabel", 43.21)), "m-1", 30.0)}


PERCENTS = (97.5, 87.65, 35.25, None, None, None)


@pytest.fixture
def yard(house):
    """Return a house with six images, two of which the detector found somebody in."""
    return filled(house)


def filled(house, percents=PERCENTS):
    for shade, (uri, percent) in enumerate(zip(URIS, percents, strict=True)):
        house.analyse(uri, labels(percent), picture(shade))
    for name in ("bob", "both"):
        house.add(name, [Role.REVIEWER] if name == "bob" else [Role.REVIEWER, Role.OWNER])
    return house


class Reviewer:
    """A reviewer's browser without script: it follows where it is led, and presses what is on the page."""

    def __init__(self, house, name="reviewer"):
        self.house, self.name, self.client = house, name, house.client(name)
        self.place, self.text, self.status, self.seen = "", "", 0, []

    def follow(self, answer):
        for _ in range(5):
            if answer.status_code != 303:
                break
            self.place = answer.headers["location"]
            answer = self.client.get(self.place)
        self.text, self.status = answer.text, answer.status_code
        self.seen.append((self.place, answer))
        return self

    def go(self, place):
        self.place = place
        return self.follow(self.client.get(place))

    def start(self, **form):
        return self.follow(self.client.post("/review", data={"label": "Person"} | form, headers=FROM_HERE))

    def button(self, word):
        """Return the address that the button of an answer sends the form to."""
        found = re.search(rf'formaction="([^"]*[?&;]answer={word}(?:&[^"]*)?)"', self.text)
        assert found, f"{word} is not on {self.place}"
        return found[1].replace("&amp;", "&")

    def press(self, word):
        self.house.world.clock.move(MINUTE)
        return self.follow(self.client.post(self.button(word), headers=FROM_HERE))

    def close(self):
        return self.follow(self.client.post(f"/review/{self.batch.batch_id}/done", headers=FROM_HERE))

    @property
    def batch(self):
        return self.house.world.users.batches.newest(self.name, 1)[0]

    @property
    def number(self):
        return int(urlsplit(self.place).path.rsplit("/", 1)[1])

    def image(self, number):
        return self.batch.picture(number).image_id


def given(house, uri=None):
    """Return who said what about which image."""
    kept = [each.verdict for uri in ([uri] if uri else URIS) for each in house.world.verdicts.of_image(uri)]
    return {(verdict.reviewer, verdict.image_id): (verdict.answer, verdict.source) for verdict in kept}


def test_each_answer_is_one_sampled_verdict_on_the_picture_that_was_shown(yard):
    reviewer, said = Reviewer(yard).start(), {}
    for answer in [Answer.PRESENT, Answer.ABSENT, Answer.UNSURE] * 2:
        said["reviewer", reviewer.image(reviewer.number)] = (answer, Source.SAMPLED)
        assert "answered" in reviewer.text
        reviewer.press(answer)
    assert said == given(yard)
    assert reviewer.place.endswith("/done")


@pytest.fixture
def houses(tmp_path):
    """Return two houses whose pictures are alike; what the detector found in them, and whose faces, is not."""
    policy = PeoplePolicy(POLICY.purpose, "consent", 30, ("yard",))
    made = []
    for number, percents in enumerate((PERCENTS, PERCENTS[::-1])):
        world = FakeSightline(people_policy=policy, known_people=KnownPeople(policy, 99.0))
        made.append(filled(build(tmp_path / str(number), world=world), percents))
        know(made[-1])
        for uri in URIS[: 1 + number]:
            keep(made[-1], uri)
    yield made
    for each in made:
        each.console.close()


UNIQUE = {"x-request-id", "server-timing"}


def walk(house, name):
    """Return every response that a reviewer gets before the reveal, without what differs by request."""
    reviewer = Reviewer(house, name)
    reviewer.start()
    for answer in ("present", "later", "absent", "unsure", "absent"):
        reviewer.press(answer)
        number = reviewer.number
        for place in (f"/look/{reviewer.batch.batch_id}/{number}/1280", f"/review/{reviewer.batch.batch_id}/{number}"):
            reviewer.go(place)
    batch_id = reviewer.batch.batch_id
    for place in (f"/review/{batch_id}/done", "/review/mine", "/", "/review", f"/review/{batch_id}/1", "/day"):
        reviewer.go(place)
    for uri in URIS:
        reviewer.go(f"/image?id={uri}")
        reviewer.go(f"/api/v1/image?id={uri}")
    RollUp(house.world.services).do(lambda: True)
    for place in ("/accuracy", "/agreement", "/review/second", "/review/people", "/api/v1/candidates"):
        reviewer.go(place)
    for place in ("/accuracy/accuracy.csv", "/api/v1/accuracy", "/api/v1/accuracy/thresholds", "/api/v1/agreement"):
        reviewer.go(f"{place}?window=1" if "accuracy" in place else place)
    for query in ("", "&label=Person", "&label=ZzLabel", "&label=Person&at_least=90"):
        reviewer.go(f"/api/v1/images?day={DAY}{query}")
    for place in ("/new", "/calendar?month=2026-11", "/day?label=Person", "/day?label=Person&at_least=90"):
        reviewer.go(place)
    house.world.clock.move(MINUTE)  # so that the feed's newest entries are read
    for query in ("", "?only=near", "?label=Person", "?label=Person&at_least=90"):
        reviewer.go(f"/new{query}")
        reviewer.go(f"/day{query}")
    return [said_by(place, answer, batch_id) for place, answer in reviewer.seen], reviewer


def said_by(place, answer, batch_id):
    headers = {name: value for name, value in answer.headers.items() if name not in UNIQUE}
    said = f"{answer.status_code} {PLACES_OF_ARRIVAL.sub('', answer.text)} {headers}"
    return place.replace(batch_id, "the batch"), said.replace(batch_id, "the batch").replace(
        answer.headers["x-request-id"], "the request"
    )


@pytest.mark.parametrize("name", ["reviewer", "both", "all"])
def test_with_the_detectors_answers_swapped_nothing_differs_before_the_reveal_and_all_is_there_after(houses, name):
    one, reviewer = walk(houses[0], name)
    other, _ = walk(houses[1], name)
    assert [] == [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]][:1]
    for word in ("Neil", "ZzLabel", "97.5", "98\N{NO-BREAK SPACE}%", "87.6", "43.21", "stratum"):
        assert [] == [place for place, said in one if word in said], word
    for number in reviewer.batch.waiting():
        reviewer.go(f"/review/{reviewer.batch.batch_id}/{number}").press("absent")
    after = reviewer.close().text
    assert "Neil" in reviewer.client.get("/api/v1/candidates").text
    assert "98\N{NO-BREAK SPACE}%" in after
    assert "stratum" in after


@pytest.mark.parametrize("place", ["review", "done", "mine"])
def test_no_page_of_the_review_names_an_object_before_the_reveal(yard, place):
    reviewer = Reviewer(yard).start().press("present")
    if place != "review":
        reviewer.go(f"/review/{reviewer.batch.batch_id}/done" if place == "done" else "/review/mine")
    assert "MDAlarm" not in reviewer.text
    assert "s3:" not in reviewer.text


def test_an_owners_page_hides_what_was_answered_until_the_batch_is_closed(yard):
    reviewer = Reviewer(yard, "both").start()
    uri = reviewer.image(reviewer.number)
    reviewer.press("absent")
    page, day = f"/image?id={uri}", "/day"
    assert "ZzLabel" not in reviewer.client.get(page).text + reviewer.client.get(day).text
    reviewer.close()
    assert "ZzLabel" in reviewer.client.get(page).text
    others = next(each for each in URIS if each != uri)
    assert "ZzLabel" not in reviewer.client.get(f"/image?id={others}").text


def test_a_reviewers_program_without_that_role_sees_no_more(yard):
    Reviewer(yard, "both").start()
    header = yard.token("both", Role.OWNER)
    answer = yard.client().get("/api/v1/images", params={"day": DAY}, headers=header)
    assert answer.status_code == 200
    assert "ZzLabel" not in answer.text
    assert (
        "ZzLabel" in yard.client().get("/api/v1/images", params={"day": DAY}, headers=yard.token("owner", "owner")).text
    )


def test_the_order_of_the_pictures_is_each_reviewers_own_and_not_the_queues(yard):
    orders = set()
    for name in ("reviewer", "bob", "both", "all"):
        reviewer = Reviewer(yard, name).start()
        orders.add(tuple(each.image_id for each in reviewer.batch.pictures))
        reviewer.close()
    assert len(orders) == 4


def test_two_reviewers_never_have_the_same_picture(yard):
    mine = Reviewer(yard).start().batch
    late = Reviewer(yard, "bob").start()
    assert (200, True) == (late.status, "what is left is in a batch that is open" in late.text)
    Reviewer(yard).close()
    theirs = late.start().batch
    assert {each.image_id for each in mine.pictures} == {each.image_id for each in theirs.pictures}


def test_what_others_hold_is_left_to_them_and_the_rest_is_asked(house):
    for second in range(BATCH + 5):
        house.analyse(uri_of(f"{second:02}"), labels(None), picture(second))
    house.add("bob", [Role.REVIEWER])
    mine, theirs = Reviewer(house).start().batch, Reviewer(house, "bob").start().batch
    assert [BATCH, 5] == [len(batch.pictures) for batch in (mine, theirs)]
    assert {each.image_id for each in mine.pictures}.isdisjoint(each.image_id for each in theirs.pictures)


def test_pictures_of_a_batch_that_was_left_lying_are_asked_of_others(yard):
    Reviewer(yard).start()
    yard.world.clock.move(HOLDS_LAST)
    assert len(URIS) == len(Reviewer(yard, "bob").start().batch.pictures)


def test_to_start_twice_is_to_go_on(yard):
    first = Reviewer(yard).start().press("present")
    second = Reviewer(yard).start()
    assert first.batch.batch_id in second.place
    assert first.number == second.number
    assert "Go on" in second.go("/review").text


def test_back_shows_the_answer_and_another_answer_takes_its_place(yard):
    reviewer = Reviewer(yard).start()
    first = reviewer.number
    reviewer.press("absent")
    (back,) = re.findall(r'data-key="z Backspace"[^>]*href="([^"]*)"', reviewer.text)
    reviewer.go(back)
    assert reviewer.number == first
    assert "You said: <strong>absent</strong>" in reviewer.text
    assert 1 == len(given(yard))
    reviewer.press("present")
    assert (Answer.PRESENT, Source.SAMPLED) == given(yard)["reviewer", reviewer.image(first)]
    assert 1 == len(given(yard))


def test_later_shows_a_picture_at_the_end_and_once(yard):
    reviewer = Reviewer(yard).start()
    first = reviewer.number
    reviewer.press("later")
    order = []
    for _ in URIS:
        order.append(reviewer.number)
        reviewer.press("absent")
    assert first == order[-1]
    assert len(set(order)) == len(URIS)
    assert "answer=later" not in reviewer.go(f"/review/{reviewer.batch.batch_id}/{first}").text


@pytest.mark.parametrize("second", ["present", "absent"])
def test_a_second_key_on_the_same_page_changes_nothing(yard, second):
    reviewer = Reviewer(yard).start()
    number, again = reviewer.number, reviewer.button(second)
    reviewer.press("present")
    reviewer.follow(reviewer.client.post(again, headers=FROM_HERE))
    assert {("reviewer", reviewer.image(number)): (Answer.PRESENT, Source.SAMPLED)} == given(yard)
    assert ("meanwhile" in reviewer.text) == (second == "absent")


def test_two_tabs_judge_the_pictures_that_they_show(yard):
    one, other = Reviewer(yard).start(), Reviewer(yard).start()
    stale = other.number
    one.press("present").press("absent")
    other.press("present")
    assert (Answer.PRESENT, Source.SAMPLED) == given(yard)["reviewer", other.image(stale)]
    assert 2 == len(given(yard))
    assert other.number == one.number


def test_an_answer_about_another_picture_than_the_one_shown_is_refused(yard):
    reviewer = Reviewer(yard).start()
    sent = reviewer.button("present")
    other = sent.replace(f"/{reviewer.number}?", f"/{reviewer.number + 1}?")
    assert 422 == reviewer.client.post(other, headers=FROM_HERE).status_code
    assert {} == given(yard)


def overwrite(house, uri, shade=200):
    house.world.buckets.put(ObjectUri.parse(uri), picture(shade))


def test_overwritten_bytes_are_never_shown_for_judging(yard):
    reviewer = Reviewer(yard).start()
    number = next(each for each in reviewer.batch.waiting() if each != reviewer.number)
    overwrite(yard, reviewer.image(number))
    reviewer.go(f"/review/{reviewer.batch.batch_id}/{number}")
    assert "overwritten or removed" not in reviewer.go("/review").text
    assert {number} == reviewer.batch.lost
    assert number not in reviewer.batch.waiting()


def test_an_answer_about_bytes_that_were_overwritten_since_is_dropped_and_told(yard):
    reviewer = Reviewer(yard).start()
    number = reviewer.number
    yard.analyse(reviewer.image(number), labels(None), picture(201))
    reviewer.press("present")
    assert "overwritten or removed" in reviewer.text
    assert reviewer.number != number
    assert {} == given(yard)


def test_nothing_is_edited_after_the_reveal(yard):
    reviewer = Reviewer(yard).start()
    number, change = reviewer.number, reviewer.button("absent")
    reviewer.press("present")
    open_page = reviewer.button("present")
    reviewer.close()
    before = given(yard)
    for sent in (change, open_page):
        assert reviewer.client.post(sent, headers=FROM_HERE).headers["location"].endswith("/done")
    assert reviewer.go(f"/review/{reviewer.batch.batch_id}/{number}").place.endswith("/done")
    assert before == given(yard)


def test_an_image_that_was_answered_in_an_earlier_batch_is_final(yard):
    reviewer = Reviewer(yard).start()
    uri = reviewer.image(reviewer.number)
    reviewer.press("present").close()
    batches, old = yard.world.users.batches, reviewer.batch
    stale = replace(old, batch_id="01ZZ", answers={}, closed_at=None, made_at=yard.world.clock.now + MINUTE)
    yard.world.clock.move(2 * MINUTE)
    batches.begin(stale)
    number = next(n for n in range(1, 7) if stale.picture(n).image_id == uri)
    reviewer.go(f"/review/01ZZ/{number}").press("absent")
    assert (Answer.PRESENT, Source.SAMPLED) == given(yard)["reviewer", uri]


def test_what_was_left_unanswered_stays_hidden_after_the_reveal(yard):
    reviewer = Reviewer(yard, "both").start()
    answered = reviewer.image(reviewer.number)
    reviewer.press("absent").close()
    assert 1 == reviewer.text.count("You: ")
    assert answered.rsplit("/", 1)[1] in reviewer.text
    assert all(uri.rsplit("/", 1)[1] not in reviewer.text for uri in URIS if uri != answered)


def test_the_end_waits_to_be_closed_and_then_counts_what_is_alike(yard):
    reviewer = Reviewer(yard).start()
    for _ in URIS:
        reviewer.press("absent")
    assert "Detector" not in reviewer.text
    reviewer.close()
    assert "The detector agrees with 4 of your 6 answers. The batch is closed" in reviewer.text


def test_answers_that_the_reviewer_had_seen_before_are_told_apart(yard):
    yard.world.users.change("both", change_to(Role.OWNER))
    for uri in URIS[:2]:
        yard.client("both").get("/image", params={"id": uri})
    yard.world.users.change("both", change_to(Role.OWNER, Role.REVIEWER))
    reviewer = Reviewer(yard, "both").start()
    for _ in URIS:
        reviewer.press("absent")
    assert "Of 2 of these pictures" in reviewer.close().text


def change_to(*roles):
    return UserChange(roles=frozenset(roles))


def test_nobody_opens_anothers_batch(yard):
    batch = Reviewer(yard).start().batch
    others = yard.client("bob")
    for place in (f"/review/{batch.batch_id}/1", f"/review/{batch.batch_id}/done", f"/look/{batch.batch_id}/1/320"):
        assert 404 == others.get(place).status_code
    sent = f"/review/{batch.batch_id}/1?answer=present&content={batch.pictures[0].content}"
    assert 404 == others.post(sent, headers=FROM_HERE).status_code
    assert 404 == others.post(f"/review/{batch.batch_id}/done", headers=FROM_HERE).status_code


def test_a_session_that_ends_leads_back_to_the_same_picture(yard):
    reviewer = Reviewer(yard).start().press("present")
    place = urlsplit(reviewer.place).path
    sent = reviewer.button("absent")
    yard.world.clock.move(yard.console.options.session_lasts)
    answer = reviewer.client.post(sent, headers=FROM_HERE)
    assert answer.headers["location"].startswith("/login")
    assert [place] == parse_qs(urlsplit(answer.headers["location"]).query)["next"]
    assert 1 == len(given(yard))
    assert place == Reviewer(yard).go(place).place


class Away:
    """A store that is away."""

    def __init__(self, name="pictures"):
        self._name = name

    def __getattr__(self, method):
        raise Unavailable(f"table {self._name}")


@pytest.mark.parametrize("name", ["verdicts", "users", "images"])
def test_a_store_that_is_away_keeps_the_answer_on_the_page(yard, name):
    reviewer = Reviewer(yard).start()
    number, sent, services = reviewer.number, reviewer.button("absent"), yard.console.services
    yard.console.services = replace(services, **{name: Away(name)})
    answer = reviewer.client.post(sent, headers=FROM_HERE)
    assert (503, "10") == (answer.status_code, answer.headers["retry-after"])
    assert "not saved yet: absent" in answer.text
    assert f"table {name}" in answer.text, "the page says which part is missing"
    assert {} == given(yard)
    yard.console.services = services
    (again,) = re.findall(r'action="(/review/[^"]*answer=[^"]*)"', answer.text)
    reviewer.follow(reviewer.client.post(again.replace("&amp;", "&"), headers=FROM_HERE))
    assert {("reviewer", reviewer.image(number)): (Answer.ABSENT, Source.SAMPLED)} == given(yard)
    assert "Saved: absent" in reviewer.text


def test_a_bucket_that_is_away_is_told_of_without_the_objects_name(yard):
    reviewer = Reviewer(yard).start()
    yard.console.thumbnails = Away()
    reviewer.go(f"/review/{reviewer.batch.batch_id}/{reviewer.number}")
    assert reviewer.status == 503
    assert "s3:" not in reviewer.text
    assert set() == reviewer.batch.lost


def test_the_pictures_address_says_nothing_and_its_bytes_are_a_small_jpeg(yard):
    reviewer = Reviewer(yard).start()
    answer = reviewer.client.get(f"/look/{reviewer.batch.batch_id}/{reviewer.number}/1280")
    assert (200, "image/jpeg") == (answer.status_code, answer.headers["content-type"])
    assert 404 == reviewer.client.get(f"/look/{reviewer.batch.batch_id}/{reviewer.number}/99").status_code
    assert 404 == reviewer.client.get(f"/look/{reviewer.batch.batch_id}/99/320").status_code


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"label": "Nothing"}, 422),
        ({"window": "28"}, 200),
        ({"window": "3"}, 422),
        ({"day": "tomorrow"}, 422),
        ({"camera": "nowhere"}, 200),
    ],
)
def test_a_start_that_cannot_be_is_told_and_asks_nothing(yard, form, status):
    assert Reviewer(yard).start(**form).status == status
    assert [] == yard.world.users.batches.newest("reviewer", 5)
    assert all(yard.world.verdicts.asked(uri, "Person") is None for uri in URIS)


def test_without_pictures_the_start_says_so(house):
    assert "there is no analysed picture" in Reviewer(house).start().text
    assert "nothing yet" in Reviewer(house).go("/review/mine").text


def test_answers_that_are_none_are_refused(yard):
    reviewer = Reviewer(yard).start()
    assert (
        422
        == reviewer.client.post(reviewer.button("present").replace("present", "maybe"), headers=FROM_HERE).status_code
    )
    assert {} == given(yard)


def test_a_camera_of_any_name_is_shown_as_text(house):
    house.analyse(uri_of("01", "<b>{{7*7}}"), labels(None), picture(1))
    text = Reviewer(house).start().text
    assert "<b>{{7*7}}" not in text
    assert "&lt;b&gt;{{7*7}}" in text
