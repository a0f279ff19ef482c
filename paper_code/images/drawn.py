"""Images drawn from their own seeds, the same for every training run: patches of photographs, and images that share only some of the
structure of natural images: their spectrum, their edges, or nothing but pixels.

Each class has a random generator seeded by its name, so that selecting classes does not change the images of those selected. A synthetic
source has 20 classes; the class is a parameter, so that there is something to learn, and no parameter favours an orientation.
"""

import zlib
from importlib.resources import files

import numpy as np
from PIL import Image
from scipy import fft
from tqdm import tqdm

from paper_code.core.geometry import IMAGE_SIZE
from paper_code.images import tiny_imagenet
from paper_code.images.image_set import ImageSet, choose_classes, to_grey

# Of objects, faces and textures; drawings, text, maps and microscope images are excluded.
PHOTOGRAPHS = {name: f"{name}.png" for name in ("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "moon")}
PHOTOGRAPHS |= {"motorcycle": "motorcycle_left.png", "rocket": "rocket.jpg"}
SCALES = (1, 2, 3)  # pixels of the photograph per pixel of the patch, along each side
TRAIN_PATCHES, TEST_PATCHES = 80, 20  # per photograph and scale

TRAIN_IMAGES, TEST_IMAGES = 500, 50  # per class of the other sources, as in Tiny ImageNet
GREY = 128  # mean level

CONTRAST = 0.5  # factor applied to every phase-scrambled image about the overall mean

SMALLEST = (1.0, 1.5, 2.0, 3.0)  # radii of the smallest leaves, pixels
EXPONENTS = (2.0, 2.5, 3.0, 3.5, 4.0)  # a of the density r^-a of the leaves' radii
LARGEST = 32.0  # radius of the largest leaves, pixels
DEPTH = 6.0  # average number of leaves over a point
FINER = 2  # pixels painted per pixel of the image, along each side
LEAVES = 2048  # number painted at once

SLOPES = np.linspace(0.5, 1.5, 20)  # a of the amplitude 1/f^a
PINK_SD = 40  # grey levels
WHITE_SDS = np.geomspace(10, 40, 20)  # grey levels


def photographs(classes=None, progress=True):
    """Patches of the photographs in the scikit-image package, for a first training run without any download.

    They are 64 x 64, at random positions and three scales, labelled by photograph. The last third of a photograph's longer side, at
    least 192 pixels, provides the test patches and the rest the training patches, so that no pixel is used for both.
    """
    settings = {name: name for name in PHOTOGRAPHS}
    return _generate("photographs", settings, _patches, classes, progress, *(len(SCALES) * n for n in (TRAIN_PATCHES, TEST_PATCHES)), "")


def photograph(name):
    """A whole photograph as uint8 luma (rows, columns)."""
    with Image.open(files("skimage") / "data" / PHOTOGRAPHS[name]) as image:
        return np.asarray(to_grey(image))


def regions(photograph):
    """Split a photograph (rows, columns) along its longer side into views for training and for testing, without overlap."""
    axis = 0 if photograph.shape[0] > photograph.shape[1] else 1
    length = photograph.shape[axis]
    return np.split(photograph, [length - max(length // 3, IMAGE_SIZE * max(SCALES))], axis)


def _patches(name, split, count, generator):
    region = regions(photograph(name))[split]
    return np.stack([cut(region, scale, generator) for scale in SCALES for _ in range(count // len(SCALES))])


def cut(region, scale, generator):
    """A patch, uint8 (64, 64), at a random position in a region; each of its pixels is the mean of scale x scale pixels of the region."""
    side = IMAGE_SIZE * scale
    row, column = (generator.integers(length - side + 1) for length in region.shape)
    blocks = region[row : row + side, column : column + side].reshape(IMAGE_SIZE, scale, IMAGE_SIZE, scale)
    return np.rint(blocks.mean((1, 3))).astype(np.uint8)


def scrambled_images(root, classes=None, progress=True):
    """Tiny ImageNet with the phases of white noise: every image keeps its label and its power spectrum.

    The spectrum is that of the image's periodic component (Moisan 2011): the step between opposite borders would add a cross to the
    spectrum of the image itself, and stripes along the axes all over the scrambled image. Scrambled images exceed the range of grey
    levels, so the contrast of all is reduced equally, by :data:`CONTRAST` about the overall mean, which does not show in standardised
    images; values that still lie outside 0 to 255, fewer than 1 in 1000 pixels of Tiny ImageNet, are clipped. The phases depend on
    the order of the images: under another rule for classes an image has different ones.
    """
    natural = tiny_imagenet.load_tiny_imagenet(root, classes, progress)
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
    """Images (n, s, s) minus a smooth part that absorbs the step between opposite borders; means are unchanged (Moisan 2011, eq. 11)."""
    images = np.asarray(images, float)
    step = np.zeros_like(images)
    for axis in (1, 2):
        first, last = np.take(images, 0, axis), np.take(images, -1, axis)
        views = np.moveaxis(step, axis, 0)
        views[0] += first - last
        views[-1] += last - first
    rows, columns = (2 * np.cos(2 * np.pi * np.arange(side) / side) for side in images.shape[1:])
    laplacian = 4 - rows[:, None] - columns[: images.shape[2] // 2 + 1]
    laplacian[0, 0] = 1  # at zero frequency, where the step is zero
    return images - fft.irfft2(fft.rfft2(step) / laplacian, images.shape[1:])


def dead_leaves(classes=None, progress=True, train=TRAIN_IMAGES, test=TEST_IMAGES):
    """Discs of random grey that occlude one another; the class is the distribution of their sizes.

    The model of Lee, Mumford and Huang (2001): leaves fall at random positions, their radii with density r^-a between the smallest and
    :data:`LARGEST` pixels; a = 3 for images that look the same at all scales. The 20 classes are the pairs of a smallest radius and an
    exponent a. Points that no leaf has covered, a share exp(-:data:`DEPTH`), stay grey. Leaves fall on one large periodic canvas for
    the training images of a class and on another for its test images, and each canvas is cut into images.
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
    """Radii at the given quantiles, in [0, 1], of the density r^-exponent between two radii; the exponent must not be 1."""
    low, high = smallest ** (1 - exponent), largest ** (1 - exponent)
    return (low + quantile * (high - low)) ** (1 / (1 - exponent))


def paint(canvas, row, column, radius, grey):
    """Paint discs (n,) onto a periodic canvas (rows, columns), in place, each over those before it.

    A pixel is painted if its centre is at most ``radius`` away.
    """
    top = np.ceil(row - radius).astype(np.int32)
    disc, line = _runs(top, np.floor(row + radius).astype(np.int32) - top + 1)
    half = np.sqrt(np.maximum(radius[disc] ** 2 - (line - row[disc]) ** 2, 0))
    left = np.ceil(column[disc] - half).astype(np.int32)
    span, place = _runs(left, np.floor(column[disc] + half).astype(np.int32) - left + 1)
    rows, columns = canvas.shape
    index = (line % rows * columns).astype(np.int32)[span] + place % np.int32(columns)
    canvas.reshape(-1)[index] = grey[disc][span]  # where indices repeat, the last value is kept


def _runs(start, length):
    """Runs of consecutive integers from each start: (index of the run, integer), int32, one run after another."""
    length = np.maximum(length, 0)
    which = np.repeat(np.arange(len(start), dtype=np.int32), length)
    before = np.cumsum(length, dtype=np.int32) - length
    return which, np.arange(len(which), dtype=np.int32) + (start - before)[which]


def pink_noise(classes=None, progress=True, train=TRAIN_IMAGES, test=TEST_IMAGES):
    """Isotropic Gaussian noise with amplitude 1/f^a; the class is a, in 20 steps from .5 to 1.5 (natural images: about 1).

    The images are cut from periodic squares of twice their side, so that they do not wrap around; over these squares all classes have
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
    """Gaussian white noise; the class is its standard deviation, in 20 geometric steps from 10 to 40 grey levels.

    Values are clipped beyond 3.2 standard deviations, or farther out where these are smaller.
    """

    def draw(sd, split, count, generator):
        return quantise(sd * generator.standard_normal((count, IMAGE_SIZE, IMAGE_SIZE)))

    return _generate("white-noise", {f"sd-{sd:.2f}": sd for sd in WHITE_SDS}, draw, classes, progress, train, test)


def quantise(values):
    """Deviations from the mean level as grey levels, uint8, clipped to 0 to 255."""
    return np.clip(np.rint(GREY + values), 0, 255).astype(np.uint8)


def _generate(name, settings, draw, rule, progress, train, test, stream=None):
    """An ImageSet from ``draw(setting, split, count, generator)`` for the classes, given as ``{class: setting}``, that the rule selects."""
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
    """Images of every kind used in the controls, ``{label: (n, s, s)}``; ``natural`` (n, s, s) are the photographs, also scrambled."""
    sources = {"dead leaves": dead_leaves, "1/f noise": pink_noise, "white noise": white_noise}
    own = {label: source(progress=False, train=1, test=1).train_images for label, source in sources.items()}
    return {"photographs": natural, "phase-scrambled": scramble(natural, np.random.default_rng(0)), **own}
