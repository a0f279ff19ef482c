"""Tiny ImageNet (Le and Yang 2015), from its official archive or the directory that it unpacks to.

Layout: ``tiny-imagenet-200/wnids.txt``, ``train/<wnid>/images/*.JPEG``, ``val/images`` and ``val/val_annotations.txt``;
the labelled validation images serve as the test set.
"""

import zipfile
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.errors import PaperCodeError
from paper_code.images.decode import decode
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes

FOLDER = "tiny-imagenet-200"


def load(root, classes=None, progress=True):
    """Read Tiny ImageNet.

    Parameters
    ----------
    root : path
        The zip archive, the directory ``tiny-imagenet-200`` or the one that holds it. A subset archive of the same
        layout will do as long as it holds the classes asked for.
    classes : str, optional
        Rule over the sorted wnids of ``wnids.txt``, as in :func:`paper_code.images.load`.
    progress : bool

    Returns
    -------
    ImageSet
        Images in the order of their file names within a class (training) and of ``val_annotations.txt`` (test).

    Raises
    ------
    PaperCodeError
        For a truncated archive, a missing class, a damaged image or one that is not 64 x 64.
    """
    files = _Directory(root) if Path(root).is_dir() else _Archive(root)
    top = next((top for top in ("", f"{FOLDER}/") if "wnids.txt" in files.names(top)), None)
    if top is None:
        raise PaperCodeError(f"{root} holds no {FOLDER}/wnids.txt; pass the Tiny ImageNet archive or the directory that it unpacks to")
    chosen = choose_classes(set(files.text(f"{top}wnids.txt").split()), classes)
    label_of = {name: label for label, name in enumerate(chosen)}

    train = []
    for name in chosen:
        folder = f"{top}train/{name}/images/"
        found = [(folder + file, label_of[name]) for file in sorted(files.names(folder))]
        if not found:
            raise PaperCodeError(
                f"{root} holds no training images of class {name}; use the whole archive or choose other classes (--classes every-10, say)"
            )
        train += found

    test = []
    for line in files.text(f"{top}val/val_annotations.txt").splitlines():
        file, name = (line.split("\t") + [""])[:2]
        if name in label_of:
            test.append((f"{top}val/images/{file}", label_of[name]))
    if not test:
        raise PaperCodeError(f"{root} names no validation image of the chosen classes in val_annotations.txt; fetch the archive again")

    images = np.empty((len(train) + len(test), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for index, (file, _) in enumerate(tqdm(train + test, "reading images", unit="image", disable=not progress, leave=False)):
        try:
            images[index] = decode(files.read(file))
        except ValueError as error:
            raise PaperCodeError(f"{root}: {file}: {error}; fetch the archive again") from error
    labels = np.array([label for _, label in train + test], np.int64)
    count = len(train)
    return ImageSet("tiny-imagenet", tuple(chosen), images[:count], labels[:count], images[count:], labels[count:])


class _Directory:
    """Files below a directory; folders are written with a final slash, and hidden files are not seen."""

    def __init__(self, root):
        self.root = Path(root)

    def names(self, folder):
        """Names of the files that lie in a folder; none if there is no such folder."""
        place = self.root / folder
        try:
            return [file.name for file in place.iterdir() if not file.name.startswith(".")] if place.is_dir() else []
        except OSError as error:
            raise PaperCodeError(f"cannot read {place}: {error.strerror}") from error

    def read(self, name):
        """Content of a file as bytes."""
        try:
            return (self.root / name).read_bytes()
        except OSError as error:
            raise PaperCodeError(f"cannot read {self.root / name}: {error.strerror}; fetch the archive again") from error

    def text(self, name):
        """Content of a UTF-8 text file."""
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            raise PaperCodeError(f"{self.root}: {name} is not text; fetch the archive again") from error


class _Archive(_Directory):
    """The same for a zip archive, indexed once: :class:`zipfile.Path` would search all names for each folder."""

    def __init__(self, root):
        self.root = Path(root)
        try:
            self.zip = zipfile.ZipFile(root)
        except (zipfile.BadZipFile, OSError) as error:
            raise PaperCodeError(f"{root} is not a whole zip archive ({error}); it may be truncated: fetch it again") from error
        self.folders = defaultdict(list)
        for entry in self.zip.namelist():
            folder, slash, name = entry.rpartition("/")
            if name and not name.startswith("."):
                self.folders[folder + slash].append(name)

    def names(self, folder):
        return self.folders.get(folder, [])

    def read(self, name):
        try:
            return self.zip.read(name)
        except KeyError as error:
            raise PaperCodeError(f"{self.root} lacks {name}; fetch the archive again") from error
        except (OSError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise PaperCodeError(f"{self.root}: cannot read {name} ({error}); fetch the archive again") from error
