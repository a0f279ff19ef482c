"""Your own images: a folder that holds one folder of images for each class.

Either ``root/<class>/...``, of which a tenth is held out for the test, or ``root/train/<class>/...`` with
``root/test/<class>/...`` (or ``val``). Class folders may hold folders in turn; hidden files and folders are not seen.
"""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.errors import PaperCodeError
from paper_code.images.decode import decode
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes

HELD_OUT = 0.1


def load(root, classes=None, progress=True):
    """Read a folder of class folders of images of any size and of any kind that Pillow reads.

    Each image is turned upright (EXIF), cropped to its central square and scaled to 64 x 64 grey levels: one smaller
    than that is enlarged. A file that cannot be read is named in one line on standard error and left out, and so is
    a class without any readable image. Without a test folder, the tenth of each class (one image at least, if the
    class has two) whose names have the lowest SHA-256 is held out: the choice depends on no order and no generator.

    Parameters
    ----------
    root : path
    classes : str, optional
        Rule over the sorted names of the class folders, as in :func:`paper_code.images.load`.
    progress : bool

    Returns
    -------
    ImageSet
        Classes and, within a class, images sorted by name.

    Raises
    ------
    PaperCodeError
        If fewer than two classes have images, or if none is left for the test.
    """
    root = Path(root)
    if not root.is_dir():
        raise PaperCodeError(f"{root} is not a folder; pass one that holds a folder of images for each class")
    train_root, test_root = _splits(root)
    names = [folder.name for folder in _folders(train_root)]
    if len(names) < 2:
        raise PaperCodeError(f"{train_root} holds {len(names)} class folders; put the images of each of two or more classes in a folder")
    chosen = choose_classes(names, classes)
    if test_root:
        for name in sorted({folder.name for folder in _folders(test_root)} - set(names)):
            _say(f"skipped {test_root / name}: no such class among the training images")

    listed = [(top, name, path) for top in (train_root, test_root) if top for name in chosen for path in _files(top / name)]
    read = {(top, name): [] for top in (train_root, test_root) for name in chosen}
    for top, name, path in tqdm(listed, "reading images", unit="image", disable=not progress, leave=False):
        try:
            read[top, name].append((path.relative_to(top), decode(path, resize=True)))
        except ValueError as error:
            _say(f"skipped {path}: {error}")

    train, test, kept = [], [], []
    for name in chosen:
        training = read[train_root, name]
        if not training:
            _say(f"skipped the class {name}: {train_root / name} holds no readable image")
            continue
        held_out = read[test_root, name] if test_root else _held_out(training)
        out = {path for path, _ in held_out} if not test_root else ()
        train += [(image, len(kept)) for path, image in training if path not in out]
        test += [(image, len(kept)) for _, image in held_out]
        kept.append(name)
    if len(kept) < 2:
        raise PaperCodeError(f"{train_root} holds readable images of {len(kept)} classes; training needs two or more")
    if not test:
        raise PaperCodeError(f"{root} leaves no image for the test; give a class two images or more, or fill {test_root or root / 'test'}")
    return ImageSet("folder", tuple(kept), *_arrays(train), *_arrays(test))


def _splits(root):
    """The folder of the training classes and that of the test classes, or None where a part is to be held out."""
    train = root / "train"
    test = next((root / name for name in ("test", "val") if _folders(root / name)), None)
    if _folders(train) and (test or _folders(root) == [train]):
        return train, test
    return root, None


def _folders(place):
    """Folders in a place, sorted by name; none if there is no such place."""
    try:
        inside = sorted(place.iterdir()) if place.is_dir() else []
        return [path for path in inside if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise PaperCodeError(f"cannot read {place}: {error.strerror}") from error


def _files(place):
    """Files below a folder at any depth, sorted by path."""
    found = []
    for folder, inside, names in os.walk(place):
        inside[:] = [name for name in inside if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.is_file())


def _held_out(images):
    """Of (path, image) pairs, the tenth whose paths have the lowest hashes, in the order of the pairs."""
    count = 0 if len(images) < 2 else max(1, round(HELD_OUT * len(images)))
    lowest = set(sorted((path for path, _ in images), key=lambda path: hashlib.sha256(os.fsencode(path.as_posix())).digest())[:count])
    return [(path, image) for path, image in images if path in lowest]


def _arrays(pairs):
    images = np.array([image for image, _ in pairs], np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return images, np.array([label for _, label in pairs], np.int64)


def _say(line):
    """One line on standard error that leaves a progress bar whole."""
    tqdm.write(" ".join(line.split()), file=sys.stderr)
