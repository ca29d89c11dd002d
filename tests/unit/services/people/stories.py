"""Known people in a world of fakes: a consent, photos, and an image with faces."""

from datetime import timedelta

from sightline.models.answers import Answer, Box, Detection
from sightline.models.images import Lane
from sightline.models.people import IndexedFace
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.testing.fake import FakeSightline, picture, uri_of

ANN = 'Ann O\'Neil "the ☂️"'
POLICY = PeoplePolicy("find who left the gate open", "consent", 30, ("gate",))
GATE, YARD = uri_of("01", "gate"), uri_of("02", "yard")
FACE = Box(0.25, 0.25, 0.5, 0.5)


def made(**more):
    world = FakeSightline(people_policy=POLICY, known_people=KnownPeople(POLICY, 99.0), features=("faces",), **more)
    world.put(GATE, picture(1))
    return world


def consent(folder, world, person=ANN, name="consent.toml", **changes):
    today = world.clock().date()
    told = {"given_on": today, "until": today + timedelta(days=365)} | changes
    purpose = told.pop("purpose", "find who left the gate open")
    text = f"person = '''{person}'''\ngiven_on = {told['given_on']}\nuntil = {told['until']}\npurpose = '{purpose}'\n"
    path = folder / name
    path.write_text(text)
    return path


def photo(folder, shade, name=None):
    path = folder / (name or f"{shade}.jpg")
    path.write_bytes(picture(shade))
    return str(path)


def enrol(world, file, *pictures, name=ANN, **more):
    return world.services.enrolling.enrol(name, pictures, file, **more)


def face(box=FACE):
    return Detection("Face", 99.0, box)


def look(world, *uris, faces=(FACE,), lane=Lane.LIVE):
    """Take images through all their steps, each with these faces."""
    world.detector.script.extend([Answer(tuple(map(face, faces)), "")] * len(uris))
    world.add(*uris, lane=lane)
    world.run()


def search(world):
    return dict(world.services.searching.run(lambda: True))


def paid(world, name):
    world.services.calls.flush()
    today = world.clock().date().isoformat()
    return {kind: number for (of, kind), number in world.operations.usage.calls(today, today).items() if of == name}


def made_face(enrolment, face_id="f"):
    return IndexedFace(face_id, enrolment.external_id)
