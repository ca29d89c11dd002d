import inspect
import pickle
import re
from types import ModuleType

import pytest

from sightline import errors, video_errors
from sightline.errors import SightlineError, UnknownFeature
from sightline.video_errors import NotAVideo


def errors_in(module: ModuleType) -> dict[str, type[SightlineError]]:
    """Return the errors of a module, and those that it imports as their parents."""
    members = inspect.getmembers(module, inspect.isclass)
    return {name: kind for name, kind in members if issubclass(kind, SightlineError)}


CLASSES = errors_in(errors) | errors_in(video_errors)


def drawn_parents(module: ModuleType) -> dict[str, str]:
    """Read the tree that a module's docstring draws: error → parent."""
    parents: dict[str, str] = {}
    above = ["SightlineError"]
    for line in (module.__doc__ or "").splitlines():
        branch = re.match(r"([│ ]*)[├└]── ([A-Z]\w+(?:, [A-Z]\w+)*)", line)
        if branch:
            depth, names = len(branch[1]) // 4, branch[2].split(", ")
            parents |= dict.fromkeys(names, above[depth])
            above[depth + 1 :] = names[:1]
    return parents


@pytest.mark.parametrize("module", [errors, video_errors], ids=lambda module: module.__name__)
def test_the_tree_that_is_drawn_is_the_tree_that_is(module):
    real = {name: kind.__bases__[0].__name__ for name, kind in errors_in(module).items() if kind is not SightlineError}
    assert real == drawn_parents(module)


LEAVES = [kind for kind in CLASSES.values() if not kind.__subclasses__() and kind is not UnknownFeature]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_an_error_names_input_rule_and_remedy(kind):
    error = kind("s3://b/k")
    assert f"s3://b/k: {kind.rule}. {kind.remedy}." == str(error)
    assert {SightlineError.rule, SightlineError.remedy}.isdisjoint({error.rule, error.remedy})


def test_an_error_may_state_a_rule_and_a_remedy_of_its_own():
    assert "x: y. z." == str(errors.Unavailable("x", rule="y", remedy="z"))


@pytest.mark.parametrize("error", [NotAVideo("x", rule="y"), UnknownFeature("x", ["labels"])], ids=repr)
def test_an_error_survives_the_way_out_of_the_process_that_raised_it(error):
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - as Celery's pool does
    assert (type(error), vars(error), str(error)) == (type(again), vars(again), str(again))


def test_an_error_of_the_image_is_never_one_that_may_pass():
    assert [] == [name for name, kind in CLASSES.items() if len(kind.__bases__) != 1]
