"""Images each made for one question: interrupted contours, inducers of illusory contours, lightness illusions, and corruptions.

Luminance is in the units of the network's images, standard deviations about the mean of its training images: 0 is mean grey. All
pictures are 64 x 64. The origin of x (right) and y (up), in pixels, is the pixel in row 32 and column 32, which is a place of l1.
Edges are anti-aliased: a half-covered pixel has half the luminance.
"""

from dataclasses import dataclass

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import IMAGE_SIZE, pixel_grid

CONTRAST = 1.5  # luminance of bars, discs and half-planes relative to the grey, in either polarity
WIDTH = 3.0  # px, of a bar
LENGTH = 12.0  # px, of each bar beside a gap
RADIUS = 8.0  # px, of an inducing disc
OCCLUDERS = 4.0  # px, width of the bars that occlude a picture
NEAR = slice(16, 48)  # rows averaged into one profile, far from the border


def coordinates():
    """x and y of every pixel, in px from the pixel in row 32 and column 32: two arrays (64, 64)."""
    x, y = pixel_grid(IMAGE_SIZE)
    return x - 0.5, y + 0.5


def covered(distance):
    """Share of a pixel that lies inside a shape, from the signed distance of its centre to the outline, px, negative inside."""
    return np.clip(0.5 - distance, 0, 1)


def bar(along, across, half_length, half_width):
    """Pixel coverage of a rectangle, from the coordinates along and across it."""
    return covered(np.abs(along) - half_length) * covered(np.abs(across) - half_width)


@dataclass(frozen=True)
class Contours:
    """One family of contours through the middle of the picture: each complete, interrupted there, and replaced by its controls."""

    family: str  # one of FAMILIES
    half_gap: float  # distance from the middle to the nearest inducer, px
    orientation: np.ndarray  # (n,), direction of the contour, radians
    polarity: np.ndarray  # (n,), 1 or -1
    pictures: dict  # arrays (n, 64, 64) by name: "complete", "gap", then the controls of the family


def contours(family, half_gap, orientations=8, offsets=(-0.5, 0.5)):
    """Contours in ``orientations`` directions and both polarities, displaced by ``offsets`` (px) across their direction.

    - ``dashed``: a bar 3 px wide, with a gap of ``2 half_gap`` between two dashes of 12 px. Controls: the two dashes turned by 90
      degrees at their inner ends ("turned"), or moved to either side of the middle as two parallel bars ("flanking"), equally near to it.
    - ``occluded``: a step between two half-planes behind a grey disc of radius ``half_gap``. Control: the step turned by 90 degrees
      behind the same disc.
    - ``inducers``: two discs of radius 8 px with a quarter cut out, as along one side of a square of Kanizsa (1976): the edges of the
      cuts lie on the contour. Control: both discs turned by 180 degrees. "complete" shows the occluding square itself, with the
      luminance that gives its side the polarity of the cuts.

    Raises PaperCodeError for an unknown family, or a gap that does not fit into the picture.
    """
    if family not in FAMILIES:
        raise PaperCodeError(f"unknown family of contours {family!r}; choose one of {', '.join(FAMILIES)}")
    if not 1 <= half_gap <= 18:
        raise PaperCodeError(f"half a gap is from 1 to 18 px, so that the inducers fit into the picture; got {half_gap}")
    angle, polarity, offset = (
        axis.ravel() for axis in np.meshgrid(np.arange(orientations) * np.pi / orientations, (1.0, -1.0), offsets, indexing="ij")
    )
    x, y = coordinates()
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    u, v = x * cos + y * sin, y * cos - x * sin - offset[:, None, None]
    drawn = FAMILIES[family](u, v, float(half_gap))
    light = CONTRAST * polarity[:, None, None]
    return Contours(family, float(half_gap), angle, polarity, {name: light * picture for name, picture in drawn.items()})


def _dashed(u, v, gap):
    half, reach = WIDTH / 2, gap + LENGTH
    beside = np.abs(u) - gap - LENGTH / 2, np.abs(v) - gap - half
    return {
        "complete": bar(u, v, reach, half),
        "gap": bar(beside[0], v, LENGTH / 2, half),
        "turned": bar(np.abs(u) - gap - half, v, half, LENGTH / 2),
        "flanking": bar(u, beside[1], LENGTH / 2, half),
    }


def _occluded(u, v, gap):
    outside = covered(gap - np.hypot(u, v))
    steps = {"gap": 2 * covered(-v) - 1, "turned": 2 * covered(-u) - 1}
    return {"complete": steps["gap"], **{name: outside * step for name, step in steps.items()}}


def _inducers(u, v, gap):
    ahead = np.abs(u) - gap - RADIUS  # distance beyond the centre of the nearer disc
    disc = covered(np.hypot(ahead, v) - RADIUS)
    square = covered(-v) * covered(ahead)  # its far side is outside the picture
    cut = disc * (1 - square)
    return {"complete": cut - square, "gap": cut, "turned": disc * (1 - covered(-ahead) * covered(v))}


FAMILIES = {"dashed": _dashed, "occluded": _occluded, "inducers": _inducers}  # of contours: what draws each


@dataclass(frozen=True)
class Illusion:
    """A picture in which equal luminances look different, and where to look."""

    name: str
    picture: np.ndarray  # (64, 64)
    where: np.ndarray  # (64, 64), weights that sum to 0: the places that look lighter minus those that look darker, all of equal luminance
    row: int  # the row of pixels that is drawn as a profile


def illusions():
    """Simultaneous contrast, Hermann grid, Mach bands and White's effect, at the scale of the l0 filter: a list of :class:`Illusion`."""
    return [simultaneous_contrast(), hermann_grid(), mach_bands(), white_effect()]


def _lighter_less_darker(lighter, darker):
    lighter, darker = (1.0 * (one >= 1) for one in (lighter, darker))  # pixels wholly inside
    return lighter / lighter.sum() - darker / darker.sum()


def simultaneous_contrast():
    """Two equal grey squares, one on a dark ground and one on a light ground: the one on the dark ground looks lighter."""
    x, y = coordinates()
    left, right = (bar(x - place, y, 3, 3) for place in (-16, 16))
    ground = CONTRAST * (2 * covered(-x) - 1)
    return Illusion("simultaneous contrast", ground * (1 - left - right), _lighter_less_darker(left, right), IMAGE_SIZE // 2)


def hermann_grid():
    """Light streets between dark blocks: the crossings look darker than the streets (Hermann 1870)."""
    x, y = coordinates()
    street, period = 4, 16
    across = [np.abs((one + period / 2) % period - period / 2) for one in (x, y)]  # distance from the middle of the nearest street
    on_block = [covered(street / 2 - one) for one in across]
    picture = CONTRAST * (1 - 2 * on_block[0] * on_block[1])
    inner = np.maximum(np.abs(x), np.abs(y)) < 1.5 * period
    crossing = (np.maximum(*across) < 1) * inner
    middle = sum((one < 1) * (np.abs(other - period / 2) < 1) for one, other in (across, across[::-1])) * inner
    return Illusion("Hermann grid", picture, _lighter_less_darker(middle, crossing), IMAGE_SIZE // 2)


def mach_bands():
    """A ramp between two plateaus: a light band appears at its upper end and a dark band at its lower end (Mach 1865).

    Band and plateau do not have quite the same luminance, as a band is 3 px wide and centred on the end of the ramp.
    """
    x, y = coordinates()
    ramp = 16
    picture = CONTRAST * np.clip(2 * x / ramp, -1, 1)
    middle = np.abs(y) <= 16
    upper, lower = ((np.abs(x - end) <= 1) * middle for end in (ramp / 2, -ramp / 2))
    high, low = ((np.abs(x - end) <= 2) * middle for end in (ramp / 2 + 10, -ramp / 2 - 10))
    where = _lighter_less_darker(upper, high) + _lighter_less_darker(low, lower)
    return Illusion("Mach bands", picture, where, IMAGE_SIZE // 2)


def white_effect():
    """Grey patches that replace parts of the dark and light bars of a grating: those on dark bars look lighter (White 1979).

    Being taller than wide, a patch on a dark bar borders more on light bars than on dark: contrast with them predicts the reverse.
    """
    x, y = coordinates()
    width, height = 6, 12
    from_light = np.abs((x + width) % (2 * width) - width)  # distance from the middle of the nearest light bar
    grating = CONTRAST * (2 * covered(from_light - width / 2) - 1)
    on_light, on_dark = (
        sum(bar(x - place, y - up, width / 2, height / 2) for place in places)
        for places, up in (((-2 * width, 0, 2 * width), 14), ((-3 * width, -width, width), -14))
    )
    return Illusion("White's effect", grating * (1 - on_light - on_dark), _lighter_less_darker(on_dark, on_light), IMAGE_SIZE // 2 - 14)


def cornsweet(decay=10.0):
    """The edge of Craik (1966), O'Brien (1958) and Cornsweet (1970), and the step that it looks like: a tuple of two arrays (64, 64).

    The right side looks lighter in both. Away from the edge, the first decays from the step to mean grey, as exp(-|x| / decay).
    """
    x = coordinates()[0] + 0.5  # the edge lies between two pixels
    step = CONTRAST * np.sign(x)
    return step * np.exp(-np.abs(x) / decay), step


def add_noise(pictures, sd, seed):
    """Add white Gaussian noise of standard deviation ``sd`` to pictures (n, 64, 64)."""
    pictures = np.asarray(pictures, np.float32)
    return pictures + np.float32(sd) * np.random.default_rng(seed).standard_normal(pictures.shape, dtype=np.float32)


def occlude(pictures, share, seed, width=OCCLUDERS):
    """Cover a share, in [0, 1), of each picture (n, 64, 64) with grey bars ``width`` px wide; direction and place are drawn for each."""
    if not 0 <= share < 1:
        raise PaperCodeError(f"the share of a picture that bars cover is at least 0 and below 1, not {share}")
    pictures = np.asarray(pictures, np.float32)
    if share == 0:
        return pictures
    generator = np.random.default_rng(seed)
    angle, phase = (generator.uniform(0, top, (len(pictures), 1, 1)) for top in (np.pi, 1.0))
    x, y = coordinates()
    period = width / share
    across = x * np.cos(angle) + y * np.sin(angle) + phase * period
    distance = np.abs((across + period / 2) % period - period / 2) - width / 2
    return pictures * (1 - covered(distance)).astype(np.float32)


def change_contrast(pictures, factor):
    """Multiply every picture's deviation from its own mean by a factor."""
    pictures = np.asarray(pictures, np.float32)
    mean = pictures.mean((1, 2), keepdims=True)
    return mean + np.float32(factor) * (pictures - mean)
