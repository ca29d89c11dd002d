"""What can go wrong while installing, in the words of the project's error tree."""

from sightline.errors import ConfigurationError


class MissingProgram(ConfigurationError):
    """A program that a server needs is not on this machine, and may not be installed from here."""

    rule = "the local stack needs this program"


class InstallFailed(ConfigurationError):
    """An installer ended with an error. The message holds the end of what it said."""

    rule = "the installer must end well"
    remedy = "See what it said above; a registry that is away is the usual reason, then run it again"


class WrongJars(ConfigurationError):
    """The jars that Maven copied are not those of the committed list."""

    rule = "each jar of the list must be there with its sha256, and no other"
    remedy = "Run it again; if a pom.xml has changed, run `make lock`"
