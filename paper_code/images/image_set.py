"""What every source of images returns, the checks that all share, and the way from encoded images to 64 x 64 grey levels."""

import difflib
import hashlib
import io
import re
import sys
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError, printable

IMAGE_SIZE = 64
RANGES = ((0, 1), (-1, 1), (0, 255), (0, 1023), (0, 4095), (0, 16383), (0, 65535))  # of floats, and of 8 to 16 bits
LARGEST = 1e30  # magnitude of a float pixel that can be averaged with others
PHOTOMETRIC = 262  # TIFF's tag; its value 0 says that 0 is white


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


def decode(content, resize=False, remark=None):
    """Decode an image file to grey.

    Parameters
    ----------
    content : bytes or path
        A whole JPEG, PNG or other file that Pillow reads; of several pictures in a file, the first.
    resize : bool
        Turn the image upright as its EXIF tag says, crop the central square and scale it to 64 x 64; a smaller
        image is enlarged. Without it the pixels are taken as they lie and another size is an error.
    remark : callable, optional
        Called with a few words if the file holds other pictures, which are not used (but previews, as cameras add them to a JPEG).

    Returns
    -------
    array (64, 64)
        Luma (ITU-R 601), row 0 on top: uint8 grey levels, or, of a file of more than 8 bits, its values as they are stored, int32 or
        float32, for :func:`grey_range` and :func:`to_levels`.

    Raises
    ------
    ValueError
        With a short reason: unreadable, not an image, damaged, too large, of the wrong size, or with pixels that are no numbers.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata and large sizes
            with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content) as image:
                pictures = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
                inverted = image.mode[0] in "IF" and getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == 0
                halved = any(";16" in str(tile) for tile in image.tile)
                if resize:
                    image.draft(None, (4 * IMAGE_SIZE, 4 * IMAGE_SIZE))  # a large JPEG comes out of libjpeg already reduced
                    image = ImageOps.exif_transpose(image)
                grey = to_grey(image)
        if halved and grey.mode == "L":  # of 16 bits a colour Pillow keeps the upper 8
            grey = Image.fromarray(np.asarray(grey).astype(np.int32) * 257)
    except Image.DecompressionBombError as error:
        raise ValueError("the image is too large to be opened safely") from error
    except Image.UnidentifiedImageError as error:
        raise ValueError("not an image that Pillow can read") from error
    except MemoryError as error:
        raise ValueError("the image is too large for the memory that is free") from error
    except Exception as error:  # on damaged input Pillow's readers raise what they like: OSError, SyntaxError, struct.error, IndexError
        if reason := getattr(error, "strerror", None):  # the system's, not Pillow's
            raise ValueError(f"cannot be read: {reason}") from error
        raise ValueError(f"damaged image: {error or type(error).__name__}") from error
    if inverted:
        raise ValueError("a TIFF of more than 8 bits in which 0 means white; save it with 0 for black")
    if remark and pictures > 1:
        remark(f"the first of its {pictures} pictures is used")
    lowest, highest = grey.getextrema()
    if grey.mode == "F" and not (np.abs(np.asarray(grey)) <= LARGEST).all():
        raise ValueError(f"some of its pixels are NaN, infinite or beyond {LARGEST:g}")
    if grey.size != (IMAGE_SIZE, IMAGE_SIZE):
        if not resize:
            raise ValueError(f"the image is {grey.width} x {grey.height} pixels, not {IMAGE_SIZE} x {IMAGE_SIZE}")
        grey = shrink(grey)
    if grey.mode == "L":
        return np.asarray(grey)
    values = np.clip(np.asarray(grey), lowest, highest)  # antialiasing overshoots
    return values if grey.mode == "F" else np.rint(values).astype(np.int32)


def to_grey(image):
    """A Pillow image as luma of 8 bits, transparency laid on white; of more than 8 bits, as the stored values in mode I or F."""
    if image.mode[0] in "IF":
        return Image.fromarray(np.asarray(image).astype(np.float32 if image.mode == "F" else np.int32))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")  # palettes, CMYK and the like know no direct way to grey
    return image.convert("L")


def grey_range(images):
    """The values of black and white of a set of images (64, 64) of more than 8 bits: one range for all, which no single pixel decides.

    It is the first of :data:`RANGES` that, widened by a twentieth on either side, holds 999 of 1000 pixels of the set, and of which
    these take a quarter or more: 12 bits stored in 16 are seen to be 12. If there is none, it goes from the lowest thousandth of
    the pixels to the highest.
    """
    some = np.stack(images[:: -(-len(images) // 8000)])  # evenly spaced, which bounds the memory
    low, high = (float(value) for value in np.quantile(some, (0.001, 0.999)))
    for black, white in RANGES:
        slack = (white - black) / 20
        if black - slack <= low and high <= white + slack and high - low >= (white - black) / 4:
            return black, white
    return (low, high) if low < high else (low, low + 1)


def to_levels(values, black, white):
    """Values as uint8 grey levels, ``black`` as 0 and ``white`` as 255; what lies outside is clipped."""
    return np.clip((np.asarray(values, float) - black) / (white - black) * 255 + 0.5, 0, 255).astype(np.uint8)


def shrink(image):
    """Crop the central square of a Pillow image and scale it to 64 x 64, antialiased (Lanczos, three lobes)."""
    return ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)
