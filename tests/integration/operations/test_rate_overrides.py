"""What operators set is kept with its revision, for each account and region."""

from sightline.models.rates import RateOverride

HERE, THERE = "1:eu", "2:eu"


def test_the_last_override_of_each_operation_is_kept_with_its_revision(operations):
    overrides = operations.rate_overrides
    overrides.keep(HERE, "DetectLabels", 3.5, "a second account")
    assert overrides.keep(HERE, "DetectLabels", 0.01, "nearly stopped") == RateOverride(0.01, "nearly stopped", 2)
    overrides.keep(HERE, "DetectText", 7, "")
    overrides.keep(THERE, "DetectLabels", 9, "theirs")
    assert overrides.read(HERE) == {
        "DetectLabels": RateOverride(0.01, "nearly stopped", 2),
        "DetectText": RateOverride(7.0, "", 1),
    }


def test_a_reset_is_kept_too(operations):
    operations.rate_overrides.keep(HERE, "DetectLabels", 3, "why")
    operations.rate_overrides.keep(HERE, "DetectLabels", None, "set back")
    assert operations.rate_overrides.read(HERE) == {"DetectLabels": RateOverride(None, "set back", 2)}


def test_what_was_found_elsewhere_does_not_replace_what_is_known(operations):
    overrides = operations.rate_overrides
    overrides.keep_unless_known(HERE, "DetectLabels", 3, "found")
    overrides.keep_unless_known(HERE, "DetectLabels", 4, "found again")
    assert overrides.read(HERE) == {"DetectLabels": RateOverride(3.0, "found", 1)}
