import json

import pytest

from sightline.rekognition.features import all_features
from sightline.rekognition.video_jobs import all_job_kinds


def test_every_declared_feature_is_listed(run):
    listed = json.loads(run("features", "--json").stdout)
    assert sorted(all_features()) == sorted(listed)
    assert ["faces", "labels", "text"] == sorted(name for name, each in listed.items() if each["is_on"])


def test_a_feature_says_what_it_asks_and_costs(run):
    labels = json.loads(run("features", "--json").stdout)["labels"]
    assert ("DetectLabels", 0.001, 50.0) == tuple(labels[name] for name in ("operation", "usd", "quota"))
    assert (["labels", "labels.backfill"], "Label") == (labels["queues"], labels["node"])
    assert {"MaxLabels": 200, "MinConfidence": 30} == labels["parameters"]


def test_people_see_what_is_on(run):
    lines = {line.split()[0]: line.split() for line in run("features").stdout.splitlines() if line.strip()}
    assert ("yes", "no") == (lines["labels"][1], lines["moderation"][1])
    assert "1.00" in lines["labels"]


def test_features_add_up_as_images_do(run):
    told = run("features").stdout
    assert "two features are two images" in told
    assert "With those that are on, 1,000 images cost 3.00 USD" in told


def test_every_kind_of_job_on_videos_is_named_and_those_without_a_price_say_so(run):
    assert all(name in run("features").stdout.splitlines()[-1] for name in all_job_kinds())
    listed = json.loads(run("features", "--video-jobs", "--json").stdout)
    assert [*all_job_kinds()] == [*listed]
    expected = ("StartLabelDetection", 0.1, False, "Label")
    assert expected == tuple(listed["labels"][name] for name in ("operation", "usd_per_minute", "is_on", "node"))
    assert listed["segments"]["usd_per_minute"] is None
    lines = {line.split()[0]: line for line in run("features", "--video-jobs").stdout.splitlines() if line.strip()}
    assert "SIGHTLINE_PRICES" in lines["segments"]


def test_rates_are_shown_with_their_reasons(run, world):
    rates = json.loads(run("rate", "--json").stdout)
    assert sorted(world.limiter.rates()) == sorted(rates)
    expected = {
        "operation": "DetectLabels",
        "quota": 50.0,
        "rate": 48.5,
        "reason": "97% of the quota",
        "changed_at": None,
    }
    assert expected == rates["DetectLabels"]


def test_the_rate_of_one_feature_is_shown_alone(run):
    assert ["DetectText"] == [*json.loads(run("rate", "text", "--json").stdout)]


def test_a_rate_is_set_for_everybody_with_its_reason(run, world):
    result = run("rate", "labels", "20", "--because", "a smaller account")
    assert 0 == result.exit_code
    assert "quota set by hand: a smaller account" in result.stdout
    assert 20.0 == world.limiter.rates()["DetectLabels"].quota


def test_without_a_reason_it_says_who_set_it(run, world):
    run("rate", "labels", "20")
    assert "quota set by hand: set by " in world.limiter.rates()["DetectLabels"].reason


def test_a_rate_is_reset_to_the_configured_one(run, world):
    run("rate", "labels", "20")
    assert 0 == run("rate", "labels", "--reset").exit_code
    assert (50.0, "97% of the quota") == (
        world.limiter.rates()["DetectLabels"].quota,
        world.limiter.rates()["DetectLabels"].reason,
    )


@pytest.mark.parametrize(
    "words",
    [
        ("labels", "0"),
        ("labels", "-3"),
        ("labels", "fast"),
        ("smells", "20"),
        ("labels", "20", "--reset"),
        ("--reset",),
        ("--because", "why not"),
        ("labels", "--because", "why not"),
    ],
)
def test_a_rate_that_can_not_be_is_wrong_usage(run, world, words):
    before = world.limiter.rates()
    assert 2 == run("rate", *words).exit_code
    assert before == world.limiter.rates()


@pytest.mark.parametrize("rate", ["nan", "inf", "0.001", "1e-300"])
def test_a_rate_without_end_or_as_good_as_none_is_refused(run, world, rate):
    before = world.limiter.rates()
    result = run("rate", "labels", rate)
    assert 1 == result.exit_code
    assert "a rate is a finite number of 0.01 calls a second or more" in result.stderr
    assert before == world.limiter.rates()
