"""What every source of images returns, the checks that all share, and the conversion of encoded images to 64 x 64 grey levels."""

import hashlib
import io
import re
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError, printable
from paper_code.core.files import unreadable
from paper_code.core.geometry import IMAGE_SIZE


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Greyscale images and labels, split into training and test sets."""

    name: str
    classes: tuple  # of str; label ``n`` means ``classes[n]``
    train_images: np.ndarray  # uint8 (n, 64, 64), luma (ITU-R 601), row 0 at the top
    train_labels: np.ndarray  # int64 (n,)
    test_images: np.ndarray  # uint8 (n, 64, 64)
    test_labels: np.ndarray  # int64 (n,)

    def __post_init__(self):
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
    """Summary of an :class:`ImageSet`, for people and manifests, as a JSON-serialisable dict."""
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
    """Apply a rule such as ``"every-10"`` or ``"first-20"`` to class names, after sorting them; at least two must be left."""
    names = sorted(names)
    match = re.fullmatch(r"all|(every|first)-([1-9][0-9]{0,8})", "all" if rule is None else rule)
    if match is None:
        raise PaperCodeError(f"unknown rule for classes {rule!r:.60}; write 'all', 'every-N' or 'first-N', as in 'every-10'")
    chosen = names
    if match[2]:
        count = int(match[2])
        chosen = names[::count] if match[1] == "every" else names[:count]
    if len(chosen) < 2:
        raise PaperCodeError(f"the rule {rule or 'all'!r} leaves {len(chosen)} of {len(names)} classes; training needs two or more")
    return chosen


def say(line):
    """Write one line to standard error about what is left out or decided, without breaking a progress bar."""
    tqdm.write(printable(line), file=sys.stderr)


@contextmanager
def reading(place):
    """Turn whatever is raised if ``place`` is damaged into one line: zipfile, tarfile and Pillow raise errors of many kinds."""
    try:
        yield
    except (PaperCodeError, MemoryError):
        raise
    except Exception as error:
        if getattr(error, "filename", None):  # an error of the file system, not damage
            raise unreadable(error.filename, error) from error
        raise PaperCodeError(f"{place} cannot be read ({error}); it may be truncated or damaged: fetch it again") from error


def decode(content, resize=False):
    """Decode an image file, given as its content or its path, to luma (ITU-R 601): uint8 array (64, 64), row 0 at the top.

    With ``resize`` the image is turned upright according to its EXIF tag, and its central square is cropped and scaled to 64 x 64; smaller
    ones are enlarged. Without it the pixels are taken as stored. An image that cannot be used raises ValueError with a short reason: not an
    image, damaged, of more than 8 bits, too large, or of the wrong size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warnings about odd metadata and large sizes
            with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content) as image:
                is_deep = image.mode[0] in "IF" or any(";16" in str(tile) for tile in image.tile)  # Pillow keeps the upper 8 bits
                if resize:
                    image.draft(None, (4 * IMAGE_SIZE, 4 * IMAGE_SIZE))  # libjpeg then decodes a large JPEG at reduced size
                    image = ImageOps.exif_transpose(image)
                grey = to_grey(image)
    except Image.UnidentifiedImageError as error:
        raise ValueError("not an image that Pillow can read") from error
    except Exception as error:  # on damaged input Pillow's readers may raise anything: OSError, SyntaxError, struct.error, IndexError
        raise ValueError(f"it cannot be read: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}") from error
    if is_deep:
        raise ValueError("the image has more than 8 bits a colour, and nothing says which values are black and white; save it with 8")
    if not resize and grey.size != (IMAGE_SIZE, IMAGE_SIZE):
        raise ValueError(f"the image is {grey.width} x {grey.height} pixels, not {IMAGE_SIZE} x {IMAGE_SIZE}")
    return np.asarray(shrink(grey))


def to_grey(image):
    """An 8-bit Pillow image as luma, with transparency composited on white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")  # palettes, CMYK and the like have no direct conversion to grey
    return image.convert("L")


def shrink(image):
    """Crop the central square of a Pillow image and scale it to 64 x 64, antialiased (Lanczos, three lobes)."""
    return image if image.size == (IMAGE_SIZE, IMAGE_SIZE) else ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)
