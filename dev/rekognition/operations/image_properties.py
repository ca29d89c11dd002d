"""The ImageProperties of DetectLabels: light and main colours."""

from collections.abc import Mapping
from dataclasses import replace

from dev.rekognition.colours import Colour
from dev.rekognition.scene import Region, Scene
from sightline.models.answers import Json

_DEFAULT_MOST_COLOURS = 10


def image_properties(scene: Scene, settings: Mapping[str, int]) -> Json:
    """Return `scene` in AWS's spelling; without foreground and background if they cannot be told apart."""
    most = settings.get("MaxDominantColors", _DEFAULT_MOST_COLOURS)
    parts = {"Foreground": scene.foreground, "Background": scene.background}
    return {**_region(scene.whole, most), **{name: _region(part, most) for name, part in parts.items() if part}}


def _region(region: Region, most: int) -> Json:
    light = region.light
    return {
        "Quality": {"Brightness": light.brightness, "Sharpness": light.sharpness, "Contrast": light.contrast},
        "DominantColors": [_colour(each) for each in _by_name(region.colours)[:most]],
    }


def _by_name(colours: tuple[Colour, ...]) -> list[Colour]:
    """Merge colours with the same CSS name into the most common of them; the most common name first."""
    joined: dict[str, Colour] = {}
    for colour in colours:
        known = joined.get(colour.css, replace(colour, pixel_percent=0.0))
        joined[colour.css] = replace(known, pixel_percent=known.pixel_percent + colour.pixel_percent)
    return sorted(joined.values(), key=lambda each: -each.pixel_percent)


def _colour(colour: Colour) -> Json:
    return {
        "Red": colour.red,
        "Green": colour.green,
        "Blue": colour.blue,
        "HexCode": colour.hex_code,
        "CSSColor": colour.css,
        "SimplifiedColor": colour.simplified,
        "PixelPercent": colour.pixel_percent,
    }
