"""Images that are drawn from seeds of their own, the same for every training: patches of photographs, and pictures that hold a part
of what natural images hold, their spectrum, their edges, or nothing but pixels.

Each class has a generator that its name seeds, so that a rule for classes leaves the images of the others as they are. A synthetic
source has 20 classes; the class is a parameter, so that there is something to learn, and no parameter prefers an orientation.
"""

import zlib
from importlib.resources import files

import numpy as np
from PIL import Image
from scipy import fft
from tqdm import tqdm

from paper_code.images import tiny_imagenet
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes, to_grey

# Of things, faces and textures; drawings, text, maps and microscope images are left out.
PHOTOGRAPHS = {name: f"{name}.png" for name in ("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "moon")}
PHOTOGRAPHS |= {"motorcycle": "motorcycle_left.png", "rocket": "rocket.jpg"}
SCALES = (1, 2, 3)  # pixels of the photograph along one side of a pixel of the patch
TRAIN_PATCHES, TEST_PATCHES = 80, 20  # per photograph and scale

TRAIN_IMAGES, TEST_IMAGES = 500, 50  # a class of the others, as in Tiny ImageNet
GREY = 128  # level of the mean

CONTRAST = 0.5  # factor on every phase-scrambled image about the mean of all

SMALLEST = (1.0, 1.5, 2.0, 3.0)  # radii of the smallest leaves, pixels
EXPONENTS = (2.0, 2.5, 3.0, 3.5, 4.0)  # of the density r^-a of the leaves' radii
LARGEST = 32.0  # radius of the largest leaves, pixels
DEPTH = 6.0  # leaves over a place on average
FINER = 2  # pixels painted along one side of a pixel of the image
LEAVES = 2048  # painted at once

SLOPES = np.linspace(0.5, 1.5, 20)  # a of the amplitude 1/f^a
PINK_SD = 40  # grey levels
WHITE_SDS = np.geomspace(10, 40, 20)  # grey levels


def photographs(classes=None, progress=True):
    """Patches of the photographs that lie in the scikit-image package, for a first training without any download.

    They are 64 x 64, at random places and at three scales; the label says from which photograph. The last third of its longer side,
    192 pixels or more, gives the test patches and the rest the training patches, so that no pixel serves both.
    """
    settings = {name: name for name in PHOTOGRAPHS}
    return _generate("photographs", settings, _patches, classes, progress, *(len(SCALES) * n for n in (TRAIN_PATCHES, TEST_PATCHES)), "")


def read(name):
    """A whole photograph as uint8 luma (rows, columns)."""
    with Image.open(files("skimage") / "data" / PHOTOGRAPHS[name]) as image:
        return np.asarray(to_grey(image))


def regions(photograph):
    """Split a photograph (rows, columns) across its longer side into views for training and for test, without overlap."""
    axis = 0 if photograph.shape[0] > photograph.shape[1] else 1
    length = photograph.shape[axis]
    return np.split(photograph, [length - max(length // 3, IMAGE_SIZE * max(SCALES))], axis)


def _patches(name, split, count, generator):
    region = regions(read(name))[split]
    return np.stack([cut(region, scale, generator) for scale in SCALES for _ in range(count // len(SCALES))])


def cut(region, scale, generator):
    """A patch, uint8 (64, 64), at a random place of a region; each of its pixels averages scale x scale of the region's."""
    side = IMAGE_SIZE * scale
    row, column = (generator.integers(length - side + 1) for length in region.shape)
    blocks = region[row : row + side, column : column + side].reshape(IMAGE_SIZE, scale, IMAGE_SIZE, scale)
    return np.rint(blocks.mean((1, 3))).astype(np.uint8)


def phase_scrambled(root, classes=None, progress=True):
    """Tiny ImageNet with the phases of white noise: every image keeps its label and its power spectrum.

    The spectrum is that of the image's periodic component (Moisan 2011): the step from one border to the opposite one would put a
    cross into the spectrum of the image itself, and stripes along the axes all over the scrambled image. The scrambled image
    exceeds the grey levels, so that all are reduced alike, by :data:`CONTRAST` about the mean of all, which standardised images
    do not show; what then still lies outside 0 to 255, less than 1 in 1000 pixels of Tiny ImageNet, is clipped. The phases
    follow the order of the images: under another rule for classes an image has others.
    """
    natural = tiny_imagenet.load(root, classes, progress)
    scrambled = []
    for split, images in enumerate((natural.train_images, natural.test_images)):
        generator = np.random.default_rng([zlib.crc32(b"phase-scrambled"), split])
        levels = np.empty_like(images)
        for first in tqdm(range(0, len(images), 500), "scrambling phases", disable=not progress, leave=False):
            part = slice(first, first + 500)
            levels[part] = quantise(CONTRAST * (scramble(images[part], generator) - natural.mean))
        scrambled.append(levels)
    return ImageSet("phase-scrambled", natural.classes, scrambled[0], natural.train_labels, scrambled[1], natural.test_labels)


def scramble(images, generator):
    """Random images (n, s, s) with the means and amplitude spectra of the periodic components of ``images``, and phases of white noise."""
    spectrum = fft.rfft2(periodic_component(images))
    noise = fft.rfft2(generator.standard_normal(images.shape))
    scrambled = np.abs(spectrum) * noise / np.abs(noise)
    scrambled[:, 0, 0] = spectrum[:, 0, 0]
    return fft.irfft2(scrambled, images.shape[1:])


def periodic_component(images):
    """Images (n, s, s) less a smooth part that takes up the step between opposite borders; the means stay (Moisan 2011, eq. 11)."""
    images = np.asarray(images, float)
    step = np.zeros_like(images)
    for axis in (1, 2):
        first, last = np.take(images, 0, axis), np.take(images, -1, axis)
        views = np.moveaxis(step, axis, 0)
        views[0] += first - last
        views[-1] += last - first
    rows, columns = (2 * np.cos(2 * np.pi * np.arange(side) / side) for side in images.shape[1:])
    laplacian = 4 - rows[:, None] - columns[: images.shape[2] // 2 + 1]
    laplacian[0, 0] = 1  # where the step has no mean
    return images - fft.irfft2(fft.rfft2(step) / laplacian, images.shape[1:])


def dead_leaves(classes=None, progress=True, train=TRAIN_IMAGES, test=TEST_IMAGES):
    """Discs of random grey that occlude one another; the class is how their sizes are distributed.

    The model of Lee, Mumford and Huang (2001): leaves fall at random places, their radii with the density r^-a between the smallest
    and :data:`LARGEST` pixels, a = 3 in images that look the same at all scales. The 20 classes are the pairs of a smallest radius
    and an exponent a. Places that no leaf has reached, a share exp(-:data:`DEPTH`), stay grey. Leaves fall on one large
    periodic canvas for the training images of a class and on another for its test images, and the canvas is cut into images.
    """
    settings = {f"radius-{smallest:.1f}-exponent-{exponent:.1f}": (smallest, exponent) for smallest in SMALLEST for exponent in EXPONENTS}
    return _generate("dead-leaves", settings, _leaves, classes, progress, train, test)


def _leaves(setting, split, count, generator):
    """Images (count, 64, 64) cut from a canvas of dead leaves."""
    smallest, exponent = setting
    columns = max(2, int(np.ceil(np.sqrt(count))))
    rows = max(2, -(-count // columns))
    canvas = np.full((rows * IMAGE_SIZE * FINER, columns * IMAGE_SIZE * FINER), GREY, np.uint8)
    area = DEPTH * canvas.size
    while area > 0:
        radii = FINER * power_law(generator.random(LEAVES), smallest, LARGEST, exponent)
        places = generator.random((2, LEAVES)) * np.array(canvas.shape)[:, None]
        greys = generator.integers(0, 256, LEAVES, np.uint8)
        cover = np.cumsum(np.pi * radii**2)
        wanted = np.searchsorted(cover, area) + 1
        paint(canvas, *places[:, :wanted], radii[:wanted], greys[:wanted])
        area -= cover[-1]
    blocks = canvas.reshape(rows, IMAGE_SIZE, FINER, columns, IMAGE_SIZE, FINER).mean((2, 5))
    return np.rint(blocks.transpose(0, 2, 1, 3).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)[:count]).astype(np.uint8)


def power_law(quantile, smallest, largest, exponent):
    """Radii at the given quantiles, in [0, 1], of the density r^-exponent between two radii; the exponent is not 1."""
    low, high = smallest ** (1 - exponent), largest ** (1 - exponent)
    return (low + quantile * (high - low)) ** (1 / (1 - exponent))


def paint(canvas, row, column, radius, grey):
    """Paint discs (n,) onto a periodic canvas (rows, columns), in place and each over those before it.

    A pixel is painted if its centre is at most ``radius`` away.
    """
    top = np.ceil(row - radius).astype(np.int32)
    disc, line = _runs(top, np.floor(row + radius).astype(np.int32) - top + 1)
    half = np.sqrt(np.maximum(radius[disc] ** 2 - (line - row[disc]) ** 2, 0))
    left = np.ceil(column[disc] - half).astype(np.int32)
    span, place = _runs(left, np.floor(column[disc] + half).astype(np.int32) - left + 1)
    rows, columns = canvas.shape
    index = (line % rows * columns).astype(np.int32)[span] + place % np.int32(columns)
    canvas.reshape(-1)[index] = grey[disc][span]  # where places repeat, the last value stays


def _runs(start, length):
    """Consecutive whole numbers from each start on: (which run, the number), int32, run after run."""
    length = np.maximum(length, 0)
    which = np.repeat(np.arange(len(start), dtype=np.int32), length)
    before = np.cumsum(length, dtype=np.int32) - length
    return which, np.arange(len(which), dtype=np.int32) + (start - before)[which]


def pink_noise(classes=None, progress=True, train=TRAIN_IMAGES, test=TEST_IMAGES):
    """Gaussian noise with amplitude 1/f^a, isotropic; the class is a, in 20 steps from .5 to 1.5 (natural images: about 1).

    The images are cut from periodic squares of twice their side, so that they do not wrap around; over those squares all classes have
    the same variance. Values beyond 3.2 standard deviations are clipped.
    """
    return _generate("pink-noise", {f"slope-{slope:.3f}": slope for slope in SLOPES}, _pink, classes, progress, train, test)


def _pink(slope, split, count, generator):
    side = 2 * IMAGE_SIZE
    frequency = np.hypot(fft.fftfreq(side)[:, None], fft.fftfreq(side))
    frequency[0, 0] = np.inf
    amplitude = frequency**-slope
    amplitude *= PINK_SD / np.sqrt((amplitude**2).mean())
    images = np.empty((count, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for first in range(0, count, 100):
        noise = fft.rfft2(generator.standard_normal((min(100, count - first), side, side)))
        images[first : first + 100] = quantise(fft.irfft2(noise * amplitude[:, : side // 2 + 1])[:, :IMAGE_SIZE, :IMAGE_SIZE])
    return images


def white_noise(classes=None, progress=True, train=TRAIN_IMAGES, test=TEST_IMAGES):
    """Gaussian white noise; the class is its standard deviation, in 20 equal ratios from 10 to 40 grey levels.

    Clipped are values beyond 3.2 standard deviations or more.
    """

    def draw(sd, split, count, generator):
        return quantise(sd * generator.standard_normal((count, IMAGE_SIZE, IMAGE_SIZE)))

    return _generate("white-noise", {f"sd-{sd:.2f}": sd for sd in WHITE_SDS}, draw, classes, progress, train, test)


def quantise(values):
    """Deviations from the mean level as grey levels, uint8, clipped to 0 to 255."""
    return np.clip(np.rint(GREY + values), 0, 255).astype(np.uint8)


def _generate(name, settings, draw, rule, progress, train, test, stream=None):
    """An ImageSet of ``draw(setting, split, count, generator)`` for the classes, given as ``{class: setting}``, that the rule names."""
    chosen = choose_classes(settings, rule)
    stream = f"{name}/" if stream is None else stream
    images = ([], [])
    for one in tqdm(chosen, f"drawing {name}", unit="class", disable=not progress, leave=False):
        generator = np.random.default_rng(zlib.crc32(f"{stream}{one}".encode()))
        for split, count in enumerate((train, test)):
            images[split].append(draw(settings[one], split, count, generator))
    arrays = []
    for drawn, count in zip(images, (train, test), strict=True):
        arrays += [np.concatenate(drawn), np.repeat(np.arange(len(chosen), dtype=np.int64), count)]
    return ImageSet(name, tuple(chosen), *arrays)


def kinds(natural):
    """Images of every kind that the controls see, ``{label: (n, s, s)}``; ``natural`` (n, s, s) are those to scramble."""
    sources = {"dead leaves": dead_leaves, "1/f noise": pink_noise, "white noise": white_noise}
    own = {label: source(progress=False, train=1, test=1).train_images for label, source in sources.items()}
    return {"photographs": natural, "phase-scrambled": scramble(natural, np.random.default_rng(0)), **own}
