"""What every store of users does."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ulid import ULID

from sightline.errors import MissingTable
from sightline.storage.users.dynamodb import DynamoUserStore
from sightline.storage.users.protocol import ACTS_LAST, Act, Look, MarkKind, Role, Session, Token, User, UserChange

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_KEY = f"s3://frames/{'é' * 500}.jpg"
IMAGES = ["s3://frames/yard/1.jpg", "s3://frames/<b>{{7*7}}\u202e.jpg", LONG_KEY, f"{LONG_KEY}.jpg"]


def user(clock, name="ann", **changes):
    return replace(User(name, frozenset({Role.OWNER}), "$argon2id$…", clock.now), **changes)


def session(clock, name="ann", session_id="5e", lasts=HOUR):
    return Session(name, session_id, 0, clock.now, clock.now + lasts)


def token(clock, number="70", **changes):
    return replace(Token("ann", number, "the shop's page", frozenset({Role.OWNER}), clock.now), **changes)


def test_a_user_is_kept_as_added_and_only_once(store, clock):
    ann = user(clock, preferences={"keys": False}, roles=frozenset(Role))
    assert store.add(ann)
    assert not store.add(user(clock, password_hash="another"))
    assert ann == store.user("ann")
    assert store.user("bob") is None


def test_users_are_listed_by_name(store, clock):
    for name in ("zoë", "ann", "<script>"):
        store.add(user(clock, name))
    assert ["<script>", "ann", "zoë"] == [each.name for each in store.users()]


def test_a_change_leaves_the_rest_as_it_is(store, clock):
    store.add(user(clock))
    assert user(clock, password_hash="new", epoch=1) == store.change(
        "ann", UserChange(password_hash="new", ends_sessions=True)
    )
    assert user(clock, password_hash="new", epoch=1, roles=frozenset()) == store.change(
        "ann", UserChange(roles=frozenset())
    )
    changed = store.change("ann", UserChange(preferences={"keys": True}))
    assert (
        changed
        == store.user("ann")
        == user(clock, password_hash="new", epoch=1, roles=frozenset(), preferences={"keys": True})
    )


def test_a_user_who_is_not_there_cannot_be_changed_and_is_not_made(store):
    assert store.change("ann", UserChange(ends_sessions=True)) is None
    assert store.user("ann") is None
    assert not store.remove("ann")


def test_a_role_of_a_newer_version_is_kept_and_is_none_that_is_known(store, clock):
    store.add(user(clock, roles=frozenset({Role.OWNER, Role.read("gardener")})))
    kept = store.user("ann").roles
    assert {"owner", "gardener"} == set(map(str, kept))
    assert {Role.OWNER} == kept & frozenset(Role)


def test_a_session_lasts_until_it_expires_or_ends(store, clock):
    store.start_session(session(clock))
    store.start_session(session(clock, session_id="6f"))
    assert session(clock) == store.session("ann", "5e")
    assert store.session("bob", "5e") is None
    assert store.end_session("ann", "6f")
    assert not store.end_session("ann", "6f")
    assert store.session("ann", "6f") is None
    clock.move(HOUR)
    assert store.session("ann", "5e") is None


def test_a_token_lasts_until_it_expires_or_is_withdrawn(store, clock):
    for_ever, short = token(clock), token(clock, "71", expires_at=clock.now + HOUR)
    store.keep_token(short)
    store.keep_token(for_ever)
    assert [for_ever, short] == store.tokens("ann")
    assert short == store.token("ann", "71")
    assert store.token("bob", "71") is None
    clock.move(HOUR)
    assert store.token("ann", "71") is None
    assert [for_ever] == store.tokens("ann")
    assert store.drop_token("ann", "70")
    assert not store.drop_token("ann", "70")
    assert [] == store.tokens("ann")


def test_what_a_user_had_is_gone_with_the_user(store, clock):
    store.add(user(clock))
    store.start_session(session(clock))
    store.keep_token(token(clock))
    store.mark("ann", MarkKind.VIEWED, IMAGES, DAY)
    store.add(user(clock, "bob"))
    store.mark("bob", MarkKind.VIEWED, IMAGES[:1], DAY)
    assert store.remove("ann")
    assert store.add(user(clock))
    left = (store.session("ann", "5e"), store.token("ann", "70"), store.marks("ann", MarkKind.VIEWED, IMAGES))
    assert (None, None, {}) == left
    assert {IMAGES[0]: clock.now} == store.marks("bob", MarkKind.VIEWED, IMAGES)


@pytest.mark.parametrize("image", IMAGES)
def test_a_mark_is_of_one_user_one_kind_and_one_image(store, clock, image):
    store.mark("ann", MarkKind.VIEWED, [image], DAY)
    assert {image: clock.now} == store.marks("ann", MarkKind.VIEWED, IMAGES)
    assert {} == store.marks("ann", MarkKind.SEEN, IMAGES)
    assert {} == store.marks("bob", MarkKind.VIEWED, IMAGES)


def test_many_marks_are_made_together_and_those_that_are_there_are_left(store, clock):
    first, many = clock.now, [f"s3://frames/{number}.jpg" for number in range(120)]
    store.mark_new("ann", MarkKind.VIEWED, many[:30], DAY)
    clock.move(HOUR)
    store.mark_new("ann", MarkKind.VIEWED, [*many, many[0]], DAY)
    expected = dict.fromkeys(many[:30], first) | dict.fromkeys(many[30:], clock.now)
    assert expected == store.marks("ann", MarkKind.VIEWED, many)
    assert {} == store.marks("bob", MarkKind.VIEWED, many)
    clock.move(DAY - HOUR)
    assert {*many[30:]} == {*store.marks("ann", MarkKind.VIEWED, many)}
    store.mark_new("ann", MarkKind.VIEWED, many[:1], DAY)
    assert clock.now == store.marks("ann", MarkKind.VIEWED, many)[many[0]], "one that has ended is no mark"


def test_a_mark_keeps_its_first_time_and_lasts_from_its_last(store, clock):
    first = clock.now
    store.mark("ann", MarkKind.SEEN, IMAGES[:1], DAY)
    clock.move(HOUR)
    store.mark("ann", MarkKind.SEEN, IMAGES[:1], DAY)
    clock.move(DAY - HOUR)
    assert {IMAGES[0]: first} == store.marks("ann", MarkKind.SEEN, IMAGES)
    clock.move(HOUR)
    assert {} == store.marks("ann", MarkKind.SEEN, IMAGES)


def test_a_look_is_replaced_only_if_it_is_the_one_that_was_seen(store, clock):
    first = Look("01", frozenset({"02", "03"}), 1)
    second = Look("04", number=2, undone=1, before=first)
    assert store.look("ann") is None
    assert store.keep_look("ann", first, None)
    assert not store.keep_look("ann", second, None)
    assert first == store.look("ann")
    assert store.keep_look("ann", second, first)
    assert not store.keep_look("ann", first, first)
    assert (second, None) == (store.look("ann"), store.look("bob"))
    store.add(user(clock))
    assert store.remove("ann")
    assert store.look("ann") is None


def test_the_audit_log_is_read_from_its_newest_entry_page_by_page(store, clock):
    written = []
    for number in range(5):
        clock.move(HOUR)
        act = Act(str(ULID.from_datetime(clock.now)), clock.now, "ann", "sign in", f"page {number}", {"n": number})
        store.note(act)
        written.append(act)
    newest_first = written[::-1]
    assert newest_first == store.acts()
    assert newest_first[:2] == store.acts(limit=2)
    assert newest_first[2:4] == store.acts(before=newest_first[1].act_id, limit=2)
    clock.move(ACTS_LAST - HOUR)
    assert newest_first[:1] == store.acts()


def test_setup_repeats_and_a_missing_table_is_named(store, clock, dynamodb_client):
    store.setup()
    store.check()
    with pytest.raises(MissingTable, match="nowhere-users"):
        DynamoUserStore(dynamodb_client, "nowhere-", clock).check()
