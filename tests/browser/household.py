"""A household with three cameras on a Monday morning: a week that is reviewed, and a weekend nobody has looked at."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from sightline.models.answers import Answer as Found
from sightline.models.answers import Box, Detection, Json
from sightline.services.review import ask_next, read_cells, scope_of
from sightline.services.rollups.cells import read_day
from sightline.services.rollups.writing import Revisions, WindowWriter, write_day
from sightline.services.schedule import SCHEDULE
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer, Source
from sightline.storage.runs import LastRun
from sightline.storage.users.protocol import Role
from sightline.testing.fake import BUCKET, WATCHED, FakeSightline
from tests.browser.scenes import CAMERAS, CAR, CAT, FAR, NEAR, NOBODY, PLATE, TWO, Figure, plate_of, scene, unique
from tests.unit.web.house import House, build, fields_of

OWNER, OTHER = "ann", "ben"
LABEL = "Person"
MONDAY = "2026-11-02"
SUNDAY = "2026-11-01"
FRIDAY = "2026-10-30"
NOW = datetime(2026, 11, 2, 7, 40, tzinfo=UTC)
REVIEWED = 70
THRESHOLD = 50.0

WEEK = (
    ("yard", "03:10:05", NOBODY),
    ("garden", "06:35:40", CAT),
    ("yard", "07:02:18", NEAR),
    ("gate", "07:31:50", CAR),
    ("yard", "08:15:33", FAR),
    ("garden", "09:48:21", NEAR),
    ("yard", "10:20:07", NOBODY),
    ("gate", "11:05:44", NOBODY),
    ("yard", "12:40:12", TWO),
    ("garden", "13:30:59", NOBODY),
    ("yard", "14:22:31", NOBODY),
    ("gate", "16:10:26", NEAR),
    ("yard", "16:45:03", FAR),
    ("gate", "17:55:48", CAR),
    ("garden", "19:12:37", NOBODY),
    ("yard", "22:30:15", NEAR),
)
"""What the cameras take on each day from Monday to Friday."""

WEEKEND = (
    ("2026-10-31", "garden", "08:20:10", CAT),
    ("2026-10-31", "yard", "10:05:12", NEAR),
    ("2026-10-31", "yard", "10:05:31", TWO),
    ("2026-10-31", "yard", "10:06:02", NEAR),
    ("2026-10-31", "gate", "15:40:22", CAR),
    (SUNDAY, "garden", "07:15:48", NOBODY),
    (SUNDAY, "yard", "09:33:05", FAR),
    (SUNDAY, "gate", "11:20:14", NEAR),
    (SUNDAY, "gate", "11:20:40", CAR),
    (SUNDAY, "yard", "14:50:09", TWO),
    (SUNDAY, "yard", "14:50:27", NEAR),
    (SUNDAY, "garden", "16:42:55", NEAR),
    (SUNDAY, "yard", "21:08:36", NOBODY),
    (SUNDAY, "gate", "23:47:19", CAR),
    (MONDAY, "yard", "05:58:12", NOBODY),
    (MONDAY, "garden", "06:31:40", CAT),
    (MONDAY, "gate", "07:12:30", NEAR),
    (MONDAY, "gate", "07:12:52", CAR),
)


def light_at(hour: int) -> str:
    """Return the light of an hour in autumn."""
    return "night" if hour < 6 or hour >= 18 else "dawn" if hour < 8 or hour >= 16 else "day"


def found_in(figures: Sequence[Figure], sureness: float) -> dict[str, Found]:
    """Return what the detector finds: those who are far away it may miss, and now and then it is wrong."""
    labels = [Detection("Plant", 61.0 + sureness / 10)]
    people = [each for each in figures if each.kind == "person"]
    sure = min(99.0, 34.0 + sureness / 3 if people == list(FAR) else 72.0 + sureness / 4)
    if people and not (people == list(FAR) and sureness < 30):
        labels.insert(0, _label(LABEL, sure, people))
    elif not people and sureness > 88:
        labels.insert(0, Detection(LABEL, 52.0))
    labels += [_label(each.kind.title(), 93.0, [each]) for each in figures if each.kind in {"car", "cat"}]
    near = [each for each in people if each.height > 0.3]
    faces = tuple(Detection("Face", 99.0, _face(each)) for each in near)
    lines = tuple(Detection(PLATE, 96.0, plate_of(each), {"type": "line"}) for each in figures if each.kind == "car")
    return {"faces": Found(faces, ""), "labels": Found(tuple(labels), "3.0", 30.0), "text": Found(lines, "3.0")}


def _label(name: str, confidence: float, figures: Sequence[Figure]) -> Detection:
    boxes = [_written(each.box) for each in figures]
    instances = [{"box": box, "confidence": confidence} for box in boxes]
    return Detection(name, confidence, attributes={"instances": instances})


def _written(box: Box) -> dict[str, float]:
    return {"left": box.left, "top": box.top, "width": box.width, "height": box.height}


def _face(person: Figure) -> Box:
    return Box(
        person.x - 0.045 * person.height, person.feet - person.height, 0.09 * person.height, 0.18 * person.height
    )


@dataclass
class Household:
    """The house, and the truth about each of its pictures."""

    house: House
    truth: dict[str, Answer] = field(default_factory=dict)

    @property
    def world(self) -> FakeSightline:
        return self.house.world

    def take(self, day: str, camera: str, time: str, figures: Sequence[Figure]) -> None:
        """Take a picture; it arrives some seconds later and is analysed at once."""
        taken_at = datetime.fromisoformat(f"{day}T{time}+00:00")
        self.world.clock.now = taken_at + timedelta(seconds=4)
        number = len(self.truth)
        uri = f"s3://{BUCKET}/{camera}/{day}/Hour-{time[:2]}/snap/MDAlarm_{taken_at:%Y%m%d-%H%M%S}.jpg"
        picture = unique(scene(camera, light_at(taken_at.hour), figures), number)
        self.house.analyse(uri, found_in(figures, number * 37 % 100), picture)
        is_there = any(each.kind == "person" for each in figures)
        self.truth[uri] = Answer.PRESENT if is_there else Answer.ABSENT

    def review(self, reviewer: str, count: int, last_day: str) -> None:
        """Have somebody answer the truth to the review's next questions about a week."""
        services = self.world.services
        scope = scope_of(LABEL, None, last_day, 7, self.world.operations)
        for each in ask_next(read_cells(scope, services), count, services):
            uri = each.request.candidate.image_id
            self.world.clock.move(timedelta(seconds=5))
            said = Said(uri, LABEL, reviewer, self.truth[uri], self.world.clock.now, source=Source.SAMPLED)
            self.world.verdicts.write(verdict_of(said, judge_of(services)))

    def roll_up(self) -> None:
        """Compute the figures up to Sunday as the hourly run does, but no window that ends before: it takes seconds."""
        world, plan = self.world, self.world.services.accuracy
        revisions = Revisions(world.rollups, world.clock, world.operations.dirty_days.reopened_at)
        for camera_day in world.operations.dirty_days.known():
            if camera_day.day <= SUNDAY:
                write_day(read_day(camera_day, world.images, world.verdicts), plan, revisions)
        WindowWriter(plan.rule_of(LABEL), plan, revisions).write({each: [SUNDAY] for each in CAMERAS}, [])

    def see_all(self, name: str) -> None:
        """Have an owner mark as seen all that is new."""
        origin = f"http://{self.house.console.options.hosts[0]}"
        client = self.house.client(name, base_url=origin)
        fields = fields_of(client.get("/new").text) | {"what": "all"}
        assert HTTPStatus.SEE_OTHER == client.post("/new/seen", data=fields, headers={"origin": origin}).status_code


def household(folder: Path, host: str) -> Household:
    """Build it, and let its week pass."""
    world = FakeSightline()
    world.clock.now = datetime(2026, 10, 26, tzinfo=UTC)
    made = Household(build(folder, host=host, world=world))
    made.house.add(OWNER, Role)
    made.house.add(OTHER, [Role.REVIEWER])
    for taken in _week():
        made.take(*taken)
    world.clock.now = datetime(2026, 10, 30, 23, tzinfo=UTC)
    made.see_all(OWNER)
    world.clock.now = datetime(2026, 10, 31, 7, tzinfo=UTC)
    made.review(OTHER, REVIEWED, FRIDAY)
    for taken in WEEKEND:
        made.take(*taken)
    for name in {entry["task"] for entry in SCHEDULE.values()}:
        world.operations.runs.note(LastRun(name, NOW - timedelta(seconds=20), timedelta(seconds=1), {}))
    world.graph.answers["label-by-time"] = [*_by_time(made)]
    world.clock.now = NOW
    return made


def _week() -> Iterator[tuple[str, str, str, Sequence[Figure]]]:
    for day in range(26, 31):
        for number, (camera, time, figures) in enumerate(WEEK):
            is_calm = (day + number) % 4 == 0  # no two days are the same
            yield f"2026-10-{day}", camera, time, NOBODY if is_calm else figures


def _by_time(made: Household) -> Iterator[dict[str, Json]]:
    """Count by weekday and hour as the graph does, without what the review may still ask the owner about."""
    counts: Counter[tuple[int, int]] = Counter()
    for row in made.world.images.get_many(made.truth).values():
        is_found = dict(row.parts["labels"].finding).get(LABEL, 0.0) >= THRESHOLD
        is_hidden = made.world.verdicts.of_image(row.image_id) and is_drawn(WATCHED.salt, LABEL, row.image_id)
        if row.capture and is_found and not is_hidden:
            counts[row.capture.taken_at.isoweekday(), row.capture.taken_at.hour] += 1
    return ({"weekday": weekday, "hour": hour, "images": images} for (weekday, hour), images in counts.items())
