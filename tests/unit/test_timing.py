"""How the time limits relate. Each inequality keeps a promise: nothing lost, nothing paid twice."""

from datetime import timedelta

from sightline.ratelimit.gcra import MAX_HORIZON_SECONDS
from sightline.ratelimit.redis import client_options
from sightline.timing import (
    ATTEMPTS_BEGIN_WITHIN,
    CALL_BEGINS_WITHIN,
    CALL_LIMIT,
    CHECK_AFTER,
    CHECK_KEPT_FROM,
    CLAIM_LEASE,
    CLOCK_TOLERANCE,
    FACTS_TRUSTED_FOR,
    LONGEST_TASK,
    LONGEST_TASK_IN_AN_OUTAGE,
    RUN_LEASE,
    RUN_LIMIT,
    SLOT_PATIENCE,
    SLOT_PATIENCE_UNDER_CLAIM,
    SLOT_REPLY_LIMIT,
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


def test_a_message_comes_back_only_after_all_attempts_and_a_claim_that_nobody_may_take_over():
    assert ATTEMPTS_BEGIN_WITHIN + CLAIM_LEASE + TAKEOVER_AFTER < VISIBILITY_TIMEOUT


def test_all_attempts_with_their_waits_for_a_slot_fit_into_a_task():
    assert ATTEMPTS_BEGIN_WITHIN + SLOT_PATIENCE_UNDER_CLAIM + CALL_LIMIT + STORE_REQUEST_LIMIT < LONGEST_TASK


def test_a_call_that_waited_for_its_slot_under_its_claim_is_kept_before_another_may_claim():
    around_the_call = CALL_LIMIT + 2 * STORE_REQUEST_LIMIT
    assert SLOT_PATIENCE_UNDER_CLAIM < CALL_BEGINS_WITHIN
    assert CALL_BEGINS_WITHIN + around_the_call <= CLAIM_LEASE + TAKEOVER_AFTER


def test_a_slot_within_any_horizon_can_be_waited_for_under_a_claim():
    assert 2 * MAX_HORIZON_SECONDS <= SLOT_PATIENCE_UNDER_CLAIM.total_seconds() <= 20


def test_the_limiter_waits_no_longer_for_redis_than_a_reply_may_take():
    options = client_options()
    assert SLOT_REPLY_LIMIT.total_seconds() >= options["socket_timeout"] + options["socket_connect_timeout"]


def test_a_scheduled_run_is_cut_and_its_last_piece_of_work_ended_before_its_message_comes_back():
    assert RUN_LIMIT + RUN_LEASE < VISIBILITY_TIMEOUT


def test_what_a_message_says_of_a_row_is_believed_only_before_anybody_sends_its_step_again():
    assert FACTS_TRUSTED_FOR < CHECK_AFTER


def test_a_row_that_keeps_its_check_has_time_for_its_merge():
    assert CHECK_AFTER / 2 <= CHECK_KEPT_FROM < CHECK_AFTER


def test_a_row_is_looked_at_after_a_wait_for_a_slot_has_given_up():
    assert timedelta(0) < SLOT_PATIENCE_UNDER_CLAIM < SLOT_PATIENCE < CHECK_AFTER
