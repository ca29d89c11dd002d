"""What can go wrong with the local stack, in the words of the project's error tree."""

from dev.install.errors import MissingProgram
from sightline.errors import ConfigurationError, Unavailable

__all__ = ["BadScale", "MissingProgram", "NotReady", "UnknownService"]


class UnknownService(ConfigurationError):
    """A name that docker-compose.yml, or the stack, does not have."""

    rule = "a service of ours must be declared in docker-compose.yml, and a server in dev/stack/servers.py"


class BadScale(ConfigurationError):
    """A number of replicas that cannot be."""

    rule = "SCALE is words like labels=3, with a worker's name; beat and flower run at most once"


class NotReady(Unavailable):
    """A server or a worker ended, or said nothing, before it was ready. The remedy holds the end of its log."""

    rule = "it must become ready"
