"""The page of what is new: it shows visits, marks what it has shown, and takes a mark back."""

import re
from datetime import timedelta

from sightline.storage.users.protocol import Role
from sightline.testing.fake import uri_of
from tests.unit.web.house import FROM_HERE, URI, fields_of


def press(client, path, html):
    return client.post(path, data=fields_of(html), headers=FROM_HERE)


def settled(house):
    """Let entries of the feed become old enough to be read."""
    house.world.clock.move(timedelta(seconds=10))


def test_pictures_stand_in_visits_with_a_cover(house):
    for second in ("01", "02", "03"):
        house.analyse(uri_of(second))
    house.analyse(uri_of("04", "gate"))
    settled(house)
    html = house.client("owner").get("/new").text
    assert ["1", "3"] == sorted(re.findall(r'data-pictures="(\d+)"', html))
    assert 2 == html.count("<img ")


def test_what_was_shown_is_seen_by_this_user_alone_and_undo_brings_it_back(looked_at):
    looked_at.add("bob", [Role.OWNER])
    settled(looked_at)
    ann, bob = looked_at.client("owner"), looked_at.client("bob")
    marked = press(ann, "/new/seen", ann.get("/new").text)
    assert 303 == marked.status_code
    after = ann.get(marked.headers["location"]).text
    assert ("Nothing new" in after, "Undo" in after) == (True, True)
    assert "data-pictures" in bob.get("/new").text
    press(ann, "/new/undo", after)
    assert "data-pictures" in ann.get("/new").text


def test_looking_marks_nothing(looked_at):
    settled(looked_at)
    client = looked_at.client("owner")
    assert client.get("/new").text.count("data-pictures") == client.get("/new").text.count("data-pictures") == 1


def test_what_arrives_after_the_page_was_opened_is_still_new(looked_at):
    settled(looked_at)
    client = looked_at.client("owner")
    opened = client.get("/new").text
    looked_at.analyse(uri_of("30", "gate"))
    press(client, "/new/seen", opened)
    settled(looked_at)
    html = client.get("/new").text
    assert ("gate" in html, URI in html) == (True, False)


def test_what_was_found_is_hidden_from_a_reviewer_who_is_asked(looked_at):
    looked_at.ask()
    settled(looked_at)
    assert "Person" in looked_at.client("owner").get("/new").text
    html = looked_at.client("all").get("/new").text
    assert ("Person" in html, "in review" in html) == (False, True)


def test_a_page_cannot_mark_what_is_still_to_come(looked_at):
    settled(looked_at)
    client = looked_at.client("owner")
    given = fields_of(client.get("/new").text)
    for change in ({"until": "7" + "Z" * 25}, {"read_at": "2099-01-01T00:00:00+00:00"}, {"positions": "x"}):
        assert 422 == client.post("/new/seen", data=given | change, headers=FROM_HERE).status_code, change


def test_what_arrived_long_after_it_was_taken_is_told_apart_and_marked_with_the_rest(house):
    now = house.world.clock.now - timedelta(minutes=5)
    house.analyse(f"s3://frames/yard/{now:%Y-%m-%d}/Hour-{now:%H}/snap/MDAlarm_{now:%Y%m%d-%H%M%S}.jpg")
    house.analyse(uri_of("01", "gate"))
    settled(house)
    client = house.client("owner")
    html = client.get("/new").text
    prompt, late = html.split("Came late or was looked at again: 1 visit")
    assert (1, 1) == (prompt.count("data-pictures"), late.count("data-pictures"))
    assert "<bdi>gate</bdi>" in late.split("</main>", maxsplit=1)[0]
    assert '<details class="late">' in prompt, "closed, if something else is new"
    assert "Nothing new" in client.get(press(client, "/new/seen", html).headers["location"]).text
