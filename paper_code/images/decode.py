"""From an encoded image to 64 x 64 grey levels."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from paper_code.images.image_set import IMAGE_SIZE


def decode(content, resize=False):
    """Decode an image file to grey.

    Parameters
    ----------
    content : bytes or path
        A whole JPEG, PNG or other file that Pillow reads; of an animation, its first frame.
    resize : bool
        Turn the image upright as its EXIF tag says, crop the central square and scale it to 64 x 64; a smaller
        image is enlarged. Without it the pixels are taken as they lie and another size is an error.

    Returns
    -------
    uint8 array (64, 64)
        Luma (ITU-R 601), row 0 on top.

    Raises
    ------
    ValueError
        With a short reason: not an image, truncated, or of the wrong size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata and large sizes
            with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content) as image:
                if resize:
                    image.draft(None, (4 * IMAGE_SIZE, 4 * IMAGE_SIZE))  # a large JPEG comes out of libjpeg already reduced
                    image = ImageOps.exif_transpose(image)
                grey = to_grey(image)
    except Image.DecompressionBombError as error:
        raise ValueError("the image is too large to be opened safely") from error
    except Image.UnidentifiedImageError as error:
        raise ValueError("not an image that Pillow can read") from error
    except Exception as error:  # on damaged input Pillow's readers raise what they like: OSError, SyntaxError, struct.error, IndexError
        raise ValueError(f"damaged image: {getattr(error, 'strerror', None) or error or type(error).__name__}") from error
    if grey.size != (IMAGE_SIZE, IMAGE_SIZE):
        if not resize:
            raise ValueError(f"the image is {grey.width} x {grey.height} pixels, not {IMAGE_SIZE} x {IMAGE_SIZE}")
        grey = shrink(grey)
    return np.asarray(grey, dtype=np.uint8)


def to_grey(image):
    """A Pillow image as 8-bit luma; 16-bit, 32-bit and float greys are scaled, transparency is laid on white."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        brightest = values.max()
        scales = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
        top = next((scale for scale in scales if brightest <= scale), brightest)
        return Image.fromarray(np.clip(values / top * 255 + 0.5, 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")  # palettes, CMYK and the like know no direct way to grey
    return image.convert("L")


def shrink(image):
    """Crop the central square of a Pillow image and scale it to 64 x 64, antialiased (Lanczos, three lobes)."""
    return ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)
