"""Which of a day's images are listed: those that show a label or a text with enough confidence, or all."""

from dataclasses import dataclass

from sightline.models.images import ImageSummary


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked for.

    text: a part of a line; at_least, below: confidence of label and text in percent
    is_all: every image is listed, and what shows the label stands out among them
    """

    label: str | None = None
    text: str | None = None
    at_least: float = 0.0
    below: float | None = None
    is_all: bool = False

    @property
    def asks_what_was_found(self) -> bool:
        """Return whether an image is in the list because of what was found in it."""
        return not self.is_all and (self.label is not None or self.text is not None)

    @property
    def features(self) -> tuple[str, ...]:
        """Return those whose results a page of visits needs: labels, which it tells, and what is asked for."""
        return ("labels",) if self.text is None else ("labels", "text")

    def takes(self, image: ImageSummary) -> bool:
        """Return whether an image is wanted."""
        return self.is_all or self.shows(image)

    def shows(self, image: ImageSummary) -> bool:
        """Return whether an image shows what is named."""
        label = None if self.label is None else self.label.casefold()
        text = None if self.text is None else self.text.casefold()
        return (label is None or label in self._names("labels", image)) and (
            text is None or any(text in line for line in self._names("text", image))
        )

    def _names(self, feature: str, image: ImageSummary) -> list[str]:
        part = image.parts.get(feature)
        found = part.finding if part else ()
        return [name.casefold() for name, confidence in found if self._is_between(confidence)]

    def _is_between(self, confidence: float) -> bool:
        return confidence >= self.at_least and (self.below is None or confidence < self.below)


ALL_IMAGES = Chosen()
NO_IMAGES = Chosen(label="", below=0.0)
