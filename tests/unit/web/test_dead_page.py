"""Dead letters: by error, page by page, redriven or closed once, after a page that says what that does."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import Exhausted, NotAnImage, Unavailable
from sightline.storage.dead_letters import CLOSED_LETTERS_LAST, DeadLetter
from sightline.testing.fake import picture, uri_of
from tests.unit.web.house import FROM_HERE
from tests.unit.web.test_budgets import Counting

ERROR = "NotAnImage"


def letter(house, subject, error=ERROR, *, image=True, **changed):
    now = house.world.clock.now
    made = DeadLetter(
        error,
        subject,
        NotAnImage.rule,
        NotAnImage.remedy,
        "ingest_image",
        {"uri": subject},
        now,
        now,
        image_id=subject if image else None,
    )
    house.world.operations.dead_letters.write(replace(made, **changed))
    return made


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def picks_of(answer):
    return re.findall(r'name="pick" value="(\w+)"', answer.text)


def fields_of(answer):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text)) | {
        "pick": picks_of(answer)
    }


def open_letters(house):
    return [each.subject for each in house.world.operations.dead_letters.read()]


@pytest.fixture
def refused(house):
    """Return a house with five images that were refused, of two cameras, and a message that names none."""
    for second in range(5):
        uri = uri_of(f"{second:02}", "gate" if second > 3 else "yard")
        house.world.put(uri, b"no picture")
        house.world.add(uri)
    house.world.run()
    letter(house, "nonsense", "InvalidUri", image=False, rule="it must be a URI", remedy="Mend it")
    return house


def test_what_to_do_is_said_in_the_words_of_the_pages_buttons(house):
    letter(house, "s3://frames/yard/1.jpg", "Exhausted", rule=Exhausted.rule, remedy=Exhausted.remedy)
    for page in ("/dead", "/dead?error=Exhausted"):
        said = text_of(house.client("operator").get(page))
        assert ("Fix the cause; then redrive it ." in said, "sightline dead" in said) == (True, False)


def test_each_group_says_rule_and_remedy_once_and_its_cameras(refused):
    page = refused.client("operator").get("/dead")
    said = text_of(page)
    assert 1 == said.count(NotAnImage.remedy)
    assert "NotAnImage 5, the newest 2044-05-17" in said
    assert "yard 4, gate 1" in said
    assert "no camera 1" in said


def test_without_dead_letters_the_page_says_so(house):
    assert "There is none: no input was refused." in text_of(house.client("operator").get("/dead"))
    assert "There is none." in text_of(house.client("operator").get("/dead", params={"error": ERROR}))


def test_a_group_is_read_page_by_page(house):
    for number in range(120):
        letter(house, f"s3://frames/yard/{number:03}.jpg")
    client, address, seen = house.client("operator"), f"/dead?error={ERROR}", []
    while address:
        page = client.get(address)
        found = re.findall(r"<p><bdi>(s3://[^<]+)</bdi></p>", page.text)
        assert len(found) in {50, 20}
        seen += found
        address = next(iter(re.findall(r'rel="next"[^>]* href="([^"]+)"', page.text)), "").replace("&amp;", "&")
    assert [f"s3://frames/yard/{number:03}.jpg" for number in range(120)] == seen


def test_what_is_chosen_is_redriven_after_a_page_that_says_what_it_costs(refused):
    client = refused.client("operator")
    two = picks_of(client.get("/dead", params={"error": ERROR}))[:2]
    confirm = client.get("/dead/confirm", params={"act": "redrive", "error": ERROR, "pick": two})
    assert "Redrive 2 dead letters" in text_of(confirm)
    assert "2 images are looked at again; at most 0.0060 USD" in text_of(confirm)
    done = client.post("/dead/redrive", data=fields_of(confirm), headers=FROM_HERE)
    assert 303 == done.status_code
    assert "2 sent again" in text_of(client.get(done.headers["location"]))
    sent = [step.args[0] for step in refused.world.sent]
    assert 2 == len(sent)
    ended, begun = refused.world.users.acts(limit=2)
    assert ("redriven", {"sent": 2, "act": begun.details["act"]}) == (ended.what, ended.details)
    assert ("redrive", sorted(f"{ERROR}#{uri}" for uri in sent)) == (begun.what, sorted(begun.details["ids"]))


def test_a_form_that_is_sent_twice_sends_nothing_twice(refused):
    client = refused.client("operator")
    form = fields_of(client.get("/dead/confirm", params={"act": "redrive", "error": ERROR, "whole": "1"}))
    codes = [client.post("/dead/redrive", data=form, headers=FROM_HERE).status_code for _ in range(2)]
    assert [303, 409] == codes
    assert 5 == len(refused.world.sent)
    again = fields_of(client.get("/dead/confirm", params={"act": "redrive", "error": ERROR, "whole": "1"}))
    assert again["once"] != form["once"]


def test_a_form_whose_work_failed_may_be_sent_again(refused):
    client, services = refused.client("operator"), refused.console.services
    form = fields_of(client.get("/dead/confirm", params={"act": "redrive", "error": ERROR, "whole": "1"}))

    class Away:
        def __getattr__(self, name):
            raise Unavailable("DynamoDB")

    refused.console.services = replace(services, images=Away())
    assert 503 == client.post("/dead/redrive", data=form, headers=FROM_HERE).status_code
    refused.console.services = services
    assert 303 == client.post("/dead/redrive", data=form, headers=FROM_HERE).status_code
    assert 5 == len(refused.world.sent)


def test_what_names_no_image_is_told_and_what_is_complete_is_closed(refused):
    client = refused.client("operator")
    confirm = client.get("/dead/confirm", params={"act": "redrive", "error": "InvalidUri", "whole": "1"})
    assert "0 images are looked at again" in text_of(confirm)
    assert "1 names no image" in text_of(confirm)
    done = client.post("/dead/redrive", data=fields_of(confirm), headers=FROM_HERE)
    assert "1 names no image and stays open" in text_of(client.get(done.headers["location"]))
    refused.analyse(uri_of("31"), data=picture(31))
    letter(refused, uri_of("31"), "EmptyImage")
    confirm = client.get("/dead/confirm", params={"act": "redrive", "error": "EmptyImage", "whole": "1"})
    done = client.post("/dead/redrive", data=fields_of(confirm), headers=FROM_HERE)
    assert "1 closed" in text_of(client.get(done.headers["location"]))


def test_what_is_closed_needs_a_reason_which_the_log_keeps(refused):
    client = refused.client("operator")
    confirm = client.get("/dead/confirm", params={"act": "close", "error": "InvalidUri", "whole": "1"})
    form = fields_of(confirm)
    assert 422 == client.post("/dead/close", data=form | {"reason": "  "}, headers=FROM_HERE).status_code
    assert "nonsense" in open_letters(refused)
    done = client.post("/dead/close", data=form | {"reason": "the sender is mended"}, headers=FROM_HERE)
    assert "1 closed" in text_of(client.get(done.headers["location"]))
    assert "nonsense" not in open_letters(refused)
    ended, begun = refused.world.users.acts(limit=2)
    assert ("closed", "close", "the sender is mended") == (ended.what, begun.what, begun.details["reason"])
    assert "InvalidUri" not in text_of(client.get("/dead"))
    closed = text_of(client.get("/dead", params={"error": "InvalidUri", "closed": "1"}))
    assert "nonsense" in closed
    assert (
        404 == client.post("/dead/close", data=form | {"reason": "x", "once": "0" * 26}, headers=FROM_HERE).status_code
    )


def test_a_filter_takes_letters_of_a_camera_and_of_days(refused):
    client = refused.client("operator")
    day = f"{refused.world.clock.now:%Y-%m-%d}"
    for params, number in (
        ({"camera": "gate"}, 1),
        ({"camera": "*"}, 5),
        ({"camera": ""}, 0),
        ({"since": day}, 5),
        ({"until": day}, 5),
        ({"since": "2044-12-24"}, 0),
        ({"until": "2026-01-01"}, 0),
    ):
        assert number == len(picks_of(client.get("/dead", params={"error": ERROR} | params))), params
    whole = {"act": "redrive", "error": ERROR, "camera": "gate", "whole": "1"}
    assert 1 == len(picks_of(client.get("/dead/confirm", params=whole)))


def test_a_filter_looks_through_so_many_and_the_next_page_goes_on(house):
    for number in range(620):
        letter(house, f"s3://frames/{'yard' if number > 610 else 'gate'}/2026-11-02/{number:03}.jpg")
    client = house.client("operator")
    page = client.get("/dead", params={"error": ERROR, "camera": "yard"})
    assert "None of these" in text_of(page)
    (address,) = re.findall(r'rel="next"[^>]* href="([^"]+)"', page.text)
    assert 9 == len(picks_of(client.get(address.replace("&amp;", "&"))))
    whole = {"act": "redrive", "error": ERROR, "camera": "yard", "whole": "1"}
    assert "The filter takes none of the first 500" in text_of(client.get("/dead/confirm", params=whole))


def test_closed_letters_behind_many_open_ones_are_found_page_by_page_by_a_bounded_read(house):
    for number in range(1_203):
        letter(house, f"s3://frames/yard/2026-11-02/{number:04}.jpg")
    for number in (3, 1_200, 1_202):
        house.world.operations.dead_letters.close(f"{ERROR}#s3://frames/yard/2026-11-02/{number:04}.jpg")
    client, pages = house.client("operator"), 0
    found: list[str] = []
    address: str | None = f"/dead?error={ERROR}&closed=1"
    while address is not None:
        page, pages = client.get(address), pages + 1
        found += re.findall(r"/(\d{4})\.jpg</bdi>", page.text)
        after = re.findall(r'rel="next"[^>]* href="([^"]+)"', page.text)
        address = after[0].replace("&amp;", "&") if after else None
        if pages == 2:
            assert "None of the letters that were looked through was closed" in text_of(page)
    assert (["0003", "1200", "1202"], 3) == (found, pages)
    of_api: list[int] = []
    asked = {"closed": "1"}
    for _ in range(3):
        called = client.get("/api/v1/dead-letters", params=asked).json()
        of_api.append(len(called["dead_letters"]))
        asked["cursor"] = called["cursor"]
    assert ([1, 0, 2], None) == (of_api, called["cursor"])
    house.world.clock.move(CLOSED_LETTERS_LAST)
    assert [] == house.client("operator").get("/api/v1/dead-letters", params={"closed": "1"}).json()["dead_letters"]


def test_of_many_the_first_are_done_and_the_page_says_so(house):
    for number in range(205):
        letter(house, f"s3://frames/yard/2026-11-02/{number:03}.jpg")
    client = house.client("operator")
    confirm = client.get("/dead/confirm", params={"act": "close", "error": ERROR, "whole": "1"})
    assert "These are the first 200" in text_of(confirm)
    client.post("/dead/close", data=fields_of(confirm) | {"reason": "a test"}, headers=FROM_HERE)
    assert [f"s3://frames/yard/2026-11-02/{number}.jpg" for number in range(200, 205)] == open_letters(house)


def test_a_page_of_ten_thousand_letters_is_one_read(house):
    for number in range(10_000):
        letter(house, f"s3://frames/yard/{number:05}.jpg")
    client = house.client("operator")
    client.get("/dead")
    counts: Counter[str] = Counter()
    services = house.console.services
    counting = replace(
        services.operations, dead_letters=Counting("dead_letters", services.operations.dead_letters, counts)
    )
    house.console.services = replace(services, operations=counting, images=Counting("images", services.images, counts))
    page = client.get("/dead", params={"error": ERROR})
    assert "10,000 open" in text_of(page)
    assert 50 == len(picks_of(page))
    assert {"dead_letters.walk": 1} == counts


def test_pictures_are_shown_to_owners_alone(refused):
    uri = uri_of("31")
    refused.analyse(uri, data=picture(31))
    letter(refused, uri, "EmptyImage")
    for who, number in (("operator", 0), ("all", 1)):
        page = refused.client(who).get("/dead", params={"error": "EmptyImage"})
        assert (number, number) == (page.text.count("<img"), page.text.count('href="/image?id='))


@pytest.mark.parametrize("what", [{}, {"pick": "x" * 16}])
def test_nothing_chosen_does_nothing(refused, what):
    client = refused.client("operator")
    answer = client.get("/dead/confirm", params={"act": "redrive", "error": ERROR} | what)
    assert answer.status_code == (200 if what else 422)
    form = {"error": ERROR, "once": "0" * 26, "pick": "x" * 16}
    assert 404 == client.post("/dead/redrive", data=form, headers=FROM_HERE).status_code
    assert not refused.world.sent


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{7*7}}", "a\u202egpj.exe", "x" * 1024, "é" * 512, "\ud800"]
)
def test_hostile_names_are_shown_as_text_and_can_be_chosen(house, name):
    subject = f"s3://frames/yard/{name}"[:1040]
    letter(house, subject, message={name: [name]})
    house.world.clock.move(timedelta(minutes=2))
    client = house.client("operator")
    listed = client.get("/dead", params={"error": ERROR})
    confirm = client.get("/dead/confirm", params={"act": "close", "error": ERROR, "pick": picks_of(listed)})
    for page in (client.get("/dead"), listed, confirm):
        assert 200 == page.status_code
        assert "<script>alert" not in page.text
        assert "\u202e" not in page.text
    readable = name.replace("\ud800", "?")
    form = fields_of(confirm) | {"reason": readable[:300]}
    done = client.post("/dead/close", data=form, headers=FROM_HERE)
    assert "1 closed" in text_of(client.get(done.headers["location"]))
    assert 200 == client.get("/dead", params={"error": readable[:200]}).status_code


def test_a_video_is_redriven_at_the_price_of_the_frames_that_were_agreed_to(house):
    video = "s3://frames/yard/MDAlarm_20261102-110000.mp4"
    house.world.put(video, b"no video")
    house.world.add_video(video, most_frames=4)
    house.world.run()
    letter(house, "s3://frames/yard/never.mp4", "NotAVideo", step="take_frames")
    confirm = house.client("operator").get(
        "/dead/confirm", params={"act": "redrive", "error": "NotAVideo", "whole": "1"}
    )
    assert "4 images are looked at again; at most 0.01 USD" in text_of(confirm)
    assert "1 names no image" in text_of(confirm)
    house.client("operator").post("/dead/redrive", data=fields_of(confirm), headers=FROM_HERE)
    assert [("take_frames", video)] == [(step.task, step.args[0]) for step in house.world.sent]
