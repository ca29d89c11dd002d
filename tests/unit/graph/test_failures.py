import pytest
from neo4j.exceptions import AuthError, IncompleteCommit, Neo4jError, ServiceUnavailable, SessionExpired

from sightline.errors import AccessDenied, ConfigurationError, Unavailable, WrongPassword
from sightline.graph.sessions import ATTEMPTS, Shortfall, is_of_the_data, is_transient, transient_retries, translated


def said(code: str, message: str = "it said so") -> Neo4jError:
    return Neo4jError._hydrate_neo4j(code=code, message=message)


TRANSIENT = [
    said("Neo.TransientError.Transaction.DeadlockDetected"),
    said("Neo.TransientError.General.MemoryPoolOutOfMemoryError"),
    said("Neo.ClientError.Statement.EntityNotFound"),
    said("Neo.ClientError.Schema.ConstraintValidationFailed"),
    said("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"),
    ServiceUnavailable("gone"),
    SessionExpired("gone"),
    IncompleteCommit("lost in commit"),
    Shortfall("Neo4j"),
]
LASTING = [
    said("Neo.ClientError.Security.Unauthorized"),
    said("Neo.ClientError.Statement.SyntaxError"),
    said("Neo.DatabaseError.Statement.ExecutionFailed"),
    said("Neo.ClientError.Database.DatabaseNotFound"),
    Unavailable("Neo4j"),
    ValueError("ours"),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_what_may_succeed_is_tried_again(error: Exception) -> None:
    assert is_transient(error)


def test_it_is_tried_five_times_and_each_error_is_told() -> None:
    error = said("Neo.TransientError.Transaction.DeadlockDetected")
    attempts: list[int] = []
    told: list[BaseException] = []

    def attempt() -> None:
        attempts.append(1)
        raise error

    with pytest.raises(type(error)):
        transient_retries(told.append)(attempt)
    assert (len(attempts), told) == (ATTEMPTS, [error] * (ATTEMPTS - 1))


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_can_not_succeed_is_not_tried_again(error: Exception) -> None:
    assert not is_transient(error)


def test_only_refused_values_are_blamed_on_an_image() -> None:
    assert is_of_the_data(said("Neo.DatabaseError.Statement.ExecutionFailed", "Property value is too large to index"))
    assert not is_of_the_data(said("Neo.DatabaseError.Statement.ExecutionFailed", "No space left on device"))
    assert is_of_the_data(said("Neo.ClientError.Statement.TypeError"))
    assert is_of_the_data(UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates not allowed"))
    assert is_of_the_data(OverflowError("int too large"))
    assert not is_of_the_data(said("Neo.ClientError.Statement.SyntaxError"))
    assert not is_of_the_data(ServiceUnavailable("gone"))


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (said("Neo.ClientError.Security.Unauthorized"), WrongPassword),
        (AuthError("no"), WrongPassword),
        (said("Neo.ClientError.Security.Forbidden"), AccessDenied),
        (said("Neo.ClientError.Database.DatabaseNotFound"), ConfigurationError),
        (said("Neo.TransientError.Transaction.DeadlockDetected"), Unavailable),
        (said("Neo.DatabaseError.Transaction.TransactionCommitFailed", "No space left on device"), Unavailable),
        (ServiceUnavailable("nobody listens\nat 7687"), Unavailable),
        (SessionExpired("gone"), Unavailable),
    ],
    ids=repr,
)
def test_each_error_of_the_driver_becomes_one_of_ours(error: Exception, ours: type[Exception]) -> None:
    assert type(translated(error)) is ours
    assert "\n" not in str(translated(error))


def test_a_defect_of_a_statement_stays_what_it_is() -> None:
    defect = said("Neo.ClientError.Statement.SyntaxError")
    assert translated(defect) is defect
