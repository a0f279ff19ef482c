"""Your own images: a folder that contains one folder of images for each class.

Either ``root/<class>/...``, of which a tenth is held out for testing, or the parts of a split, ``root/train/<class>/...`` beside
``root/test/<class>/...`` or ``root/val/<class>/...``. Class folders may contain folders in turn. Everything that is not used is reported
on standard error, except hidden files and folders.
"""

import hashlib
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import unreadable
from paper_code.core.geometry import IMAGE_SIZE
from paper_code.images.image_set import ImageSet, choose_classes, decode, say

HELD_OUT = 0.1
TRAINING, TEST = ("train", "training"), ("test", "testing", "val", "valid", "validation")  # names of the parts, in upper or lower case


def load_folder(root, classes=None, progress=True):
    """Your own images: a folder that contains one folder for each class, of images of any size in any 8-bit format that Pillow reads.

    Each image is converted to 64 x 64 grey levels by :func:`paper_code.images.image_set.decode`. A file or folder that is not used is
    reported in one line on standard error with the reason, and so is a class without any readable image, or without one for testing.
    Without a test part, the tenth of each class (at least one image, if the class has two) whose paths have the lowest SHA-256 is held
    out: the choice depends neither on any order nor on a random generator. Classes and, within a class, images are sorted by name, whatever
    the locale; bytes of a name that are not UTF-8 become surrogate escapes.
    """
    root = Path(root)
    if not root.is_dir():
        raise PaperCodeError(f"{root} is not a folder; pass one that holds a folder of images for each class")
    train_root, test_root = find(root)
    inside = {top: folders(top) for top in (train_root, test_root) if top}
    names = inside[train_root]
    if len(names) < 2:
        inner = f", or pass {next(iter(names.values()))} if it holds them" if names else ""
        raise PaperCodeError(
            f"{train_root} holds {len(names)} class folders; put the images of each of two or more classes in a folder{inner}"
        )
    chosen = choose_classes(names, classes)
    for path in (path for top in {root: None, **inside} for path in visible(top) if not path.is_dir()):
        say(f"skipped {path}: it lies in no class folder")
    for name in sorted(set(inside.get(test_root, ())) - set(names)):
        say(f"skipped {inside[test_root][name]}: no such class among the training images")

    seen = {}
    places = [(top, name) for top in inside for name in chosen if name in inside[top]]
    read = _read([(place, path) for place in places for path in image_files(inside[place[0]][place[1]], seen)], progress)
    train, test, kept = [], [], []
    for name in chosen:
        training = read[train_root, name]
        if not training:
            say(f"skipped the class {name}: {names[name]} holds no readable image")
            continue
        tested = read[test_root, name] if test_root else _held_out(training, train_root)
        if test_root and not tested:
            say(f"the class {name} has no test image: {test_root / names[name].name} holds none that can be read")
        out = {path for path, _ in tested}
        train += [(image, len(kept)) for path, image in training if path not in out]
        test += [(image, len(kept)) for _, image in tested]
        kept.append(name)
    if len(kept) < 2:
        raise PaperCodeError(f"{train_root} holds readable images of {len(kept)} classes; training needs two or more")
    if not test:
        raise PaperCodeError(f"{root} leaves no image for the test; give a class two images or more, or fill {test_root or root / 'test'}")
    return ImageSet("folder", tuple(kept), *_arrays(train), *_arrays(test))


def find(root):
    """The folder of the training classes and that of the test classes, which is None if test images are to be held out."""
    inside = folders(root)
    parts = {name.lower(): path for name, path in inside.items()}
    train = next((parts[name] for name in TRAINING if name in parts), None)
    tests = [parts[name] for name in TEST if name in parts]
    classes = folders(train) if train else {}
    if tests and not classes:
        raise PaperCodeError(
            f"{root} holds {tests[0].name} but no class folders of a training part; sort its images into {root / 'train'}/<class>, "
            f"or rename {tests[0].name} if it is a class"
        )
    if not classes:  # without folders, "train" is a class of trains
        shared = set.intersection(*(set(folders(path)) for path in inside.values())) if len(inside) > 1 else ()
        if len(shared) > 1:
            say(f"{', '.join(inside)} all hold {', '.join(sorted(shared))}: the former are taken for the classes, not for train and test")
        return root, None
    if not tests and len(inside) > 1:
        raise PaperCodeError(f"{train} may be the training part or a class; move away what lies beside it, or rename it if it is a class")
    test = next((path for path in tests if classes.keys() & folders(path).keys()), None)
    for path in inside.values():
        if path not in (train, test):
            say(f"skipped {path}: neither the training part nor a test part with folders of the same classes")
    say(f"training images from {train}, test images " + (f"from {test}" if test else "held out of them"))
    return train, test


def _read(paths, progress):
    """Decode (key, path) pairs into ``{key: [(path, uint8 image), ...]}``; a file that cannot be used is reported."""
    images = defaultdict(list)
    for key, path in tqdm(paths, "reading images", unit="image", disable=not progress, leave=False):
        try:
            images[key].append((path, decode(path, resize=True)))
        except ValueError as error:
            say(f"skipped {path}: {error}")
    return images


def _held_out(images, top):
    """The tenth of (path, image) pairs whose paths below ``top`` have the lowest hashes, in the order of the pairs."""

    def hashed(path):
        return hashlib.sha256(os.fsencode(path.relative_to(top).as_posix())).digest()

    count = 0 if len(images) < 2 else max(1, round(HELD_OUT * len(images)))
    lowest = set(sorted(dict(images), key=hashed)[:count])
    return [(path, image) for path, image in images if path in lowest]


def _arrays(pairs):
    images = np.array([image for image, _ in pairs], np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return images, np.array([label for _, label in pairs], np.int64)


def visible(place):
    """Contents of a folder, sorted by name, without hidden files and folders."""
    try:
        return sorted((Path(place, name) for name in os.listdir(place) if not _is_hidden(name)), key=os.fsencode)
    except OSError as error:
        raise unreadable(place, error) from error


def folders(place):
    """Folders in a folder, including links to folders, by name: UTF-8 in every locale, with surrogate escapes."""
    return {os.fsencode(path.name).decode("utf-8", "surrogateescape"): path for path in visible(place) if path.is_dir()}


def image_files(place, seen):
    """Files below a class folder, at any depth and sorted by path; what cannot be used is reported.

    ``seen`` holds the files already in use, by their real paths, so that no image is used twice; links to folders are not followed.
    """
    found, paths = [], []
    for folder, inner, names in os.walk(place, onerror=lambda error: say(f"skipped {error.filename}: {error.strerror}")):
        inner[:] = [name for name in inner if not _is_hidden(name)]
        links = [name for name in inner if os.path.islink(os.path.join(folder, name))]
        paths += [Path(folder, name) for name in (*links, *names) if not _is_hidden(name)]
    for path in sorted(paths, key=lambda path: [os.fsencode(part) for part in path.parts]):
        if not os.path.isfile(path):
            say(f"skipped {path}: a link to a folder or to nothing, or not a regular file")
        elif (first := seen.setdefault(os.path.realpath(path), path)) is not path:
            say(f"skipped {path}: the same file as {first}")
        else:
            found.append(path)
    return found


def _is_hidden(name):
    return name.startswith(".") or name in ("__MACOSX", "@eaDir")  # left behind by archivers and file servers
