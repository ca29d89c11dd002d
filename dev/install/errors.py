"""What can go wrong while installing, in the words of the project's error tree."""

from sightline.errors import ConfigurationError


class MissingProgram(ConfigurationError):
    """A program that a server needs is not on this machine, and may not be installed from here."""

    rule = "the local stack needs this program"


class InstallFailed(ConfigurationError):
    """An installer failed. The message holds the end of its output."""

    rule = "the installer failed"
    remedy = "Read its output above. The usual reason is a registry that is down: run it again later"

    def __str__(self) -> str:
        """Put the remedy on a line of its own after an installer's output."""
        return f"{self.subject}: {self.rule}\n{self.remedy}." if "\n" in self.rule else super().__str__()


class WrongJars(ConfigurationError):
    """The jars that Maven copied are not those of the committed list."""

    rule = "the jars must be exactly those of the list, with their sha256"
    remedy = "Run it again; if a pom.xml has changed, run `make lock`"
