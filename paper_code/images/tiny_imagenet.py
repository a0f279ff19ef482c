"""Tiny ImageNet (Le and Yang 2015), from its official archive or the directory that it unpacks to.

Layout: ``tiny-imagenet-200/wnids.txt``, ``train/<wnid>/images/*.JPEG``, ``val/images/*.JPEG`` and ``val/val_annotations.txt``;
the labelled validation images serve as the test set, since those of ``test`` have no labels.
"""

import os
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import IMAGE_SIZE
from paper_code.images.image_set import ImageSet, choose_classes, decode, reading

FOLDER = "tiny-imagenet-200"


def load_tiny_imagenet(root, classes=None, progress=True):
    """Tiny ImageNet (Le and Yang 2015), from its official archive or the directory that it unpacks to.

    ``root`` is the zip archive, the directory ``tiny-imagenet-200`` or the one that contains it; a subset with the same layout is enough if
    it contains the classes requested. The rule ``classes`` applies to the sorted wnids of ``wnids.txt``; the rest as for
    :func:`paper_code.images.load`. Images are in the order of their file names within a class (training) and of ``val_annotations.txt``,
    which is that of their numbers (test).
    """
    root = Path(root)
    with reading(root):
        names, read = _directory(root) if root.is_dir() else _archive(root)
        if "wnids.txt" not in names(""):
            raise PaperCodeError(f"{root} holds no {FOLDER}/wnids.txt; pass the Tiny ImageNet archive or the directory that it unpacks to")
        chosen = choose_classes(read("wnids.txt").decode().split(), classes)
        listed = [(f"train/{name}/images/{file}", name) for name in chosen for file in sorted(names(f"train/{name}/images"))]
        annotated = [line.split("\t")[:2] for line in read("val/val_annotations.txt").decode().splitlines()]
    if lacking := sorted(set(chosen) - {name for _, name in listed}):
        raise PaperCodeError(
            f"{root} holds no training images of class {lacking[0]}; use the whole archive or choose other classes "
            "(--classes every-10, say)"
        )
    count = len(listed)
    listed += [(f"val/images/{file}", name) for file, name in annotated if name in chosen]
    images = np.empty((len(listed), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for index, (file, _) in enumerate(tqdm(listed, "reading images", unit="image", disable=not progress, leave=False)):
        with reading(f"{root}: {file}"):
            images[index] = decode(read(file))
    labels = np.array([chosen.index(name) for _, name in listed], np.int64)
    return ImageSet("tiny-imagenet", tuple(chosen), images[:count], labels[:count], images[count:], labels[count:])


def _directory(root):
    """Two functions: the names of the files in a folder of the set, without hidden ones, and the content of a file."""
    top = root / FOLDER if (root / FOLDER).is_dir() else root

    def names(folder):
        return [name for name in os.listdir(top / folder) if not name.startswith(".")] if (top / folder).is_dir() else []

    return names, lambda name: (top / name).read_bytes()


def _archive(root):
    """The same for a zip archive, indexed once: :class:`zipfile.Path` would search all names for each folder."""
    archive, inside = zipfile.ZipFile(root), defaultdict(list)
    places = {name.removeprefix(f"{FOLDER}/"): name for name in archive.namelist()}
    for place in places:
        folder, _, name = place.rpartition("/")
        if name and not name.startswith("."):
            inside[folder].append(name)
    return lambda folder: inside[folder], lambda name: archive.read(places[name])
