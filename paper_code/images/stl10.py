"""STL-10 (Coates, Lee and Ng 2011), from its official archive or the directory ``stl10_binary`` that it unpacks to.

``train_X.bin`` and ``test_X.bin`` hold 96 x 96 x 3 uint8 images, channel by channel and each channel column by column;
``train_y.bin`` and ``test_y.bin`` hold one byte per image, the labels 1 to 10. The unlabelled images are not read.
"""

import tarfile
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import IMAGE_SIZE
from paper_code.images.image_set import ImageSet, choose_classes, reading, shrink, to_grey

FOLDER = "stl10_binary"
SIDE = 96
IMAGE_BYTES = 3 * SIDE * SIDE
FILES = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin")
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def load_stl10(root, classes=None, progress=True):
    """STL-10 (Coates, Lee and Ng 2011), from its official archive or its directory: 5,000 training and 8,000 test images, as 64 px in grey.

    ``root`` is ``stl10_binary.tar.gz``, the directory ``stl10_binary`` or the one that contains it; the rest as for
    :func:`paper_code.images.load`.
    """
    root, found = Path(root), {}
    with reading(root):
        for name, size, stream in (_directory_files if root.is_dir() else _archive_files)(root, progress):
            found[name] = _grey_images(stream, size, f"{root}: {name}") if name.endswith("_X.bin") else stream.read()
    if missing := [name for name in FILES if name not in found]:
        raise PaperCodeError(f"{root} holds no {', '.join(missing)}; pass stl10_binary.tar.gz or the directory that it unpacks to")
    chosen = choose_classes(CLASSES, classes)
    label_of = np.array([chosen.index(name) if name in chosen else -1 for name in CLASSES], np.int64)
    arrays = []
    for split in ("train", "test"):
        images, labels = found[f"{split}_X.bin"], np.frombuffer(found[f"{split}_y.bin"], np.uint8)
        if len(images) != len(labels) or not 1 <= labels.min() <= labels.max() <= len(CLASSES):
            raise PaperCodeError(f"{root}: {split}_y.bin does not hold a label, 1 to 10, for each of {len(images)} images; fetch it again")
        labels = label_of[labels.astype(np.int64) - 1]
        arrays += [images[labels >= 0], labels[labels >= 0]]
    return ImageSet("stl10", tuple(chosen), *arrays)


def _grey_images(stream, size, name):
    """Convert the images in a file one by one: uint8 (n, 64, 64); ``size`` is the size of the file in bytes."""
    if size == 0 or size % IMAGE_BYTES:
        raise PaperCodeError(f"{name} has {size:,} bytes, not a multiple of {IMAGE_BYTES:,} ({SIDE} x {SIDE} x 3); fetch the archive again")
    images = np.empty((size // IMAGE_BYTES, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for index in range(len(images)):
        channel_column_row = np.frombuffer(stream.read(IMAGE_BYTES), np.uint8).reshape(3, SIDE, SIDE)
        picture = Image.fromarray(np.ascontiguousarray(channel_column_row.transpose(2, 1, 0)))
        images[index] = np.asarray(shrink(to_grey(picture)))
    return images


def _directory_files(root, progress):
    """Yield the name, size in bytes and open stream of each file needed."""
    top = root / FOLDER if (root / FOLDER).is_dir() else root
    for path in (top / name for name in FILES if (top / name).is_file()):
        with open(path, "rb") as raw, _watched(raw, path, progress) as stream:
            yield path.name, path.stat().st_size, stream


def _archive_files(root, progress):
    """The same from the archive, in one pass to its very end, where gzip stores the checksum of the whole."""
    with open(root, "rb") as raw, _watched(raw, root, progress) as stream, tarfile.open(fileobj=stream, mode="r:gz") as archive:
        for member in archive:
            if Path(member.name).name in FILES:
                yield Path(member.name).name, member.size, archive.extractfile(member)
        while archive.fileobj.read(1 << 20):
            pass


def _watched(stream, path, progress):
    return tqdm.wrapattr(stream, "read", path.stat().st_size, desc=f"reading {path.name}", disable=not progress, leave=False)
