"""STL-10 (Coates, Lee and Ng 2011), from its official archive or the directory ``stl10_binary`` that it unpacks to.

``train_X.bin`` and ``test_X.bin`` hold 96 x 96 x 3 uint8 images, channel by channel and each channel column by column;
``train_y.bin`` and ``test_y.bin`` one byte an image, the labels 1 to 10; ``class_names.txt``, which may be absent, the names.
The unlabelled images are not read.
"""

import os
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import unreadable
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes, shrink, to_grey

FOLDER = "stl10_binary"
SIDE = 96
IMAGE_BYTES = 3 * SIDE * SIDE
MOST = 200_000  # images in a file: twice the unlabelled ones
REQUIRED = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin")
NAMES = "class_names.txt"
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def load(root, classes=None, progress=True):
    """Read STL-10: its 5,000 training and 8,000 test images, in the order of the files, reduced from 96 to 64 pixels and to grey.

    ``root`` is ``stl10_binary.tar.gz``, the directory ``stl10_binary`` or the one that holds it; the rest as in
    :func:`paper_code.images.load`.
    """
    found = {}
    files = _directory_files if Path(root).is_dir() else _archive_files
    try:
        for name, size, stream in files(Path(root), progress):
            if name in found:
                raise PaperCodeError(f"{root} holds {name} twice; keep one, or fetch the archive again")
            found[name] = _grey_images(stream, size, f"{root}: {name}") if name.endswith("_X.bin") else stream.read()
    except (PaperCodeError, MemoryError):
        raise
    except Exception as error:  # on damaged input tarfile raises what it likes: TarError, OSError, EOFError, zlib.error, ValueError
        if getattr(error, "filename", None):
            raise unreadable(error.filename, error) from error
        raise PaperCodeError(f"{root} cannot be read to its end ({error}); it may be truncated or damaged: fetch it again") from error
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise PaperCodeError(f"{root} holds no {', '.join(missing)}; pass stl10_binary.tar.gz or the directory that it unpacks to")

    names = found[NAMES].decode("utf-8", "surrogateescape").split() if NAMES in found else list(CLASSES)
    if not len(names) == len(set(names)) == len(CLASSES):
        raise PaperCodeError(f"{root}: {NAMES} must name {len(CLASSES)} classes, each once; mend it, or fetch the archive again")
    chosen = choose_classes(names, classes)
    label_of = np.array([chosen.index(name) if name in chosen else -1 for name in names], np.int64)

    arrays = []
    for split in ("train", "test"):
        images, labels = found[f"{split}_X.bin"], np.frombuffer(found[f"{split}_y.bin"], np.uint8)
        if len(images) != len(labels):
            raise PaperCodeError(f"{root}: {split}_y.bin holds {len(labels)} labels for {len(images)} images; fetch the archive again")
        if len(labels) and not 1 <= labels.min() <= labels.max() <= len(names):
            raise PaperCodeError(f"{root}: {split}_y.bin holds a label outside 1 to {len(names)}; fetch the archive again")
        labels = label_of[labels.astype(np.int64) - 1]
        arrays += [images[labels >= 0], labels[labels >= 0]]
    return ImageSet("stl10", tuple(chosen), *arrays)


def _grey_images(stream, size, name):
    """Convert a file of images one by one, uint8 (n, 64, 64); ``size`` is the file's length in bytes."""
    if size == 0 or size % IMAGE_BYTES:
        raise PaperCodeError(f"{name} has {size:,} bytes, not a multiple of {IMAGE_BYTES:,} ({SIDE} x {SIDE} x 3); fetch the archive again")
    if size > MOST * IMAGE_BYTES:
        raise PaperCodeError(f"{name} has {size:,} bytes, more than {MOST:,} images; fetch the archive again")
    images = np.empty((size // IMAGE_BYTES, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for index in range(len(images)):
        content = stream.read(IMAGE_BYTES)
        if len(content) != IMAGE_BYTES:
            raise PaperCodeError(f"{name} ends early; fetch the archive again")
        channel_column_row = np.frombuffer(content, np.uint8).reshape(3, SIDE, SIDE)
        picture = Image.fromarray(np.ascontiguousarray(channel_column_row.transpose(2, 1, 0)))
        images[index] = np.asarray(shrink(to_grey(picture)))
    return images


def _directory_files(root, progress):
    """Yield name, length in bytes and open stream of each file of interest."""
    top = root / FOLDER if (root / FOLDER).is_dir() else root
    paths = [path for path in (top / name for name in (*REQUIRED, NAMES)) if os.path.lexists(path)]
    if odd := [path for path in paths if not path.is_file()]:
        raise PaperCodeError(f"{odd[0]} is not a regular file; fetch the archive again")
    for path in paths:
        with open(path, "rb") as raw, _watched(raw, path, progress) as stream:
            yield path.name, path.stat().st_size, stream


def _archive_files(root, progress):
    """The same from the archive, in one pass to its very end, where gzip keeps the checksum of the whole."""
    with open(root, "rb") as raw, _watched(raw, root, progress) as stream, tarfile.open(fileobj=stream, mode="r:gz") as archive:
        for member in archive:
            name = Path(member.name).name
            if member.isfile() and name in (*REQUIRED, NAMES):
                yield name, member.size, archive.extractfile(member)
        while archive.fileobj.read(1 << 20):
            pass


def _watched(stream, path, progress):
    return tqdm.wrapattr(stream, "read", path.stat().st_size, desc=f"reading {path.name}", disable=not progress, leave=False)
