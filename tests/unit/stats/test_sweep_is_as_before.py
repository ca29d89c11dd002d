"""The fast joining and sweep give what the plain ones give, to the last bit."""

from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from sightline.stats.counts import Tally, review_cell
from sightline.stats.curves import sweep
from sightline.stats.operating_points import operating_points
from sightline.stats.sampling import Candidate, Cell, by_stratum, in_order
from sightline.stats.strata import Stratum
from sightline.stats.summary import CellSummary, summarise
from sightline.stats.verdicts import Answer
from sightline.stats.windows import stratum_evidence
from tests.examples import examples
from tests.unit.stats import former
from tests.unit.stats.worlds import SALT, cell

THRESHOLDS = tuple(float(step) for step in range(20, 100, 15))


@st.composite
def windows(draw: st.DrawFn) -> list[tuple[Cell, Tally]]:
    """Draw days of some cameras: with gaps, without images, without verdicts, with unsure ones, census days."""
    made = []
    for camera in ("dock", "gate", "yard")[: draw(st.integers(1, 3))]:
        for day in draw(st.lists(st.integers(1, 28), unique=True, min_size=1, max_size=28)):
            present, absent, unsure = (draw(st.sampled_from([0, 0, 0, 1, 2, 9])) for _ in range(3))
            unseen = draw(st.sampled_from([0, 0, 1, 7, 300, 5000]))
            made.append((cell(day, camera), Tally(present + absent + unsure + unseen, present, absent, unsure)))
    return made


@given(windows())
@examples(400)
@example([(cell(9), Tally(5)), (cell(7), Tally(5, 1)), (cell(11), Tally(5, 0, 1))])  # both neighbours are as near
def test_windows_are_joined_as_before(made):
    assert former.stratum_evidence(made) == stratum_evidence(made)


def window(seed: int) -> list[CellSummary]:
    """Make a window of few verdicts, as sparse as days are; some cameras have none."""
    source = Random(seed)  # noqa: S311 - a simulation
    unsure = source.choice([0.0, 0.1])
    return [
        summarise(review_cell(SALT, where, images, answers(source, where, images, unsure)))
        for camera in ("dock", "gate", "yard")
        for where in [cell(day, camera) for day in range(1, source.randint(2, 28))]
        for images in [candidates(source, where)]
    ]


def candidates(source: Random, where: Cell) -> list[Candidate]:
    made = []
    for number in range(source.randint(0, 30)):
        percent = source.uniform(1, 100) if source.random() < 0.5 else None
        stratum = Stratum.C if percent is None or percent < 20 else Stratum.B if percent < 50 else Stratum.A
        made.append(Candidate(f"{where}/{number}", "bytes", stratum, percent, number % 24))
    return made


def answers(source: Random, where: Cell, images: list[Candidate], unsure: float) -> dict[str, Answer]:
    if source.random() < 0.6:
        return {}
    asked = [c for part in by_stratum(images).values() for c in in_order(SALT, where, part)[: source.randint(0, 4)]]
    return {
        c.image_id: Answer.UNSURE if source.random() < unsure else source.choice([Answer.PRESENT, Answer.ABSENT])
        for c in asked
    }


@given(st.integers(0, 2**32))
@examples(12)
def test_a_sweep_of_random_windows_is_as_before(seed):
    made = window(seed)
    assert former.sweep(made, THRESHOLDS, "yard") == sweep(made, THRESHOLDS, "yard")


@given(st.integers(0, 2**32))
@examples(12)
def test_recall_at_thresholds_of_random_windows_is_as_before(seed):
    made = window(seed)
    expected = [former.recall_at(made, step, "yard") for step in THRESHOLDS]
    assert expected == [point.recall for point in operating_points(made, THRESHOLDS, "yard")]
