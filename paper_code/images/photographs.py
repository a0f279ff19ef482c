"""Patches of the photographs that lie in the scikit-image package, for a first training without any download.

Eleven photographs of things, faces and textures; drawings, text, maps and microscope images are left out.
The files are opened where the package put them: nothing here goes to the network.
"""

import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes, to_grey

PHOTOGRAPHS = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "camera": "camera.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "moon": "moon.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
}
SCALES = (1, 2, 3)  # pixels of the photograph along one side of a pixel of the patch
TRAIN_PATCHES, TEST_PATCHES = 80, 20  # per photograph and scale


def load(root=None, classes=None, progress=True):
    """Cut 64 x 64 patches at random places and at three scales; the label says from which photograph.

    The last third of a photograph's longer side, 192 pixels or more, gives the test patches and the rest the training
    patches, so that no pixel serves both. Each photograph has a generator of its own, seeded by its name: a rule
    for classes leaves the patches of the others as they are.

    The rule ``classes`` is over the sorted names of the photographs, as in :func:`paper_code.images.load`; ``root`` is ignored. There are
    240 training and 60 test patches a photograph.

    Raises
    ------
    PaperCodeError
        If the installed scikit-image lacks one of the photographs.
    """
    chosen = choose_classes(PHOTOGRAPHS, classes)
    splits = ([], [])
    for name in tqdm(chosen, "cutting patches", unit="photograph", disable=not progress, leave=False):
        generator = np.random.default_rng(zlib.crc32(name.encode()))
        for patches, region, count in zip(splits, regions(read(name)), (TRAIN_PATCHES, TEST_PATCHES), strict=True):
            patches += [cut(region, scale, generator) for scale in SCALES for _ in range(count)]
    arrays = []
    for patches in splits:
        arrays += [np.stack(patches), np.repeat(np.arange(len(chosen), dtype=np.int64), len(patches) // len(chosen))]
    return ImageSet("photographs", tuple(chosen), *arrays)


def folder():
    """Where scikit-image keeps its photographs; the package is found but not imported, since its fetcher makes folders."""
    package = find_spec("skimage")
    if package is None:
        raise PaperCodeError("the photographs come with scikit-image, which is not installed: pip install scikit-image")
    return Path(package.submodule_search_locations[0], "data")


def read(name):
    """A whole photograph as uint8 luma (rows, columns)."""
    path = folder() / PHOTOGRAPHS[name]
    try:
        with Image.open(path) as image:
            return np.asarray(to_grey(image))
    except (OSError, SyntaxError) as error:
        raise PaperCodeError(f"cannot read the photograph {path} ({error}); install scikit-image anew, or choose other classes") from error


def regions(photograph):
    """Split a photograph (rows, columns) across its longer side into views for training and for test, without overlap."""
    axis = 0 if photograph.shape[0] > photograph.shape[1] else 1
    length = photograph.shape[axis]
    return np.split(photograph, [length - max(length // 3, IMAGE_SIZE * max(SCALES))], axis)


def cut(region, scale, generator):
    """A patch, uint8 (64, 64), at a random place of a region; each of its pixels averages scale x scale of the region's."""
    side = IMAGE_SIZE * scale
    row, column = (generator.integers(length - side + 1) for length in region.shape)
    blocks = region[row : row + side, column : column + side].reshape(IMAGE_SIZE, scale, IMAGE_SIZE, scale)
    return np.rint(blocks.mean((1, 3))).astype(np.uint8)
