"""The review's question about a label, as a person would ask it."""

THINGS = {
    "animal": "an animal",
    "baby": "a baby",
    "bear": "a bear",
    "bicycle": "a bicycle",
    "bird": "a bird",
    "boat": "a boat",
    "bus": "a bus",
    "car": "a car",
    "cat": "a cat",
    "child": "a child",
    "deer": "a deer",
    "dog": "a dog",
    "fire": "a fire",
    "horse": "a horse",
    "man": "a man",
    "motorcycle": "a motorcycle",
    "package": "a package",
    "person": "a person",
    "smoke": "smoke",
    "truck": "a truck",
    "van": "a van",
    "vehicle": "a vehicle",
    "woman": "a woman",
}
"""What is asked for by labels that are often watched. Any other label is quoted: no rule finds every name's article."""


def thing_of(label: str) -> str | None:
    """Return `a person` for `Person`; None for a label that is quoted."""
    return THINGS.get(label.casefold())
