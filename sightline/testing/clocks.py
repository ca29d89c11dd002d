"""A clock that tests move by hand."""

from datetime import UTC, datetime, timedelta


class MovingClock:
    """A clock that stands still until it is moved. It begins in 2044: servers delete by age on their clock."""

    def __init__(self) -> None:
        self.now = datetime(2044, 5, 17, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by
