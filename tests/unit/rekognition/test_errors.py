import inspect
import re

import pytest

from sightline import errors
from sightline.errors import SightlineError, UnknownFeature

CLASSES = {name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SightlineError)}


def drawn_parents() -> dict[str, str]:
    """Read the tree that the module's docstring draws: error → parent."""
    parents: dict[str, str] = {}
    above = ["SightlineError"]
    for line in (errors.__doc__ or "").splitlines():
        branch = re.match(r"([│ ]*)[├└]── ([A-Z]\w+(?:, [A-Z]\w+)*)", line)
        if branch:
            depth, names = len(branch[1]) // 4, branch[2].split(", ")
            parents |= dict.fromkeys(names, above[depth])
            above[depth + 1 :] = names[:1]
    return parents


def test_the_tree_that_is_drawn_is_the_tree_that_is():
    real = {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items() if kind is not SightlineError}
    assert real == drawn_parents()


LEAVES = [kind for kind in CLASSES.values() if not kind.__subclasses__() and kind is not UnknownFeature]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_an_error_names_input_rule_and_remedy(kind):
    error = kind("s3://b/k")
    assert f"s3://b/k: {kind.rule}. {kind.remedy}." == str(error)
    assert {SightlineError.rule, SightlineError.remedy}.isdisjoint({error.rule, error.remedy})


def test_an_error_may_state_a_rule_and_a_remedy_of_its_own():
    assert "x: y. z." == str(errors.Unavailable("x", rule="y", remedy="z"))


def test_an_error_of_the_image_is_never_one_that_may_pass():
    assert [] == [name for name, kind in CLASSES.items() if len(kind.__bases__) != 1]
