"""The local stack's bucket for pictures keeps versions from the start, and sightline's own bucket keeps none."""

from dev.stack import Options, Stack
from sightline.bootstrap import aws_session, s3_client
from sightline.config import Settings
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.buckets.s3 import S3Buckets


def test_only_pictures_have_versions_and_a_restart_changes_nothing(tmp_path):
    with Stack(tmp_path / "stack", ["s3"], Options(is_versioned=True)) as stack:
        settings = Settings(_env_file=None, neo4j_password="-", **found(stack))
        buckets = S3Buckets(s3_client(settings, aws_session(settings)))
        for name, has_versions in (("images", True), ("sightline", False)):
            buckets.put(ObjectUri(name, "a.jpg"), b"picture")
            assert has_versions is (buckets.head(ObjectUri(name, "a.jpg")).version is not None)
        before = buckets.head(ObjectUri("images", "a.jpg"))
        stack.server("s3").stop()
        stack.server("s3").start()
        assert before == buckets.head(ObjectUri("images", "a.jpg"))


def found(stack):
    names = ("s3_endpoint", "checkpoint_bucket", "aws_access_key_id", "aws_secret_access_key")
    return {name: stack.env[f"SIGHTLINE_{name.upper()}"] for name in names}
