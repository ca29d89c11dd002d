"""What can go wrong with the local stack, in the words of the project's error tree."""

from vision.errors import ConfigurationError, Unavailable


class MissingProgram(ConfigurationError):
    """A program that a server needs is not on this machine, and may not be installed from here."""

    rule = "the local stack needs this program"


class InstallFailed(ConfigurationError):
    """An installer ended with an error. The message holds the end of what it said."""

    rule = "the installer must end well"
    remedy = "See what it said above; a registry that is away is the usual reason, then run it again"


class UnknownService(ConfigurationError):
    """A name that docker-compose.yml, or the stack, does not have."""

    rule = "a service of ours must be declared in docker-compose.yml, and a server in dev/stack/servers.py"


class BadScale(ConfigurationError):
    """A number of replicas that can not be."""

    rule = "SCALE is words like labels=3, with a worker's name; beat and flower run at most once"


class NotReady(Unavailable):
    """A server or a worker ended, or said nothing, before it was ready. The remedy holds the end of its log."""

    rule = "it must become ready"
