"""How the time limits relate. Each inequality keeps a promise: nothing lost, nothing paid twice."""

from datetime import timedelta

from sightline.timing import (
    CALL_LIMIT,
    CHECK_AFTER,
    CLAIM_LEASE,
    CLOCK_TOLERANCE,
    LONGEST_TASK,
    LONGEST_TASK_IN_AN_OUTAGE,
    RUN_LEASE,
    RUN_LIMIT,
    SLOT_PATIENCE,
    STORE_REQUEST_LIMIT,
    TAKEOVER_AFTER,
    VISIBILITY_TIMEOUT,
)


def test_a_call_and_the_requests_around_it_fit_into_a_claim_that_nobody_may_take_over_yet():
    assert CALL_LIMIT < CLAIM_LEASE
    assert CALL_LIMIT + 2 * STORE_REQUEST_LIMIT < CLAIM_LEASE + TAKEOVER_AFTER


def test_clocks_that_differ_take_no_claim_from_its_holder():
    assert CLOCK_TOLERANCE <= TAKEOVER_AFTER


def test_a_message_comes_back_only_after_the_longest_task_has_ended():
    assert LONGEST_TASK < VISIBILITY_TIMEOUT
    assert LONGEST_TASK_IN_AN_OUTAGE < VISIBILITY_TIMEOUT


def test_a_message_comes_back_only_after_two_waits_for_a_slot_and_a_claim_that_nobody_may_take_over():
    assert 2 * SLOT_PATIENCE + CLAIM_LEASE + TAKEOVER_AFTER < VISIBILITY_TIMEOUT


def test_a_wait_for_a_slot_and_a_call_fit_into_a_task():
    assert SLOT_PATIENCE + CALL_LIMIT + 2 * STORE_REQUEST_LIMIT < LONGEST_TASK


def test_a_scheduled_run_is_cut_and_its_last_piece_of_work_ended_before_its_message_comes_back():
    assert RUN_LIMIT + RUN_LEASE < VISIBILITY_TIMEOUT


def test_a_row_is_looked_at_after_a_wait_for_a_slot_has_given_up():
    assert timedelta(0) < SLOT_PATIENCE < CHECK_AFTER
