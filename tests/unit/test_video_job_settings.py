"""Settings of jobs on videos: what can be had, and what AWS has closed."""

import pytest
from pydantic import ValidationError

from sightline.config import Settings
from sightline.rekognition.video_client import Channel
from sightline.services.video_job_plan import JobPlan

NEEDED = {"neo4j_password": "x", "checkpoint_bucket": "own"}
TOPIC, ROLE = "arn:aws:sns:eu-west-1:123456789012:AmazonRekognition-x", "arn:aws:iam::123456789012:role/x"


def settings(**chosen):
    return Settings.model_validate({**NEEDED, **chosen})


def test_jobs_are_off_by_default_and_named_by_their_kinds():
    assert JobPlan((), 20) == settings().job_plan
    assert JobPlan(("faces", "labels"), 3) == settings(video_jobs="faces, labels faces", video_jobs_at_once=3).job_plan


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("persons", "AWS closed it on 31 October 2025"),
        ("streaming", "no new customers since 30 April 2026"),
        ("bulk", "no new customers since 30 April 2026"),
        ("lables", "'lables' is no job on videos; there are celebrities, faces, labels"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(name, said):
    with pytest.raises(ValidationError, match=said):
        settings(video_jobs=name)


def test_topic_and_role_go_together_and_are_arns():
    assert settings().job_channel is None
    assert Channel(TOPIC, ROLE) == settings(video_jobs_topic=TOPIC, video_jobs_role=ROLE).job_channel
    with pytest.raises(ValidationError, match="or neither"):
        settings(video_jobs_topic=TOPIC)
    with pytest.raises(ValidationError, match="a topic of SNS"):
        settings(video_jobs_topic=ROLE, video_jobs_role=ROLE)


def test_a_budget_may_be_for_jobs():
    assert settings(budget="video_labels 5 USD/day").money
