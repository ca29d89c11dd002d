"""Transactions on one named database: bounded in time, retried, with the driver's errors translated into ours.

Neo4j driver errors are classified as transient, as bad data in one image, or as not the images' fault.
"""

from collections.abc import Callable
from typing import TypeVar

from neo4j import Driver, NotificationMinimumSeverity, Transaction
from neo4j.exceptions import AuthError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random

from sightline.errors import AccessDenied, ConfigurationError, Unavailable, WrongPassword

ATTEMPTS = 5
LONGEST_TRYING_SECONDS = 15

# Another transaction deleted what ours had matched, or was first to create a node that both were creating.
_LOST_RACES = frozenset(
    {"Neo.ClientError.Statement.EntityNotFound", "Neo.ClientError.Schema.ConstraintValidationFailed"}
)
# Ours waited too long, mostly for a lock of a writer that is gone; the server ends that one's transaction, too.
_TOO_SLOW = frozenset(
    {
        "Neo.ClientError.Transaction.TransactionTimedOut",
        "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
    }
)
_REFUSED_VALUES = frozenset(
    {
        "Neo.ClientError.Schema.ConstraintValidationFailed",
        "Neo.ClientError.Statement.ArgumentError",
        "Neo.ClientError.Statement.TypeError",
        "Neo.ClientError.Request.InvalidFormat",
    }
)
_EXECUTION_FAILED = "Neo.DatabaseError.Statement.ExecutionFailed"


class Shortfall(Unavailable):
    """Fewer links than expected: a node that the store remembered was deleted by another."""

    rule = "nodes vanished while images were linked to them"


def ignore(_: BaseException) -> None:
    """Do nothing about an attempt that is made again."""


def telling(on_retry: Callable[[BaseException], None]) -> Callable[[RetryCallState], None]:
    """Return what tenacity calls before it waits: it passes the error on."""

    def tell(state: RetryCallState) -> None:
        if state.outcome is not None and (error := state.outcome.exception()) is not None:
            on_retry(error)

    return tell


def transient_retries(on_retry: Callable[[BaseException], None] = ignore) -> Retrying:
    """Return the retries of one transaction: our own short jitter, for the driver's first delay is a whole second."""
    return Retrying(
        retry=retry_if_exception(is_transient),
        stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(LONGEST_TRYING_SECONDS),
        wait=wait_random(0.02, 0.2),
        before_sleep=telling(on_retry),
        reraise=True,
    )


def is_transient(error: BaseException) -> bool:
    """Return whether the same transaction may succeed. A connection lost in commit counts: versions make that safe."""
    if isinstance(error, Neo4jError):
        return error.is_retryable() or error.code in _LOST_RACES | _TOO_SLOW
    return isinstance(error, (Shortfall, ServiceUnavailable, SessionExpired))


def is_of_the_data(error: BaseException) -> bool:
    """Return whether some image's values were refused, by the database or already by the driver's encoding."""
    if isinstance(error, Neo4jError):
        return error.code in _REFUSED_VALUES or _is_too_long_a_key(error)
    return isinstance(error, (UnicodeEncodeError, OverflowError))


def _is_too_long_a_key(error: Neo4jError) -> bool:
    """Distinguish a text that no index can hold (8 kB) from a failing disk: the server has one code for both."""
    return error.code == _EXECUTION_FAILED and "too large to index" in (error.message or "")


def translated(error: Exception) -> Exception:
    """Translate an error of the driver; any other error is a defect and is returned unchanged."""
    if isinstance(error, AuthError):
        return WrongPassword("Neo4j")
    if isinstance(error, Neo4jError):
        return _of_the_server(error)
    if isinstance(error, DriverError):
        return Unavailable("Neo4j", rule=f"the server did not answer ({_first_line(error)})")
    return error


def _of_the_server(error: Neo4jError) -> Exception:
    if is_of_the_data(error):
        return error
    said, code = _first_line(error), error.code or ""
    if code == "Neo.ClientError.Security.Forbidden":
        return AccessDenied("Neo4j", rule=f"the user must be allowed to read and write ({said})")
    if code.startswith("Neo.ClientError.Database"):
        return ConfigurationError("Neo4j", rule=f"the database must exist ({said})", remedy="Correct its name")
    if code.startswith("Neo.ClientError.Statement"):
        return error
    return Unavailable("Neo4j", rule=f"the server could not do it now ({said})")


def _first_line(error: Exception) -> str:
    text = error.message if isinstance(error, Neo4jError) else str(error)
    return (text or type(error).__name__).splitlines()[0]


TRANSACTION_SECONDS = 10.0

Given = TypeVar("Given")


class Sessions:
    """Opens a session for each transaction; the driver pools the connections under it.

    on_retry: called with each error after which a transaction is tried again

    The server ends a transaction that lasts longer than `TRANSACTION_SECONDS`: one that waits for a lock of a
    stalled writer gives up and is tried again.
    """

    def __init__(self, driver: Driver, database: str, on_retry: Callable[[BaseException], None] = ignore) -> None:
        self._on_retry = on_retry
        self._driver = driver
        self._database = database

    def once(self, work: Callable[[Transaction], Given], seconds: float = TRANSACTION_SECONDS) -> Given:
        """Do `work` in one transaction and commit it; roll it back where an error is raised."""
        # Notifications would warn of labels that no image has had yet.
        with (
            self._driver.session(
                database=self._database, notifications_min_severity=NotificationMinimumSeverity.OFF
            ) as session,
            session.begin_transaction(timeout=seconds) as transaction,
        ):
            given = work(transaction)
            transaction.commit()
            return given

    def retry(self, attempt: Callable[[], Given]) -> Given:
        """Repeat `attempt` while its errors are transient; raise ours, or the driver's where values were refused."""
        try:
            return transient_retries(self._on_retry)(attempt)
        except (Neo4jError, DriverError) as error:
            raise translated(error) from error

    def run(self, work: Callable[[Transaction], Given], seconds: float = TRANSACTION_SECONDS) -> Given:
        """Do `work` in one transaction, tried again where it may succeed."""
        return self.retry(lambda: self.once(work, seconds))
