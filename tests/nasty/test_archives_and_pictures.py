"""Archives and images as they should not be: numbers 85 to 110."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

import numpy as np
import pytest
from nasty.cases import ROWS, Case, covers, judge, table
from PIL import Image

from smartsynth import images, ingest
from smartsynth.errors import DataError
from smartsynth.ingest import files

CSV = table()


def archive(*members, flag=0):
    """A zip of files, each a name (or a ZipInfo) with its content."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return sink.getvalue()


def encrypted():
    """A zip that says its file is encrypted, in both of its heads."""
    content = bytearray(archive(("x.csv", CSV)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def link():
    info = zipfile.ZipInfo("x.csv")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return archive((info, "/etc/passwd"))


def doubled():
    content = archive(("a.csv", CSV), ("b.csv", CSV))
    return content.replace(b"b.csv", b"a.csv")


def legacy_name():
    """A zip with a name in a code page that the zip does not name."""
    return archive(("XXXX.csv", CSV)).replace(b"XXXX", b"\x81\x82\x83\x84")


def saved(image, format="PNG", **how):
    sink = io.BytesIO()
    image.save(sink, format, **how)
    return sink.getvalue()


def picture(i, size=(16, 16), mode="RGB"):
    """An image of colours that nothing else has."""
    noise = np.random.default_rng(i).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def gallery(**odd):
    """A folder with two folders of ordinary images, and files put among them."""

    def make(folder):
        place = folder / "pictures"
        for i in range(24):
            path = place / ("cat" if i % 2 else "dog") / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(saved(picture(i)))
        for name, content in odd.items():
            stem, _, ending = name.rpartition("_")
            (place / "cat" / f"{stem}.{ending}").write_bytes(content)
        return place

    return make


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def head_of(width, height):
    """A PNG of a few bytes whose head says that it is very large."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return images.SIGNATURE + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def blank(side):
    """A PNG of one colour, small as a file and large as pixels."""
    rows = zlib.compress((b"\0" + bytes(side)) * side, 9)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return images.SIGNATURE + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def with_text_chunk():
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 100_000_000))
    plain = saved(picture(1))
    return plain[:33] + bomb + plain[33:]


def turned():
    exif = Image.Exif()
    exif[images.ORIENTATION] = 6
    exif.get_ifd(images.GPS)[1] = "N"
    exif[images.GPS] = {1: "N", 2: (1.0, 2.0, 3.0)}
    return saved(picture(1, (16, 24)), "JPEG", exif=exif)


def moving(format):
    return saved(picture(1), format, save_all=True, append_images=[picture(2), picture(3)])


def deep():
    ramp = (np.arange(256, dtype=np.uint16).reshape(16, 16) * 257).astype(np.uint16)
    return saved(Image.fromarray(ramp))


def with_table(names):
    def make(folder):
        place = gallery()(folder)
        (place / "metadata.csv").write_text("file_name,label\n" + "".join(f"{name},x\n" for name in names))
        return place

    return make


def few(folder):
    place = folder / "pictures"
    place.mkdir()
    for i in range(5):
        (place / f"{i}.png").write_bytes(saved(picture(i)))
    return place


def has(count):
    return lambda data: len(data) == count and all(map(images.is_cell, data.frame["image"]))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
CASES = (
    Case(85, "../", archive(("../../x.csv", CSV)), refused=("leads out", "../../x.csv"), file="x.zip"),
    Case(85, "..\\", archive(("..\\x.csv", CSV)), refused=("leads out",), file="x.zip"),
    Case(85, "../ of an image", archive(("../a.png", saved(picture(1)))), refused=("leads out",), file="x.zip"),
    Case(86, "absolute path", archive(("/etc/x.csv", CSV)), refused=("leads out", "/etc/x.csv"), file="x.zip"),
    Case(86, "drive", archive(("C:\\x.csv", CSV)), refused=("leads out",), file="x.zip"),
    Case(87, "link", link, refused=("x.csv", "a link"), file="x.zip"),
    Case(88, "no file", archive(), refused=("x.zip",), file="x.zip"),
    Case(89, "zip in a zip", archive(("x.zip", archive(("x.csv", CSV)))), refused=("packed with zip",), file="x.zip"),
    Case(89, "bomb", lambda: archive(("x.csv", b"a\n" + b"0" * 100_000_000)), refused=("unpacks to more",), file="x.zip"),
    Case(90, "one name twice", doubled, refused=("a.csv", "twice"), file="x.zip"),
    Case(91, "encrypted", encrypted, refused=("encrypted",), file="x.zip"),
    Case(91, "damaged", archive(("x.csv", CSV))[:-30], refused=("damaged archive",), file="x.zip"),
    Case(92, "two tables", archive(("a.csv", CSV), ("b.csv", CSV)), refused=("2 files", "a.csv", "one table"), file="x.zip"),
    Case(93, "what systems leave", archive(("x.csv", CSV), ("__MACOSX/._x.csv", b"\0\1"), (".DS_Store", b"\0")), holds=lambda d: len(d) == ROWS, file="x.zip"),
    Case(94, "name in no known code page", legacy_name, holds=lambda d: len(d) == ROWS, file="x.zip"),
    Case(95, "head of 50,000 × 50,000", gallery(x_png=head_of(50_000, 50_000)), refused=("cat/x.png", "pixels")),
    Case(96, "12,000 × 12,000 of one colour", lambda folder: gallery(x_png=blank(12_000))(folder), refused=("cat/x.png", "12,000 × 12,000", "50,000,000")),
    Case(97, "cut off", gallery(x_png=saved(picture(1))[:200], y_jpg=saved(picture(2), "JPEG")[:300]), refused=("cat/x.png", "cat/y.jpg", "damaged")),
    Case(98, "CMYK", gallery(x_jpg=saved(picture(1, mode="CMYK"), "JPEG")), holds=has(25), learnt=False),
    Case(99, "sixteen bits", gallery(x_png=deep()), holds=has(25), noticed=("sixteen bits",), learnt=False),
    Case(100, "palette", gallery(x_png=saved(picture(1).convert("P")), y_png=saved(picture(2).convert("1"))), holds=has(26), learnt=False),
    Case(100, "transparency", gallery(x_png=saved(picture(1, mode="RGBA")), y_png=saved(picture(2, mode="LA"))), holds=has(26), learnt=False),
    Case(101, "moving PNG", gallery(x_png=moving("PNG")), holds=has(25), noticed=("several frames",), learnt=False),
    Case(101, "moving WebP", gallery(x_webp=moving("WEBP")), holds=has(25), noticed=("several frames",), learnt=False),
    Case(101, "GIF", moving("GIF"), refused=("GIF",), file="x.gif"),
    Case(102, "turned, with a place", gallery(x_jpg=turned()), holds=has(25), noticed=("GPS",), learnt=False),
    Case(103, "sizes of every kind", gallery(x_png=saved(picture(1, (40, 20))), y_png=saved(picture(2, (9, 99)))), holds=has(26), noticed=("3 sizes",), learnt=False),
    Case(104, "no byte", gallery(x_png=b""), refused=("cat/x.png",)),
    Case(104, "noise", gallery(x_png=bytes(range(256))), refused=("cat/x.png", "not an image")),
    Case(105, "SVG", SVG, refused=("x.svg",), file="x.svg"),
    Case(105, "SVG named .png", gallery(x_png=SVG), refused=("cat/x.png", "not an image")),
    Case(105, "PostScript named .png", gallery(x_png=b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"), refused=("cat/x.png", "not an image")),
    Case(105, "PDF", b"%PDF-1.7\n", refused=("PDF",), file="x.pdf"),
    Case(105, "TIFF of several pages", gallery(x_tiff=moving("TIFF")), holds=has(25), noticed=("several frames",), learnt=False),
    Case(106, "one pixel", gallery(x_png=saved(picture(1, (1, 1)))), refused=("cat/x.png", "at least 4")),
    Case(106, "all black, and one image often", gallery(x_png=saved(Image.new("RGB", (16, 16))), y_png=saved(picture(0)), z_png=saved(picture(0))), holds=has(27), noticed=("nearly the same",), learnt=False),
    Case(107, "five images", few, refused=("5 rows", "at least 20")),
    Case(108, "text that unpacks to very much", gallery(x_png=with_text_chunk()), refused=("cat/x.png", "damaged")),
    Case(109, "table names images that are not there", with_table(["cat/1.png", "cat/none.png"]), refused=("metadata.csv", "cat/none.png")),
    Case(109, "table leaves images out", with_table([f"cat/{i}.png" for i in range(1, 24, 2)] * 2), noticed=("12 images are not named",), learnt=False),
    Case(110, "image and archive in one", gallery(x_png=saved(picture(1)) + archive(("x.csv", CSV))), holds=has(25), learnt=False),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_archive_or_image_that_should_not_be(case, tmp_path):
    """Refused in words that name the file, or read and told of."""
    judge(case, tmp_path)


@covers(88)
def test_an_archive_of_very_many_files_is_not_read(monkeypatch):
    """However small they are."""
    monkeypatch.setattr(files, "MOST_MEMBERS", 100)
    for name in ("{}.csv", "{}.png"):
        with pytest.raises(DataError, match="101 files; at most 100 are read"):
            ingest.read(archive(*((name.format(i), b"") for i in range(101))))


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    """99 by its pixels: 65,535 is white, and half of it is grey."""
    data = ingest.read(gallery(x_png=deep())(tmp_path))
    ramps = [images.pixels_of(cell) for cell in data.frame["image"] if images.form_of(cell).grey]
    assert len(ramps) == 1
    assert np.array_equal(ramps[0], np.arange(256).reshape(16, 16))


def test_an_image_is_seen_as_it_is_to_be_seen_and_says_no_more(tmp_path):
    """102 and 110 by their bytes: turned, and neither position nor archive is left."""
    data = ingest.read(gallery(x_jpg=turned(), y_png=saved(picture(1)) + archive(("x.csv", CSV)))(tmp_path))
    forms = {str(images.form_of(cell)) for cell in data.frame["image"]}
    assert forms == {"16x16 rgb", "24x16 rgb"}
    assert not any(b"PK\x03\x04" in cell or b"Exif" in cell or b"eXIf" in cell for cell in data.frame["image"])
