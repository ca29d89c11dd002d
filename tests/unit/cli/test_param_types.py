"""Mistyped arguments: refused with a rule and a remedy, and never taken to mean something else."""

import pytest

NO_UTF8 = "\udcff"
"""How Python shows the byte 0xff of a command line."""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accuracy", "--camera", ""), "--camera: it must not be empty. Leave it out"),
        (("accuracy", "--camera="), "--camera=: it must not be empty"),
        (("parity", "--camera", ""), "--camera: it must not be empty"),
        (("verdicts", "add", "", "present"), "an argument: it must not be empty"),
        (("dead", "redrive", "--image", ""), "--image: it must not be empty"),
        (("show", f"s3://frames/{NO_UTF8}"), "s3://frames/\\udcff: it must be UTF-8"),
        (("images", "--camera", NO_UTF8), "\\udcff: it must be UTF-8"),
        (("query", "cameras-by-hour", "--with", f"label={NO_UTF8}"), "label=\\udcff: it must be UTF-8"),
        (("rate", "labels", "20", "--because", NO_UTF8), "\\udcff: it must be UTF-8"),
        *(
            ((*command, "0001-01-01"), "'0001-01-01' is before 1970-01-01. Give a later day.")
            for command in (
                ("accuracy", "--day"),
                ("review", "next", "--day"),
                ("reanalyse", "--unknown", "--day"),
                ("images", "--day"),
                ("parity", "--from"),
                ("sync", "--since"),
            )
        ),
        *(
            ((*command, "--json", "--csv"), "--json and --csv cannot be combined. Leave one of them out.")
            for command in (("query", "cameras"), ("accuracy",), ("review", "next"))
        ),
        *(
            (("dead", command, "--type", "TruncatdImage"), "'TruncatdImage' is not one of")
            for command in ("list", "export", "redrive")
        ),
        (("sync", "--since", "2044-05-18"), "must not be in the future"),
        (("parity", "--from", "2044-05-02", "--to", "2044-05-01"), "--to must not be before --from"),
    ],
)
def test_what_can_not_be_meant_is_wrong_usage(run, words, said):
    result = run(*words)
    assert (2, "", True) == (result.exit_code, result.stdout, said in result.stderr)


def test_add_names_each_uri_that_it_refuses_and_takes_the_others(run):
    result = run("add", "s3://frames/yard/1.jpg", f"s3://frames/{NO_UTF8}", "")
    assert (1, "1 new, 0 known already, 2 refused\n") == (result.exit_code, result.stdout)


def test_a_file_may_have_any_name_if_it_is_there(run, tmp_path):
    picture = tmp_path / f"{NO_UTF8}.jpg"
    picture.write_bytes(b"")
    assert "an image must have at least one byte" in run("detect", str(picture)).stderr


def test_parity_of_a_camera_that_is_not_there_is_no_good_news(run, finish):
    finish()
    result = run("parity", "--camera", "yrad")
    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("camera yrad: a camera must have at least one image")
    assert result.stderr.endswith("There are yard.\n")
