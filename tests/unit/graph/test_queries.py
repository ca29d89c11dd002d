import re

import pytest

from sightline.errors import ConfigurationError
from sightline.graph.queries import all_queries, query_named


def test_every_query_has_a_name_and_an_explanation() -> None:
    assert len(all_queries()) >= 9
    assert [query.name for query in all_queries().values() if not query.explains.endswith(".")] == []


def test_the_blogs_queries_are_unchanged() -> None:
    assert query_named("heat-map").text == (
        "match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-"
        "(camera:Camera) where label_edge.confidence > 90 and image.timestamp > ((timestamp()/1000) - 60*60*2) "
        "return camera, image"
    )
    assert query_named("confidence-histogram").text == (
        "match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-"
        "(camera:Camera) where image.timestamp > ((timestamp()/1000) - 60*60*2) return camera.camera_name, "
        "image.object_key, count(round(label_edge.confidence)), round(label_edge.confidence) "
        "order by round(label_edge.confidence) asc"
    )


def test_parameters_that_are_left_out_are_null() -> None:
    bound = query_named("images-with-label").bind({"label": "Dog", "at_least": 50, "day": "2026-01-02"})
    left_out = dict.fromkeys(
        ("camera", "since", "first", "last", "weekday", "hour", "below", "before", "after", "limit")
    )
    assert bound == {"label": "Dog", "at_least": 50, "day": "2026-01-02", **left_out}


@pytest.mark.parametrize("given", [None, {"label": "Dog"}, {"label": "Dog", "at_least": 1, "colour": "red"}])
def test_missing_and_unknown_parameters_are_refused(given: dict[str, object] | None) -> None:
    with pytest.raises(ConfigurationError, match="it needs label, at_least and may take camera, since, day"):
        query_named("images-with-label").bind(given)


def test_a_query_takes_exactly_the_parameters_that_its_text_names() -> None:
    for query in all_queries().values():
        named = set(re.findall(r"\$(\w+)", query.text))
        assert named == {*query.needs, *query.may_take}


def test_written_parameters_become_what_their_query_declares() -> None:
    written = {"before": "2016-11", "after": "12", "at_least": "50"}
    expected = {"before": "2016-11", "after": "12", "at_least": 50.0, "camera": None, "leave_out": None}
    assert expected == query_named("months").read(written)
    assert ["s3://a/b c", "s3://d"] == query_named("months").read({**written, "leave_out": "s3://a/b c\ns3://d"})[
        "leave_out"
    ]


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("at_least", "many", "at_least must be a number"),
        ("at_least", "nan", "at_least must be a number"),
        ("before", "13", "before must be a month, such as 2016-11, or 11 for every November"),
        ("before", "november", "before must be a month"),
    ],
)
def test_a_parameter_that_is_not_of_its_kind_is_refused(name: str, value: str, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}={value}: {rule}"):
        query_named("months").read({"before": "11", "after": "12", name: value})


@pytest.mark.parametrize("day", ["2044-13-45", "2044-05", "20440517", "2044-5-17", "today"])
def test_a_day_that_is_in_no_calendar_is_refused(day: str) -> None:
    with pytest.raises(ConfigurationError, match=f"day={day}: day must be a day, such as 2016-11-08"):
        query_named("images-with-label").read({"label": "Dog", "at_least": "50", "day": day})


def test_a_day_is_asked_for_as_it_is_written() -> None:
    asked = query_named("images-with-label").read({"label": "Dog", "at_least": "50", "day": "2044-02-29"})
    assert "2044-02-29" == asked["day"]
