"""What every source of images returns, and the checks that all share."""

import difflib
import hashlib
import re
import sys
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError, printable

IMAGE_SIZE = 64


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Grey images and labels, split for training and test.

    Raises :class:`PaperCodeError` for arrays of another shape or type, labels that no class has, or no training image.
    """

    name: str
    classes: tuple  # of str; label ``n`` means ``classes[n]``
    train_images: np.ndarray  # uint8 (n, 64, 64), luma (ITU-R 601), row 0 on top
    train_labels: np.ndarray  # int64 (n,)
    test_images: np.ndarray  # uint8 (n, 64, 64)
    test_labels: np.ndarray  # int64 (n,)

    def __post_init__(self):
        for images, labels in ((self.train_images, self.train_labels), (self.test_images, self.test_labels)):
            if images.dtype != np.uint8 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
                raise PaperCodeError(
                    f"{self.name}: images must be uint8 arrays (n, {IMAGE_SIZE}, {IMAGE_SIZE}), not {images.dtype} {images.shape}"
                )
            if len(images) != len(labels):
                raise PaperCodeError(f"{self.name}: {len(images)} images but {len(labels)} labels")
            if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.classes):
                raise PaperCodeError(f"{self.name}: labels must lie between 0 and {len(self.classes) - 1}, one for each class")
        if len(self.train_images) == 0:
            raise PaperCodeError(f"{self.name}: no training image was found")

    @cached_property
    def mean(self):
        """Mean of the training images, in grey levels 0 to 255."""
        return float(self.train_images.mean(dtype=np.float64))

    @cached_property
    def sd(self):
        """Standard deviation of all training pixels, in grey levels 0 to 255."""
        sd = float(self.train_images.std(dtype=np.float64))
        if sd == 0:
            raise PaperCodeError(f"{self.name}: all training pixels have the same grey level; nothing can be learned from them")
        return sd

    @cached_property
    def sha256(self):
        """Hash of pixels, labels and class names: the same from an archive and from the directory it unpacks to."""
        digest = hashlib.sha256("\n".join(self.classes).encode("utf-8", "surrogateescape"))
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def describe(image_set):
    """What a person or a manifest wants to know of an :class:`ImageSet`, as a dict that JSON can hold."""
    return {
        "name": image_set.name,
        "classes": list(image_set.classes),
        "train": len(image_set.train_images),
        "test": len(image_set.test_images),
        "mean": image_set.mean,
        "sd": image_set.sd,
        "sha256": image_set.sha256,
    }


def choose_classes(names, rule):
    """Apply a rule such as ``"every-10"`` or ``"first-20"`` to class names, after sorting them.

    Raises
    ------
    PaperCodeError
        For an unknown rule, and if fewer than two classes are left: a network would have nothing to tell apart.
    """
    names = sorted(names)
    match = re.fullmatch(r"all|(every|first)-([1-9][0-9]{0,8})", rule or "all")
    if match is None:
        raise PaperCodeError(f"unknown rule for classes {rule!r:.60}; write 'all', 'every-N' or 'first-N', as in 'every-10'")
    chosen = names
    if match[2]:
        count = int(match[2])
        chosen = names[::count] if match[1] == "every" else names[:count]
    if len(chosen) < 2:
        raise PaperCodeError(f"the rule {rule or 'all'!r} leaves {len(chosen)} of {len(names)} classes; training needs two or more")
    return chosen


def unknown_name(kind, name, choices):
    """One line that names the choices and, if the name is nearly one of them, asks whether that was meant."""
    near = difflib.get_close_matches(name.lower().replace("_", "-"), choices, n=1)
    return f"unknown {kind} {name!r}; choose one of {', '.join(choices)}" + (f" (did you mean {near[0]!r}?)" if near else "")


def say(line):
    """One line on standard error, of what is left out or decided, that leaves a progress bar whole."""
    tqdm.write(printable(line), file=sys.stderr)
