"""The local stack's bucket for pictures keeps versions if it was empty at the start; sightline's own keeps none."""

from dev.stack import Options, Stack
from sightline.bootstrap import aws_session, s3_client
from sightline.config import Settings
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.buckets.s3 import S3Buckets


def test_only_pictures_have_versions_and_a_restart_changes_nothing(tmp_path):
    with Stack(tmp_path / "stack", ["s3"], Options(is_versioned=True)) as stack:
        buckets = opened(stack)
        for name, has_versions in (("images", True), ("sightline", False)):
            buckets.put(ObjectUri(name, "a.jpg"), b"picture")
            assert has_versions is (buckets.head(ObjectUri(name, "a.jpg")).version is not None)
        before = buckets.head(ObjectUri("images", "a.jpg"))
        stack.server("s3").stop()
        stack.server("s3").start()
        assert before == buckets.head(ObjectUri("images", "a.jpg"))


def test_pictures_of_a_stack_that_kept_no_versions_stay_listed(tmp_path):
    key = ObjectUri("images", "yard/a.jpg")
    with Stack(tmp_path / "stack", ["s3"], Options()) as stack:
        opened(stack).put(key, b"picture")
    with Stack(tmp_path / "stack", ["s3"], Options(is_versioned=True)) as stack:
        assert ["yard/a.jpg"] == listed(stack, "images")
        assert opened(stack).head(key).version is None


def opened(stack):
    return S3Buckets(s3_of(stack))


def listed(stack, bucket):
    return [each["Key"] for each in s3_of(stack).list_objects_v2(Bucket=bucket).get("Contents", ())]


def s3_of(stack):
    settings = Settings(_env_file=None, neo4j_password="-", **found(stack))
    return s3_client(settings, aws_session(settings))


def found(stack):
    names = ("s3_endpoint", "checkpoint_bucket", "aws_access_key_id", "aws_secret_access_key")
    return {name: stack.env[f"SIGHTLINE_{name.upper()}"] for name in names}
