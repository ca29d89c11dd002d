"""The contact sheet of a training set: one HTML file with small pictures in it, which needs nothing else."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jinja2 import Environment

from sightline.errors import SightlineError
from sightline.names import visible
from sightline.rekognition.preflight import inspect_picture
from sightline.rekognition.upright import smaller
from sightline.services.training_sets.evidence import Outcome
from sightline.services.training_sets.verifying import Judged, Report
from sightline.storage.buckets.protocol import Buckets, ObjectUri

MOST_PICTURES = 1_000
"""Of one sheet: about 6 KB each. What is left out is counted on it."""

FITS_SHOWN = 12
_SIDE_PIXELS = 160

_TITLES = {
    Outcome.STRAY: "Strays",
    Outcome.UNWANTED: "Shows what it must not show",
    Outcome.UNREADABLE: "Broken files",
    Outcome.UNJUDGED: "Not judged",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ place }}</title><style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #1c1c1e; background: #fff }
h1 { font-size: 1.3rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin-top: 2rem }
ul.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 1rem; list-style: none;
  padding: 0 }
img, .none { display: block; max-width: 100%; border-radius: 4px } .none { padding: 2rem 1rem; background: #eee }
li { overflow-wrap: anywhere; font-size: .85rem } .why { color: #6e2b00 }
.notes { background: #fff4e0; padding: 1rem 2rem }
@media (prefers-color-scheme: dark) { body { background: #1c1c1e; color: #eee } .none { background: #333 }
  .why { color: #ffb27a } .notes { background: #40300f } }
</style></head><body>
<h1>{{ place }}</h1>
<p>{{ summary }}</p>
{% if notes %}<ul class="notes">{% for note in notes %}<li>{{ note }}.</li>{% endfor %}</ul>{% endif %}
{% for section in sections if section.cards %}
<h2>{{ section.title }} ({{ section.count }})</h2><ul class="sheet">
{% for card in section.cards %}<li>
{% if card.image %}<img src="data:image/jpeg;base64,{{ card.image }}" alt="">
{% else %}<span class="none">no picture</span>{% endif %}
{{ card.name }}<br><span class="why">{{ card.words }}</span></li>
{% endfor %}</ul>
{% if section.left_out %}<p>{{ section.left_out }} more are not shown.</p>{% endif %}
{% endfor %}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    words: str
    image: str


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    count: int
    cards: Sequence[_Card]

    @property
    def left_out(self) -> int:
        """Return how many pictures are not shown."""
        return self.count - len(self.cards)


def contact_sheet(report: Report, summary: str, buckets: Buckets) -> str:
    """Return the page. It reads each picture that it shows; one that is gone or broken is named without a picture."""
    sheet = _Sheet(buckets)
    page = Environment(autoescape=True).from_string(_PAGE)
    sections = [
        sheet.section("Examples", [(each.uri, "") for each in report.examples]),
        *(sheet.section(title, _named(report.of(outcome))) for outcome, title in _TITLES.items()),
        sheet.section(
            "Duplicates",
            [
                (ObjectUri.parse(name), f"group {number}, {group.likeness(name)}")
                for number, group in enumerate(report.duplicates, 1)
                for name in group.names
            ],
        ),
        sheet.section("What fits", _named(report.of(Outcome.FITS)), most=FITS_SHOWN),
    ]
    return page.render(place=visible(str(report.asked.place)), summary=summary, notes=report.notes, sections=sections)


def _named(judged: Iterable[Judged]) -> list[tuple[ObjectUri, str]]:
    return [(each.picture.uri, each.verdict.because) for each in judged]


class _Sheet:
    """Makes sections, and counts how many pictures are still allowed."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._left = MOST_PICTURES

    def section(self, title: str, named: Sequence[tuple[ObjectUri, str]], most: int = MOST_PICTURES) -> _Section:
        shown = named[: min(most, self._left)]
        self._left -= len(shown)
        cards = [_Card(visible(uri.key), visible(words), self._small(uri)) for uri, words in shown]
        return _Section(title, len(named), cards)

    def _small(self, uri: ObjectUri) -> str:
        """Return a small JPEG as base64; empty if there is none to be made."""
        try:
            _, data = self._buckets.get(uri)
            inspect_picture(str(uri), data)  # it bounds what `smaller` needs, and the object may have been overwritten
            return b64encode(smaller(data, _SIDE_PIXELS)).decode()
        except (SightlineError, OSError):
            return ""
