"""Judging pictures by keys: a reviewer's batch, and candidates for known people."""


def wait(seen):
    """Wait until the picture is there: no key judges it before."""
    # Not wait_for_function: it evaluates its text again in the page, which the Content-Security-Policy refuses.
    seen.page.locator("[data-judged]").evaluate("picture => picture.decode()")


def press(seen, key, *, is_last=False):
    """Press a key that leads to the next page, and wait for its picture unless it has none."""
    with seen.page.expect_navigation():
        seen.page.keyboard.press(key)
    if not is_last:
        wait(seen)
