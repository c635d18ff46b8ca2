"""Images as cells of a table: a PNG of the pixels and of nothing besides.

    cell      bytes of a PNG, grey or RGB with eight bits, without metadata; equal images are equal cells
    read      a PNG, JPEG, WebP or TIFF file → a cell, and what was left behind: EXIF, positions, further frames, transparency
    Form      width, height and colour that all images of a column are brought to before anything is learnt

Where pixels lie in a file otherwise than they are to be seen (EXIF orientation), they are turned.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
MOST_PIXELS = 50_000_000
"""Of one image; a file that says it has more is not decoded."""
LEAST_SIDE, MOST_SIDE = 4, 64
"""Of an image; the latter of images for which no side was asked for."""
GPS, ORIENTATION = 0x8825, 0x0112
_TELLING = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, GPS)
"""Tags of descriptions, cameras, programs, times, people and places; others say how the pixels lie."""
CROP, PAD, STRETCH = "crop", "pad", "stretch"
FITS = (CROP, PAD, STRETCH)


@dataclass(frozen=True, slots=True)
class Form:
    """Width, height and colour of an image.

    >>> Form.of("28x28 grey"), str(Form(64, 48, grey=False))
    (Form(width=28, height=28, grey=True), '64x48 rgb')
    """

    width: int
    height: int
    grey: bool

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {'grey' if self.grey else 'rgb'}"

    @classmethod
    def of(cls, text: str) -> Self:
        """The form that `str` spells."""
        size, _, colour = text.partition(" ")
        width, _, height = size.partition("x")
        return cls(int(width), int(height), colour == "grey")

    @property
    def channels(self) -> int:
        return 1 if self.grey else 3


@dataclass(frozen=True, slots=True)
class Left:
    """What was in a file besides the pixels, and is not kept."""

    exif: bool = False
    position: bool = False
    frames: bool = False
    transparency: bool = False
    deep: bool = False


def is_image(content: object) -> bool:
    """Whether these are bytes of an image file, by how they begin."""
    if not isinstance(content, bytes):
        return False
    tiff = content[:4] in (b"II*\x00", b"MM\x00*")
    return (
        content.startswith((SIGNATURE, b"\xff\xd8\xff"))
        or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")
        or tiff
    )


def is_cell(content: object) -> bool:
    """Whether these are the bytes of a cell: a PNG, grey or RGB with eight bits, without anything besides its pixels."""
    if not isinstance(content, bytes) or not content.startswith(SIGNATURE):
        return False
    at, kinds = len(SIGNATURE), set()
    while at + 8 <= len(content):
        kinds.add(content[at + 4 : at + 8])
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return kinds == {b"IHDR", b"IDAT", b"IEND"} and content[24:26] in (b"\x08\x00", b"\x08\x02")


def content_of(cell: Any) -> bytes | None:
    """The bytes of an image file of what may stand for one in a table; None if it is missing, or nothing of the kind.

    Args:
        cell: Bytes, a dict with `bytes` (Hugging Face), an array of uint8 (height × width, or × 3), or a Pillow image.
    """
    if isinstance(cell, dict):
        cell = cell.get("bytes")
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cell)
    if isinstance(cell, np.ndarray) and cell.ndim >= 2:
        return cell_of(cell[..., 0] if cell.ndim == 3 and cell.shape[2] == 1 else cell)
    if hasattr(cell, "getexif") and hasattr(cell, "save"):
        return _saved(cell)
    return None


def _saved(image: Any) -> bytes:
    sink = io.BytesIO()
    try:
        image.save(sink, "PNG" if image.mode != "CMYK" else "TIFF")
    except (OSError, ValueError) as error:
        raise DataError(f"A Pillow image of the mode {image.mode} cannot be read. Convert it to L or RGB.") from error
    return sink.getvalue()


def read(content: bytes, name: str) -> tuple[bytes, Left]:
    """The cell of an image file, and what was left behind.

    Args:
        content: Of a PNG, JPEG, WebP or TIFF file.
        name: Of it, for messages.

    Raises:
        DataError: It is damaged, no image, or too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of doubtful metadata, which is dropped
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _check_size(image.size, name)
                exif = image.getexif()
                left = Left(
                    exif=any(tag in exif for tag in _TELLING), position=GPS in exif, frames=getattr(image, "n_frames", 1) > 1,
                    transparency=image.has_transparency_data,
                    deep=_is_deep(image),
                )  # fmt: skip
                seen = ImageOps.exif_transpose(image) if ORIENTATION in exif else image
                return cell_of(_eight_bits(seen)), left
    except DataError as error:
        raise (error if name in str(error) else DataError(f"{name}: {error}")) from None
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is not an image that can be read. Allowed are {', '.join(FORMATS)}.") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{name} has more than {MOST_PIXELS:,} pixels. Make it smaller.") from error
    except (OSError, SyntaxError, ValueError, struct.error, EOFError) as error:
        raise DataError(f"{name} is a damaged image. Save it again, or take it out.") from error


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height that the head of an image file tells, nothing being decoded; none of what cannot be read."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return image.size
    except (OSError, SyntaxError, ValueError, struct.error, EOFError, Image.DecompressionBombError):
        return 0, 0  # `read` says what is wrong


def _is_deep(image: Any) -> bool:
    """Whether a pixel has more than eight bits."""
    return image.mode in ("I", "F") or str(image.mode).startswith("I;16")


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise DataError(f"{name} has {width:,} × {height:,} pixels; at most {MOST_PIXELS:,} are read. Make it smaller.")
    if min(size) < LEAST_SIDE:
        raise DataError(f"{name} has {width} × {height} pixels; each side must have at least {LEAST_SIDE}.")


def _eight_bits(image: Any) -> NDArray[np.uint8]:
    """The pixels of an image of any mode, grey or RGB; what is transparent is white."""
    from PIL import Image

    if _is_deep(image):
        values = np.asarray(image)
        if image.mode == "F" or values.min(initial=0) < 0 or values.max(initial=0) > 65535:
            raise DataError("its pixels are no whole numbers of sixteen bits. Save it with eight or sixteen bits.")
        return np.rint(values / 257).astype(np.uint8)
    if image.has_transparency_data:
        paint = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", paint.size, "white"), paint).convert("RGB")
        pixels = np.asarray(image, np.uint8)
        return pixels[..., 0].copy() if _is_grey(pixels) else pixels
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"), np.uint8)
    return np.asarray(image.convert("RGB"), np.uint8)


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    return bool((pixels == pixels[..., :1]).all())


def cell_of(pixels: NDArray[np.uint8]) -> bytes:
    """The cell of pixels: height × width, or height × width × 3."""
    from PIL import Image

    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise DataError(
            f"An array of {pixels.dtype} of the shape {pixels.shape} is no image. Give uint8, height × width (× 3)."
        )
    sink = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(sink, "PNG", compress_level=6)
    return sink.getvalue()


def pixels_of(cell: bytes) -> NDArray[np.uint8]:
    """The pixels of a cell: height × width, or height × width × 3."""
    from PIL import Image

    with Image.open(io.BytesIO(cell), formats=("PNG",)) as image:
        return np.asarray(image, np.uint8)


def form_of(cell: bytes) -> Form:
    """The form of a cell, read off its head."""
    width, height = struct.unpack(">II", cell[16:24])
    return Form(width, height, grey=cell[25] == 0)


def common_form(cells: Iterable[bytes], *, side: int | None, most: int) -> Form:
    """The form that images are brought to: their own if they have one, else a square of the median of their shorter sides.

    Args:
        cells: Of a column.
        side: Asked for; None leaves it to the images.
        most: Sides are not longer than this if none is asked for.
    """
    forms = [form_of(cell) for cell in cells]
    if not forms:
        raise DataError("The column of images is empty.")
    grey = all(form.grey for form in forms)
    if side is not None:
        return Form(side, side, grey)
    sizes = {(form.width, form.height) for form in forms}
    if len(sizes) == 1:
        width, height = sizes.pop()
        if max(width, height) <= most:
            return Form(width, height, grey)
    median = int(np.median([min(form.width, form.height) for form in forms]))
    side = max(min(median, most), LEAST_SIDE)
    return Form(side, side, grey)


def brought(cells: Sequence[bytes], form: Form, fit: str) -> list[bytes]:
    """The images in a form, those that have it as they are.

    Args:
        cells: Of a column.
        form: That they shall have.
        fit: `crop` keeps the middle, `pad` puts black around, `stretch` changes the sides' ratio.
    """
    if fit not in FITS:
        raise ConfigError(f"fit={fit!r} must be one of {', '.join(FITS)}.")
    return [cell if form_of(cell) == form else _brought(cell, form, fit) for cell in cells]


def _brought(cell: bytes, form: Form, fit: str) -> bytes:
    from PIL import Image, ImageOps

    image = Image.fromarray(pixels_of(cell)).convert("L" if form.grey else "RGB")
    size, how = (form.width, form.height), Image.Resampling.LANCZOS
    if fit == CROP:
        image = ImageOps.fit(image, size, how)
    elif fit == PAD:
        image = ImageOps.pad(image, size, how)
    else:
        image = image.resize(size, how)
    return cell_of(np.asarray(image, np.uint8))


def stacked(cells: Sequence[bytes]) -> NDArray[np.uint8]:
    """Pixels of images of one form: images × height × width × channels."""
    pixels = np.stack([pixels_of(cell) for cell in cells])
    return pixels[..., None] if pixels.ndim == 3 else pixels


def unstacked(pixels: NDArray[np.uint8]) -> list[bytes]:
    """The cells of such an array."""
    return [cell_of(one[..., 0] if one.shape[2] == 1 else one) for one in pixels]
