"""Natural or synthetic images from any source, as greyscale 64 x 64 arrays with labels.

A source is a function ``(root, classes=None, progress=True) -> ImageSet``, without ``root`` if it needs no path; those that are drawn
share a module. :func:`load` selects one by name; :mod:`paper_code.images.download` fetches the archives.
"""

import os
from pathlib import Path

from paper_code.core.errors import PaperCodeError, named
from paper_code.core.files import unreadable
from paper_code.images import drawn, folder, stl10, tiny_imagenet
from paper_code.images.image_set import ImageSet, describe

__all__ = ["SOURCES", "WITHOUT_ROOT", "ImageSet", "describe", "load"]

SOURCES = {
    "tiny-imagenet": tiny_imagenet.load_tiny_imagenet,
    "stl10": stl10.load_stl10,
    "folder": folder.load_folder,
    "photographs": drawn.photographs,
    "phase-scrambled": drawn.scrambled_images,
    "dead-leaves": drawn.dead_leaves,
    "pink-noise": drawn.pink_noise,
    "white-noise": drawn.white_noise,
}
WITHOUT_ROOT = ("photographs", "dead-leaves", "pink-noise", "white-noise")

ROOT_VARIABLE = "PAPER_CODE_IMAGES"


def load(name, root=None, classes=None, progress=True):
    """Load a source of images, one of :data:`SOURCES`, as an :class:`ImageSet`.

    ``root`` is the path of the images (a directory or an archive, depending on the source), by default that in the environment variable
    ``PAPER_CODE_IMAGES``. Those in :data:`WITHOUT_ROOT` take neither; phase-scrambled images are made from Tiny ImageNet, to which
    ``root`` then refers. The rule ``classes`` may be ``"every-10"``, every tenth of the sorted class names, or ``"first-20"``.
    """
    source = named("data set", name, SOURCES)
    if name in WITHOUT_ROOT:
        if root:
            raise PaperCodeError(f"the data set {name} needs no --root; your own images are the data set folder (train: --data folder)")
        return source(classes=classes, progress=progress)
    root = root or os.environ.get(ROOT_VARIABLE)
    if not root:
        fetch = "'python -m paper_code data download tiny-imagenet' and '... download stl10' fetch theirs"
        raise PaperCodeError(f"the data set {name} needs a place: pass --root, or set {ROOT_VARIABLE}; {fetch}")
    try:
        if not (Path(root).is_dir() or Path(root).is_file()):
            raise PaperCodeError(f"there is no folder and no regular file at {root}; pass the place of {name} with --root")
    except OSError as error:
        raise unreadable(root, error) from error
    return source(root, classes=classes, progress=progress)
