"""The local stack: real servers and our own processes on loopback, without an AWS account and without Docker.

`make up` leaves it running; the demonstration, the tests and the benchmarks use `Stack` as a context manager.
"""

from dev.stack.servers import Options
from dev.stack.stack import Stack

__all__ = ["Options", "Stack"]
