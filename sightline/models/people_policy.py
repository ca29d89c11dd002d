"""What an operator lays down before faces are compared or people are known: why, by which right, and for how long."""

from dataclasses import dataclass

MOST_RETENTION_DAYS = 1095
"""Three years: the longest that the Biometric Information Privacy Act of Illinois allows (740 ILCS 14/15(a))."""

EXAMPLE = (
    '{"purpose": "find who left the gate open", "legal_ground": "consent", "retention_days": 30, "cameras": ["gate"]}'
)


@dataclass(frozen=True, slots=True)
class PeoplePolicy:
    """The policy. cameras: whose images may be compared, by name; a file that a person names belongs to no camera."""

    purpose: str
    legal_ground: str
    retention_days: int
    cameras: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.purpose} ({self.legal_ground}); kept for {self.retention_days} days; cameras:"
            f" {', '.join(self.cameras)}"
        )


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """How known people are searched for, where that is on.

    least_percent: the similarity from which on a face is a candidate
    """

    policy: PeoplePolicy
    least_percent: float
