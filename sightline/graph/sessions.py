"""Transactions on one named database: bounded in time, tried again, and with our errors for the driver's."""

from collections.abc import Callable
from typing import TypeVar

from neo4j import Driver, NotificationMinimumSeverity, Transaction
from neo4j.exceptions import DriverError, Neo4jError

from sightline.graph.failures import ignore, transient_retries, translated

TRANSACTION_SECONDS = 10.0

Given = TypeVar("Given")


class Sessions:
    """Opens a session for each transaction; the driver pools the connections under it.

    on_retry: told of each error after which a transaction is tried again

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
