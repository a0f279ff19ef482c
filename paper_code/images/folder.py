"""Your own images: a folder that holds one folder of images for each class.

Either ``root/<class>/...``, of which a tenth is held out for the test, or the parts of a split, ``root/train/<class>/...`` beside
``root/test/<class>/...`` or ``root/val/<class>/...`` (:mod:`paper_code.images.split`). Class folders may hold folders in turn, and links
are followed (:mod:`paper_code.images.listing`). Whatever is not used is named on standard error.
"""

import hashlib
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.images import listing, split
from paper_code.images.decode import decode, grey_range, to_levels
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes, say

HELD_OUT = 0.1


def load(root, classes=None, progress=True):
    """Read a folder of class folders of images of any size and of any kind that Pillow reads.

    Each image is turned upright (EXIF), cropped to its central square and scaled to 64 x 64 grey levels: one smaller
    than that is enlarged. Integer images of more than 8 bits share one range of grey, and so do float images
    (:func:`paper_code.images.decode.grey_range`). A file, link or folder that is not used is named in one line on standard error with
    the reason, hidden ones in one line for all, and so is a class without any readable image, or without one for the test. Without a test
    part, the tenth of each class (one image at least, if the class has two) whose names have the lowest SHA-256 is held out: the
    choice depends on no order and no generator.

    Parameters
    ----------
    root : path
    classes : str, optional
        Rule over the sorted names of the class folders, as in :func:`paper_code.images.load`.
    progress : bool

    Returns
    -------
    ImageSet
        Classes and, within a class, images sorted by name, whatever the locale; a name's bytes that are not UTF-8 are surrogate escapes.

    Raises
    ------
    PaperCodeError
        If fewer than two classes have images, if none is left for the test, or if it is unclear what is training and what is test.
    """
    root = Path(root)
    if not root.is_dir():
        raise PaperCodeError(f"{root} is not a folder; pass one that holds a folder of images for each class")
    train_root, test_root = split.find(root)
    folders = {top: {listing.text(folder): folder for folder in listing.folders(top)} for top in (train_root, test_root) if top}
    names = folders[train_root]
    if len(names) < 2:
        inner = f", or pass {next(iter(names.values()))} if it holds them" if names else ""
        raise PaperCodeError(
            f"{train_root} holds {len(names)} class folders; put the images of each of two or more classes in a folder{inner}"
        )
    chosen = choose_classes(names, classes)
    tops = {root: None, **folders}
    for top in tops:
        listing.say_the_rest(top)
    for name, folder in folders.get(test_root, {}).items():
        if name not in names:
            say(f"skipped {folder}: no such class among the training images")

    places = {(top, name): folders[top][name] for top in folders for name in chosen if name in folders[top]}
    listed = listing.files(places, tops)
    read = _read([(key, path) for key in places for path in listed[key]], progress)
    train, test, kept = [], [], []
    for name in chosen:
        training = read[train_root, name]
        if not training:
            say(f"skipped the class {name}: {names[name]} holds no readable image")
            if read[test_root, name]:
                say(f"skipped {folders[test_root][name]}: the class {name} has no training image")
            continue
        if test_root:
            held_out, out = read[test_root, name], ()
            if not held_out:
                say(f"the class {name} has no test image: {test_root / names[name].name} holds none that can be read")
        else:
            held_out = _held_out([(path.relative_to(train_root), image) for path, image in training])
            out = {train_root / path for path, _ in held_out}
        train += [(image, len(kept)) for path, image in training if path not in out]
        test += [(image, len(kept)) for _, image in held_out]
        kept.append(name)
    if len(kept) < 2:
        raise PaperCodeError(f"{train_root} holds readable images of {len(kept)} classes; training needs two or more")
    if not test:
        raise PaperCodeError(f"{root} leaves no image for the test; give a class two images or more, or fill {test_root or root / 'test'}")
    return ImageSet("folder", tuple(kept), *_arrays(train), *_arrays(test))


def _read(listed, progress):
    """Decode (key, path) pairs into ``{key: [(path, uint8 image), ...]}``; a file that cannot be used is named."""
    read = []
    for key, path in tqdm(listed, "reading images", unit="image", disable=not progress, leave=False):
        try:
            read.append((key, path, decode(path, resize=True, remark=lambda words, path=path: say(f"{path}: {words}"))))
        except ValueError as error:
            say(f"skipped {path}: {error}")
    for kind, words in ((np.int32, "integer images of more than 8 bits"), (np.float32, "float images")):
        deep = [image for _, _, image in read if image is not None and image.dtype == kind]
        if deep:
            black, white = grey_range(deep)
            say(f"{len(deep)} {words}: {black:g} is read as black and {white:g} as white")
            for index, (key, path, image) in enumerate(read):
                if image is not None and image.dtype == kind:
                    lost = 0 < np.ptp(image.astype(float)) < (white - black) / 128
                    read[index] = key, path, None if lost else to_levels(image, black, white)
                    if lost:
                        say(f"skipped {path}: its values, {image.min():g} to {image.max():g}, would be one grey in that range")
    images = defaultdict(list)
    for key, path, image in read:
        if image is not None:
            images[key].append((path, image))
    return images


def _held_out(images):
    """Of (path, image) pairs, the tenth whose paths have the lowest hashes, in the order of the pairs."""
    count = 0 if len(images) < 2 else max(1, round(HELD_OUT * len(images)))
    lowest = set(sorted((path for path, _ in images), key=lambda path: hashlib.sha256(os.fsencode(path.as_posix())).digest())[:count])
    return [(path, image) for path, image in images if path in lowest]


def _arrays(pairs):
    images = np.array([image for image, _ in pairs], np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return images, np.array([label for _, label in pairs], np.int64)
