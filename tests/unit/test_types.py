"""mypy finds a wrong argument, attribute, assignment or answer in the tests as it does in the product."""

import tomllib

from dev.stack.folders import CHECKOUT

FOUND = {"arg-type", "call-arg", "attr-defined", "assignment", "return-value"}


def test_no_part_of_the_project_is_exempt_from_the_kinds_of_error_that_matter():
    mypy = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["strict"]
    switched_off = {code for each in [mypy, *mypy["overrides"]] for code in each.get("disable_error_code", [])}
    assert set() == switched_off & FOUND
    assert not any(each.get("ignore_errors") for each in mypy["overrides"])
    assert not any(each.get("check_untyped_defs") is False for each in mypy["overrides"])
