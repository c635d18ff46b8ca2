"""Images as cells: every mode comes in as grey or RGB, and nothing but pixels stays."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tiny_pictures import file_of

from smartsynth import images
from smartsynth.errors import ConfigError, DataError
from smartsynth.images import Form

COLOURS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("array", [COLOURS, COLOURS[..., 0]])
def test_a_cell_holds_the_pixels_and_nothing_else(array):
    cell = images.cell_of(array)
    assert np.array_equal(images.pixels_of(cell), array)
    assert images.form_of(cell) == Form(30, 20, grey=array.ndim == 2)
    assert images.read(cell, "x.png") == (cell, images.Left())
    kinds = [cell[at + 4 : at + 8] for at in chunks(cell)]
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


def chunks(png):
    at = 8
    while at < len(png):
        yield at
        at += 12 + struct.unpack(">I", png[at : at + 4])[0]


@pytest.mark.parametrize(
    ("mode", "format", "grey"),
    [
        ("1", "PNG", True), ("L", "TIFF", True), ("L", "JPEG", True), ("LA", "PNG", True), ("P", "PNG", False), ("RGB", "WEBP", False),
        ("RGBA", "PNG", False), ("CMYK", "JPEG", False), ("I;16", "PNG", True), ("I", "TIFF", True),
    ],
)  # fmt: skip
def test_every_mode_is_read(mode, format, grey):
    picture = Image.fromarray(COLOURS)
    picture = (picture.convert("L") if grey else picture).convert(mode)
    sink = io.BytesIO()
    picture.save(sink, format)
    cell, _ = images.read(sink.getvalue(), "x")
    assert images.form_of(cell) == Form(30, 20, grey=grey)


def test_sixteen_bits_keep_their_order():
    deep = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    found = images.pixels_of(images.read(file_of(deep), "x")[0])
    assert found.min() == 0
    assert found.max() == 255
    assert (np.diff(found.ravel().astype(int)) >= 0).all()


def test_deep_images_of_one_data_set_are_brought_down_alike():
    dark, light = np.full((9, 9), 2_570, np.uint16), np.full((9, 9), 65_535, np.uint16)
    found = [images.read(file_of(one), "x") for one in (dark, light)]
    assert [int(images.pixels_of(cell)[0, 0]) for cell, _ in found] == [10, 255]
    assert all(left.deep for _, left in found)
    with pytest.raises(DataError, match=r"x\.tif: its pixels are no whole numbers"):
        images.read(file_of(np.full((9, 9), 0.5, np.float32), "TIFF"), "x.tif")


def test_what_is_transparent_is_white():
    clear = np.dstack([COLOURS, np.zeros((20, 30), np.uint8)])
    cell, left = images.read(file_of(clear), "x")
    assert (images.pixels_of(cell) == 255).all()
    assert left.transparency


def test_exif_is_told_of_and_never_kept_but_for_the_turn():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8825] = 6, "A camera", {1: "N", 2: (47.0, 3.0, 0.5)}
    content = file_of(COLOURS, "JPEG", exif=exif)
    cell, left = images.read(content, "x")
    assert left == images.Left(exif=True, position=True)
    assert images.form_of(cell) == Form(20, 30, grey=False)
    assert b"camera" in content
    assert b"camera" not in cell


def test_the_first_of_several_frames_is_taken():
    frames = [Image.fromarray(COLOURS), Image.fromarray(255 - COLOURS)]
    sink = io.BytesIO()
    frames[0].save(sink, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    cell, left = images.read(sink.getvalue(), "x")
    assert left.frames
    assert np.array_equal(images.pixels_of(cell), COLOURS)


def bomb(width, height):
    """A PNG that says it has very many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    made = images.SIGNATURE
    for kind, content in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        made += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return made


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bomb(60_000, 60_000), "pixels"), (bomb(9_000, 9_000), "at most 50,000,000"), (b"\x89PNG\r\n\x1a\nnothing", "not an image"),
        (file_of(COLOURS)[:200], "damaged"), (file_of(COLOURS, "JPEG")[:200], "image"), (b"GIF89a....", "not an image"), (b"", "not an image"),
        (file_of(COLOURS[:2]), "each side must have at least 4"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_by_name(content, said):
    with pytest.raises(DataError, match=said) as error:
        images.read(content, "holiday.png")
    assert "holiday.png" in str(error.value)


def test_pictures_are_brought_to_one_form():
    cells = [images.cell_of(COLOURS), images.cell_of(COLOURS[:, :20, 0]), images.cell_of(COLOURS[:10])]
    form = images.common_form(cells, side=None, most=64)
    assert form == Form(20, 20, grey=False)
    for fit in images.FITS:
        assert images.stacked(images.brought(cells, form, fit)).shape == (3, 20, 20, 3)
    assert images.common_form(cells, side=8, most=64) == Form(8, 8, grey=False)
    assert images.common_form(cells[:1] * 3, side=None, most=64) == Form(30, 20, grey=False)
    padded = images.pixels_of(images.brought(cells[2:], form, images.PAD)[0])
    assert not padded[0].any()
    assert padded[10].any()
    same = images.brought(cells[:1], images.form_of(cells[0]), images.CROP)
    assert same[0] is cells[0]
    with pytest.raises(ConfigError, match="crop, pad, stretch"):
        images.brought(cells, form, "squeeze")


@pytest.mark.parametrize(
    "cell", [file_of(COLOURS), {"bytes": file_of(COLOURS), "path": None}, COLOURS, Image.fromarray(COLOURS)]
)
def test_what_may_stand_for_a_picture_in_a_table(cell):
    assert images.read(images.content_of(cell), "x")[0] == images.cell_of(COLOURS)


@pytest.mark.parametrize("cell", [None, "text", 3.0, {"a": 1}, np.arange(5)])
def test_what_may_not(cell):
    assert not images.is_image(images.content_of(cell))
