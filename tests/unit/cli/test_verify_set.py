"""`sightline verify-set`. The post's three bugs are here by name: see the tests that begin with `the_post`."""

import io
import json
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from sightline.cli.paying import UNPAID
from sightline.errors import AccessDenied, InvalidParameter, OutcomeUnknown, Throttled
from sightline.models.answers import Answer, Detection
from sightline.rekognition.preflight import MAX_BYTES_IN_S3
from sightline.storage.buckets.protocol import ObjectUri, walk
from sightline.testing.fake import ScriptedDetector

BUCKET = "sets"
SET = f"s3://{BUCKET}/dogs/"
ASIDE = f"s3://{BUCKET}/aside/"
PARENTS = {"Dog": ["Animal"], "Cat": ["Animal"]}


def picture_of(*names, seed=0):
    """Draw a picture that holds in a comment what is to be seen in it."""
    image = Image.new("RGB", (120, 90), (40, 90, 60))
    pen = ImageDraw.Draw(image)
    for number in range(12):
        x, y = (seed * 97 + number * 131) % 100, (seed * 61 + number * 71) % 70
        pen.rectangle((x, y, x + 18, y + 18), fill=((seed * 13 + number * 37) % 256, number * 20, 200 - number * 9))
    file = io.BytesIO()
    image.save(file, "JPEG", comment=json.dumps(names).encode(), quality=90)
    return file.getvalue()


class Reading(ScriptedDetector):
    """Sees what a picture's comment says, unless its script says otherwise."""

    def analyse_bytes(self, feature, parameters, data):
        if self.script:
            return super().analyse_bytes(feature, parameters, data)
        self.asked.append((feature.name, f"{len(data)} bytes"))
        with Image.open(io.BytesIO(data)) as image:
            names = json.loads(image.info["comment"])
        parents = {parent for name in names for parent in PARENTS.get(name, ())}
        found = (Detection(name, 95.0, None, {"parents": PARENTS.get(name, [])}) for name in [*names, *sorted(parents)])
        return Answer(tuple(found), "test-1", cut_percent=30.0)


@pytest.fixture
def world(world):
    """Give a sightline whose detector reads comments, and a set of ten dogs."""
    world.buckets.create(BUCKET)
    world.detector = Reading()
    world.services = replace(world.make_services(world.plan), detector=world.detector)
    for number in range(10):
        world.put(f"{SET}{number:02}.jpg", picture_of("Dog", seed=number))
    return world


@pytest.fixture
def verify(run):
    """Run it with an example, and read its JSON."""

    def verify(*arguments, code=0):
        result = run("verify-set", SET, "--like", f"{SET}00.jpg", *arguments, "--yes", "--json")
        assert code == result.exit_code, result.stderr
        return json.loads(result.stdout)

    return verify


def outcomes(report):
    """Return the key's last part and the outcome of what does not fit."""
    return {each["uri"].removeprefix(SET): each["outcome"] for each in report["images"] if each["outcome"] != "fits"}


def holds(world):
    """Return everything in the bucket."""
    found = [world.buckets.get(each.uri) for each in walk(world.buckets, BUCKET, "")]
    return {head.uri.key: (data, head.metadata, head.headers) for head, data in found}


def test_the_posts_bug_one_shared_generic_label_passes_a_wrong_picture(world, verify):
    world.put(f"{SET}cat.jpg", picture_of("Cat", seed=20))
    assert {"cat.jpg": "stray"} == outcomes(verify())


def test_the_posts_bug_a_throttled_call_is_taken_for_a_stray_or_ends_the_run(world, verify):
    verify()
    for number in range(10, 13):
        world.put(f"{SET}{number}.jpg", picture_of("Dog", seed=number))
    world.detector.script.extend([Throttled("DetectLabels")] * 9)
    assert dict.fromkeys(["10.jpg", "11.jpg", "12.jpg"], "unjudged") == outcomes(verify(code=1))
    assert {} == outcomes(verify())


def test_the_posts_bug_one_broken_file_ends_the_run(world, verify):
    world.put(f"{SET}broken.jpg", picture_of("Dog", seed=30)[:900])
    world.put(f"{SET}empty.jpg", b"")
    world.put(f"{SET}page.jpg", b"<html>not found</html>")
    report = verify()
    assert dict.fromkeys(["broken.jpg", "empty.jpg", "page.jpg"], "unreadable") == outcomes(report)
    assert {"EmptyImage", "NotAnImage", "TruncatedImage"} == {
        each["because"].split(":")[0] for each in report["images"] if each["outcome"] == "unreadable"
    }


def test_a_set_of_more_than_one_page_is_read_whole(world, verify):
    small = picture_of("Dog", seed=1)
    for number in range(1_001):
        world.put(f"{SET}many/{number:04}.jpg", small)
    report = verify()
    assert (1_011, 0) == (report["counts"]["fits"], report["counts"]["stray"])


def test_people_are_told_from_strays(world, verify):
    world.put(f"{SET}both.jpg", picture_of("Dog", "Person", seed=21))
    world.put(f"{SET}boat.jpg", picture_of("Boat", seed=22))
    assert {"both.jpg": "unwanted", "boat.jpg": "stray"} == outcomes(verify("--without", "Person"))


def test_duplicates_are_named(world, verify):
    world.put(f"{SET}copy.jpg", picture_of("Dog", seed=3))
    [group] = verify()["duplicates"]
    first, copy = f"{SET}03.jpg", f"{SET}copy.jpg"
    assert {"exact": True, "uris": [first, copy], "same_bytes_as": {copy: first}} == group


def test_nothing_is_paid_twice(world, verify):
    first = verify()
    assert (10, 0.01) == (first["calls"], first["usd"])
    world.put(f"{SET}copy.jpg", picture_of("Dog", seed=3))
    second = verify()
    assert (0, 0.0) == (second["calls"], second["usd"])
    assert 10 == len(world.detector.asked)
    assert {("labels", "answered"): 10, ("labels", "cost_micro_usd"): 10_000} == world.operations.usage.calls(
        "2044-05-17", "2044-05-17"
    )


def test_what_a_worker_has_paid_for_is_not_paid_for_again(world, verify):
    verify()
    world.add(f"{SET}01.jpg")
    world.run()
    assert 10 == sum(feature == "labels" for feature, _ in world.detector.asked)


def test_the_price_is_said_before_and_nothing_is_paid_without_a_yes(world, run):
    result = run("verify-set", SET, "--like", f"{SET}00.jpg")
    assert UNPAID == result.exit_code
    assert "10 different pictures, 0 of them paid for already: 10 calls of DetectLabels, 0.010 USD" in result.stderr
    assert [] == world.detector.asked


def test_a_call_whose_answer_got_lost_is_asked_again_by_the_next_run(world, verify):
    verify()
    world.put(f"{SET}new.jpg", picture_of("Dog", seed=40))
    world.detector.script.extend([OutcomeUnknown("DetectLabels")] * 3)
    assert {"new.jpg": "unjudged"} == outcomes(verify(code=1))
    assert {} == outcomes(verify())


def test_what_rekognition_refuses_is_not_judged_and_not_asked_again(world, verify):
    verify()
    world.put(f"{SET}new.jpg", picture_of("Dog", seed=40))
    world.detector.script.append(InvalidParameter("DetectLabels"))
    assert {"new.jpg": "unjudged"} == outcomes(verify(code=1))
    assert (0, {"new.jpg": "unjudged"}) == ((again := verify(code=1))["calls"], outcomes(again))


def test_refused_rights_on_rekognition_end_the_run_with_the_remedy(world, run):
    world.detector.script.extend([AccessDenied("Rekognition")] * 30)
    result = run("verify-set", SET, "--like", f"{SET}00.jpg", "--yes")
    assert (1, True) == (result.exit_code, "the credentials must be valid" in result.stderr)


def test_an_empty_prefix_is_an_error_that_names_what_is_near(run):
    result = run("verify-set", f"s3://{BUCKET}/dogz/", "--like", f"{SET}00.jpg")
    assert 1 == result.exit_code
    assert f"s3://{BUCKET}/dogz/: the prefix must hold pictures" in result.stderr
    assert f"s3://{BUCKET}/dogs/" in result.stderr


@pytest.mark.parametrize(
    ("data", "words"), [(None, "the object must exist"), (b"", "at least one byte"), (b"text", "must be a picture")]
)
def test_an_example_that_is_no_picture_is_an_error_before_anything_is_paid(world, run, data, words):
    uri = f"s3://{BUCKET}/example.jpg"
    if data is not None:
        world.put(uri, data)
    result = run("verify-set", SET, "--like", uri, "--yes")
    assert (1, True, []) == (result.exit_code, words in result.stderr, world.detector.asked)


def test_an_example_that_is_a_stray_itself_is_named(world, verify):
    world.put(f"{SET}boat.jpg", picture_of("Boat", seed=22))
    report = verify("--like", f"{SET}01.jpg", "--like", f"{SET}boat.jpg")
    assert [f"{SET}boat.jpg"] == report["odd_examples"]
    assert f"The example {SET}boat.jpg would be a stray itself" in report["notes"]


def test_an_example_of_something_else_is_an_error_that_says_what_it_shows(world, run):
    world.put(f"s3://{BUCKET}/boat.jpg", picture_of("Boat"))
    result = run("verify-set", SET, "--like", f"s3://{BUCKET}/boat.jpg", "--yes")
    assert 1 == result.exit_code
    assert "some picture of the set must show what the examples share: Boat" in result.stderr


def test_a_file_that_is_too_large_is_not_read_and_stays(world, verify):
    world.put(f"{SET}huge.jpg", bytes(MAX_BYTES_IN_S3 + 1))
    world.buckets.read.clear()
    assert {"huge.jpg": "unjudged"} == outcomes(verify("--quarantine", ASIDE, code=1))
    assert f"{SET}huge.jpg" not in world.buckets.read


def test_what_is_too_large_to_be_sent_is_asked_about_by_its_name(world, verify):
    world.put(f"{SET}large.jpg", picture_of("Dog", seed=41) + bytes(5 * 2**20))
    assert {"large.jpg": "stray"} == outcomes(verify())  # as the fake answers to every name
    assert ("labels", f"{SET}large.jpg") in world.detector.asked


def test_what_is_no_picture_by_its_name_is_counted_and_left_alone(world, verify):
    for name in ("labels.csv", "folder/", "clip.mp4"):
        world.put(f"{SET}{name}", b"x")
    assert (2, {}) == ((report := verify())["skipped"], outcomes(report))


@pytest.fixture
def mixed(world):
    """Give a set with a stray, a person, a broken file and a copy, under odd names."""
    before = {"ContentType": "image/jpeg"}
    for name, data in {
        "a stray +%20.jpg": picture_of("Boat", seed=22),
        "🎥 person.jpg": picture_of("Dog", "Person", seed=23),
        '"broken".jpg': picture_of("Dog", seed=24)[:900],
        "copy.jpg": picture_of("Dog", seed=3),
    }.items():
        world.buckets.put_with_metadata(ObjectUri.parse(SET + name), data, {"by": "a camera"}, before)
    return world


def test_quarantine_and_undo_leave_the_bucket_as_it_was(mixed, verify, run):
    before = holds(mixed)
    report = verify("--without", "Person", "--quarantine", ASIDE)
    assert {"moved"} == {each["ended"] for each in report["moves"]}
    now = holds(mixed)
    assert {*before} - {*now} == {f"dogs/{name}" for name in ("a stray +%20.jpg", "🎥 person.jpg", '"broken".jpg')}
    assert before["dogs/a stray +%20.jpg"] == now["aside/objects/dogs/a stray +%20.jpg"]
    assert 0 == run("verify-set", SET, "--quarantine", ASIDE, "--undo", "--yes").exit_code
    assert before == holds(mixed)


def test_duplicates_are_moved_only_if_that_is_asked_for(mixed, verify):
    verify("--without", "Person", "--quarantine", ASIDE)
    assert "dogs/copy.jpg" in holds(mixed)
    verify("--without", "Person", "--quarantine", ASIDE, "--duplicates")
    assert ("dogs/copy.jpg" in holds(mixed), "dogs/03.jpg" in holds(mixed)) == (False, True)


def test_nothing_is_moved_without_a_yes(mixed, run, verify):
    verify("--without", "Person")
    before = holds(mixed)
    result = run("verify-set", SET, "--like", f"{SET}00.jpg", "--quarantine", ASIDE)
    assert (1, before) == (result.exit_code, holds(mixed))
    assert f"Move 2 pictures to {ASIDE}?" in result.stderr


def test_without_rights_to_move_nothing_is_paid_or_changed(mixed, run):
    mixed.buckets.deny_removing(SET)
    before = holds(mixed)
    result = run("verify-set", SET, "--like", f"{SET}00.jpg", "--quarantine", ASIDE, "--yes")
    assert (1, before, []) == (result.exit_code, holds(mixed), mixed.detector.asked)
    assert "deploy/iam/quarantine.json" in result.stderr


def test_a_set_whose_strays_outnumber_it_is_not_moved(world, run):
    for number in range(12):
        world.put(f"{SET}boat{number}.jpg", picture_of("Boat", seed=50 + number))
    result = run("verify-set", SET, "--like", f"{SET}00.jpg", "--quarantine", ASIDE, "--yes")
    assert (1, 22) == (result.exit_code, len(holds(world)))
    assert "at most half of the pictures may be strays" in result.stderr


@pytest.mark.parametrize("place", [f"{SET}aside/", "s3://frames/aside/"])  # what FakeSightline sweeps
def test_a_quarantine_that_would_be_read_again_is_refused(run, place):
    result = run("verify-set", SET, "--like", f"{SET}00.jpg", "--quarantine", place)
    assert (1, True) == (result.exit_code, "a quarantine must lie outside the set" in result.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "with --like"),
        (["--undo"], "--undo needs --quarantine"),
        (["--like", f"{SET}00.jpg", "--duplicates"], "--duplicates needs --quarantine"),
        (["--like", f"{SET}00.jpg", "--at-least", "20"], "labels are asked for from 30 % on, and 20 % is needed"),
        (["--like", f"{SET}00.jpg", "--sheet", "/no/such/folder/sheet.html"], "the folder /no/such/folder does not"),
    ],
)
def test_wrong_usage_is_named(run, arguments, words):
    result = run("verify-set", SET, *arguments)
    assert (2, True) == (result.exit_code, words in result.stderr)


def test_the_contact_sheet_needs_nothing_else_and_names_stay_text(mixed, run, tmp_path):
    mixed.put(f"{SET}<script>alert(1)</script>.jpg", picture_of("Boat", seed=60))
    sheet = tmp_path / "sheet.html"
    arguments = ("--without", "Person", "--sheet", str(sheet), "--yes")
    assert 0 == run("verify-set", SET, "--like", f"{SET}00.jpg", *arguments).exit_code
    page = sheet.read_text("utf-8")
    assert (False, True) == ("<script>" in page, "&lt;script&gt;alert(1)&lt;/script&gt;.jpg" in page)
    assert [] == [word for word in ("http:", "https:", 'src="s3', "<link") if word in page]
    assert ["Strays (2)", "Broken files (1)", "Duplicates (2)"] == [
        title for title in ("Strays (2)", "Broken files (1)", "Duplicates (2)") if f"<h2>{title}</h2>" in page
    ]
    assert 17 == page.count("data:image/jpeg;base64,")


@pytest.mark.usefixtures("mixed")
def test_a_person_reads_a_table(run):
    result = run("verify-set", SET, "--like", f"{SET}00.jpg", "--without", "Person", "--yes")
    assert 0 == result.exit_code
    assert "does not show Dog; shows Boat 95 %" in result.stdout
    assert "14 pictures: 11 fits, 1 stray, 1 unwanted, 1 unreadable. What fits shows Dog at 85 %" in result.stdout
