"""The page of what is new: it shows visits, marks what it has shown, and takes a mark back."""

import re
from datetime import timedelta

from sightline.models.answers import Answer, Detection
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
    assert re.search(r"The last picture: <a [^>]*><bdi>\w+</bdi>, <time", after)
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
    assert '<details class="late" open>' in prompt, "open: “All seen” marks what was shown"
    assert "Nothing new" in client.get(press(client, "/new/seen", html).headers["location"]).text


def chosen_of(html):
    """Return what the boxes of the visits send, in the order of the page."""
    return re.findall(r'name="chosen" value="([^"]*)"', html)


def choose(client, html, visits, query=""):
    data = fields_of(html) | {"what": "chosen", "chosen": visits}
    return client.post(f"/new/seen{query}", data=data, headers=FROM_HERE)


def test_what_was_chosen_is_seen_and_the_rest_stays_new(house):
    for camera in ("yard", "gate", "barn"):
        for second in ("01", "02"):
            house.analyse(uri_of(second, camera))
    settled(house)
    client = house.client("owner")
    html = client.get("/new").text
    first, *others = sorted(chosen_of(html), key=lambda each: min(each.split()))
    assert 3 == len(chosen_of(html))
    marked = choose(client, html, [others[0]])
    assert "2 pictures marked as seen" in client.get(marked.headers["location"]).text
    assert sorted([first, others[1]]) == sorted(chosen_of(client.get("/new").text))
    choose(client, client.get("/new").text, [first])
    house.world.clock.move(timedelta(minutes=20))  # nothing may come between any more: the mark moves on
    choose(client, client.get("/new").text, [others[1]])
    assert "Nothing new" in client.get("/new").text
    look = house.world.users.look("owner")
    assert (frozenset(), True) == (look.shown, look.position >= max(others[1].split()))


def test_nothing_chosen_marks_nothing(looked_at):
    settled(looked_at)
    client = looked_at.client("owner")
    html = client.get("/new").text
    for visits in ([], ["0" * 26]):
        assert 422 == choose(client, html, visits).status_code
    assert looked_at.world.users.look("owner") is None


def test_a_limited_page_marks_what_it_shows_alone_and_leads_back_to_itself(house):
    for camera in ("yard", "gate", "yard"):
        house.analyse(uri_of("01" if camera == "gate" else f"0{len(house.world.detector.asked) % 7}", camera))
    settled(house)
    client = house.client("owner")
    html = client.get("/new?camera=gate&label=person&at_least=90").text
    assert 1 == html.count("data-pictures=")
    chips = re.findall(r'<li><a href="([^"]*)"><bdi>(camera|label)', html)
    assert [("/new?label=person&amp;at_least=90", "camera"), ("/new?camera=gate", "label")] == chips
    (action,) = re.findall(r'action="(/new/seen[^"]*)"', html)
    marked = client.post(action.replace("&amp;", "&"), data=fields_of(html), headers=FROM_HERE).headers["location"]
    assert marked.startswith("/new?camera=gate&label=person&at_least=90&seen=")
    assert "none shows <bdi>person</bdi>" in client.get(marked).text
    assert "gate" not in client.get("/new").text.partition("</main>")[0].partition("Show</button>")[2]
    assert "yard" in client.get("/new").text


def test_near_misses_are_counted_and_listed_without_those_of_the_review(house):
    for second, percent in (("01", 97.5), ("20", 49.5), ("40", 20.0)):
        house.analyse(uri_of(second), {"labels": Answer((Detection("Person", percent),), "m-1", 10.0)})
    settled(house)
    assert "2 near misses" in house.client("owner").get("/new").text
    html = house.client("owner").get("/new?only=near").text
    assert ["2"] == re.findall(r'data-pictures="(\d+)"', html)
    house.ask(uri_of("20"))
    both = house.client("all")
    assert "1 near miss<" in both.get("/new").text
    assert uri_of("20").rsplit("/", 1)[1] not in both.get("/new?only=near").text
