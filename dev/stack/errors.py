"""What can go wrong with the local stack, in the words of the project's error tree."""

from dev.install.errors import MissingProgram
from sightline.errors import ConfigurationError, Unavailable

__all__ = ["BadScale", "MissingProgram", "NotReady", "OtherDetector", "UnknownService"]


class UnknownService(ConfigurationError):
    """A service that neither docker-compose.yml nor the stack has."""

    rule = "one of our services must be declared in docker-compose.yml, a server in dev/stack/servers.py"


class BadScale(ConfigurationError):
    """A number of replicas that is not possible."""

    rule = 'SCALE must be a list such as "labels=3 text=2", of workers; beat, flower and web run at most once'


class OtherDetector(ConfigurationError):
    """The stack is up with another detector than the one that is wanted."""

    rule = "a detector is chosen when the stack starts"
    remedy = "Run `make down` first"


class NotReady(Unavailable):
    """A server or worker ended or stood still before it was ready. The remedy holds the end of its log."""

    rule = "it must become ready"
