"""Folders, archives and tables of images in and out again."""

import io
import json
import re
import struct
import zipfile
import zlib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tiny_pictures import file_of, folder, frame, pixels

from smartsynth import export, image_export, images, ingest
from smartsynth.config import Limits
from smartsynth.connectors import read as read_elsewhere
from smartsynth.errors import ConfigError, DataError
from smartsynth.schema import Kind


def zipped(root):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(root.parent))
    return sink.getvalue()


def test_folders_are_labels(tmp_path):
    folder(tmp_path / "shapes")
    data = ingest.read(tmp_path / "shapes")
    assert [c.kind for c in data.schema] == [Kind.IMAGE, Kind.CATEGORICAL]
    assert set(data.frame["label"]) == {"lying", "standing", "cross"}
    assert len(data) == 30
    assert read_elsewhere(str(tmp_path / "shapes")).frame.equals(data.frame)


def test_a_zip_is_the_same_as_its_folder(tmp_path):
    folder(tmp_path / "shapes")
    data = ingest.read(zipped(tmp_path / "shapes"), name="shapes.zip")
    assert data.frame.equals(ingest.read(tmp_path / "shapes").frame)
    assert data.source.format == "zip"


def test_folders_that_split_data_are_no_labels(tmp_path):
    folder(tmp_path / "a" / "train", n=20)
    folder(tmp_path / "a" / "test", n=10, seed=1)
    data = ingest.read(tmp_path / "a")
    assert len(data) == 30
    assert set(data.frame["label"]) == {"lying", "standing", "cross"}


def test_a_table_beside_the_pictures_is_joined_by_their_names(tmp_path):
    made, kinds = pixels(25)
    for i, picture in enumerate(made):
        (tmp_path / f"{i}.png").write_bytes(file_of(picture[..., 0]))
    ages = np.arange(24)
    pd.DataFrame({"file_name": [f"{i}.png" for i in range(24)], "age": ages, "shape": kinds[:24]}).to_csv(
        tmp_path / "metadata.csv", index=False
    )
    data = ingest.read(tmp_path)
    assert list(data.schema.names) == ["image", "age", "shape"]
    assert list(data.frame["age"]) == list(ages)
    assert np.array_equal(images.pixels_of(data.frame["image"][7]), made[7, ..., 0])
    assert data.source.notes == ("1 images are not named in metadata.csv and are left out.",)


def test_pictures_that_the_table_names_must_be_there(tmp_path):
    folder(tmp_path)
    (tmp_path / "metadata.csv").write_text("file_name,age\ncross/absent.png,3\n")
    with pytest.raises(DataError, match=r"1 images that are not there, such as cross/absent\.png"):
        ingest.read(tmp_path)
    (tmp_path / "metadata.csv").write_text("name,age\nx.png,3\n")
    with pytest.raises(DataError, match="no column names the images"):
        ingest.read(tmp_path)


def test_all_damaged_pictures_are_named(tmp_path):
    folder(tmp_path)
    (tmp_path / "cross" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (tmp_path / "lying" / "worse.jpg").write_bytes(b"")
    with pytest.raises(DataError) as error:
        ingest.read(tmp_path)
    assert "cross/bad.png" in str(error.value)
    assert "lying/worse.jpg" in str(error.value)


def test_what_is_left_behind_is_told(tmp_path):
    folder(tmp_path / "shapes")
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (47.0, 3.0, 0.5)}
    made, _ = pixels(1)
    (tmp_path / "shapes" / "cross" / "me.jpg").write_bytes(file_of(made[0, ..., 0], "JPEG", exif=exif))
    notes = ingest.read(tmp_path / "shapes").source.notes
    assert "1 of 31 images have a GPS position in their EXIF data; none of it is kept." in notes


def test_links_and_hidden_files_are_not_followed(tmp_path):
    folder(tmp_path / "shapes")
    (tmp_path / "secret.png").write_bytes(file_of(pixels(1)[0][0, ..., 0]))
    (tmp_path / "shapes" / "cross" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "shapes" / "cross" / "._1.png").write_bytes(b"resource fork")
    assert len(ingest.read(tmp_path / "shapes")) == 30


def test_an_archive_may_not_grow_without_bound(tmp_path):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", b"\0" * 50_000_000)
    with pytest.raises(DataError, match="holds more than"):
        ingest.read(sink.getvalue(), name="bomb.zip")
    folder(tmp_path / "shapes")
    with pytest.raises(DataError, match=r"limits\.max_bytes"):
        ingest.read(tmp_path / "shapes", limits=Limits(max_bytes=1_000))
    with pytest.raises(DataError, match="more than 10 images"):
        ingest.read(tmp_path / "shapes", limits=Limits(max_rows=10))


def test_small_files_may_not_hold_pixels_without_bound(tmp_path):
    """An image of one colour is a thousandth of its pixels: their number is bounded before they are decoded."""
    blank = file_of(np.zeros((1_000, 1_000), np.uint8))
    for i in range(12):
        (tmp_path / f"{i}.png").write_bytes(blank)
    said = "holds images of more than 10,000,000 pixels together. Make them smaller, take fewer, or raise limits.max_pixels."
    few = Limits(max_pixels=10_000_000)
    with pytest.raises(DataError, match=rf"{tmp_path.name} {re.escape(said)}"):
        ingest.read(tmp_path, limits=few)
    with pytest.raises(DataError, match=f"^bomb.zip {re.escape(said)}$"):
        ingest.read(zipped(tmp_path), name="bomb.zip", limits=few)
    table = pd.DataFrame({"image": [blank] * 12})
    with pytest.raises(DataError, match=f"{re.escape(said)}$"):
        ingest.read(table, limits=few)
    assert len(ingest.read(table, limits=Limits(max_pixels=12_000_000))) == 12


def test_an_image_that_is_too_large_by_itself_is_named(tmp_path):
    huge = bytearray(file_of(np.zeros((8, 8), np.uint8)))
    huge[16:24] = struct.pack(">II", 60_000, 60_000)
    huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(bytes(huge))
    with pytest.raises(DataError, match=r"a/1.png has (60,000 × 60,000|more than 50,000,000) pixels"):
        ingest.read(tmp_path, limits=Limits(max_pixels=1_000))


def test_a_single_picture_is_no_data_set(tmp_path):
    (tmp_path / "one.png").write_bytes(file_of(pixels(1)[0][0, ..., 0]))
    with pytest.raises(DataError, match="single image"):
        ingest.read(tmp_path / "one.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images"):
        ingest.read(tmp_path / "empty")


def test_pictures_in_memory():
    real = frame(30)
    arrays = real.assign(image=[images.pixels_of(cell) for cell in real["image"]])
    assert ingest.read(arrays).frame.equals(ingest.read(real).frame)
    bad = real.copy()
    bad.loc[3, "image"] = b"\x89PNG\r\n\x1a\nnothing"
    with pytest.raises(DataError, match="row 4"):
        ingest.read(bad)


@pytest.fixture
def data():
    real = frame(40)
    real.loc[5, "image"] = None
    return ingest.read(real.assign(age=np.arange(40)))


def test_a_folder_and_a_zip_come_back_as_they_were(data, tmp_path):
    written = export.write(data, tmp_path / "out", manifest={"a": 1})
    assert tmp_path / "out" / "train" / "metadata.csv" in written
    again = ingest.read(tmp_path / "out")
    assert again.frame.equals(data.frame)
    export.write(data, tmp_path / "out.zip")
    assert ingest.read(tmp_path / "out.zip").frame.equals(again.frame)
    assert (tmp_path / "out.zip").read_bytes() == export.to_bytes(data, format="zip")


@pytest.mark.parametrize("mine", ["thesis.txt", "train/cat/precious.png", "README.md"])
@pytest.mark.parametrize("ours", [False, True])
def test_a_folder_of_something_else_is_left_alone(data, tmp_path, mine, ours):
    if ours:
        export.write(data, tmp_path / "out")
        mine = f"more/{mine}"
    (tmp_path / "out" / mine).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out" / mine).write_text("mine")
    with pytest.raises(ConfigError, match="not a data-set folder"):
        export.write(data, tmp_path / "out")
    assert (tmp_path / "out" / mine).read_text() == "mine"


def test_a_folder_of_ours_is_replaced(data, tmp_path):
    export.write(data, tmp_path / "out", manifest={"a": 1})
    export.write(data.with_frame(data.frame.head(10)), tmp_path / "out")
    assert len(ingest.read(tmp_path / "out")) == 10


def test_a_workbook_with_a_logo_is_a_table(tmp_path):
    import openpyxl
    from openpyxl.drawing.image import Image as Drawing

    (tmp_path / "logo.png").write_bytes(file_of(pixels(1)[0][0, ..., 0]))
    book = openpyxl.Workbook()
    for row in [["a", "b"], *([i, i % 3] for i in range(30))]:
        book.active.append(row)
    book.active.add_image(Drawing(str(tmp_path / "logo.png")), "D2")
    book.save(tmp_path / "table.xlsx")
    assert list(ingest.read(tmp_path / "table.xlsx").schema.names) == ["a", "b"]


def test_every_split_has_its_table(tmp_path):
    for split in ("train", "test"):
        folder(tmp_path / split, n=20)
        names = [str(path.relative_to(tmp_path / split)) for path in sorted((tmp_path / split).rglob("*.png"))]
        pd.DataFrame({"file_name": names, "split": split}).to_csv(tmp_path / split / "METADATA.csv", index=False)
    data = ingest.read(tmp_path)
    assert data.frame["split"].value_counts().to_dict() == {"train": 20, "test": 20}
    assert data.source.notes == ()


def test_an_image_beside_the_folders_of_the_others_has_no_label(tmp_path):
    folder(tmp_path / "shapes")
    (tmp_path / "shapes" / "stray.png").write_bytes(file_of(pixels(1)[0][0, ..., 0]))
    data = ingest.read(tmp_path / "shapes")
    assert data.frame["label"].isna().sum() == 1
    assert "1 images stand beside the folders" in data.source.notes[0]


def test_cells_of_every_kind_are_read_or_named():
    real = frame(30)
    exif = Image.Exif()
    exif[0x010F] = "SecretCam"
    telling = file_of(pixels(1)[0][0, ..., 0], "PNG", exif=exif)
    cells = [float("nan"), telling, *real["image"][2:]]
    read = ingest.read(pd.DataFrame({"image": pd.Series(cells, dtype=object)}))
    assert b"SecretCam" in telling
    assert b"SecretCam" not in read.frame["image"][1]
    assert read.schema["image"].format == "16x16 grey"
    for wrong in ("images/2.png", [1, 2], {"bytes": None, "path": "x.png"}, Image.new("F", (9, 9))):
        with pytest.raises(DataError, match="row 4"):
            ingest.read(pd.DataFrame({"image": pd.Series([*cells[:3], wrong, *cells[4:]], dtype=object)}))


def test_files_that_were_not_read_are_not_learnt():
    from smartsynth.inference import infer_schema

    made, _ = pixels(30)
    files = pd.DataFrame({"image": [file_of(one[..., 0], "JPEG") for one in made]})
    with pytest.raises(DataError, match="were not read yet"):
        infer_schema(files)


def test_parquet_holds_pictures_as_hugging_face_reads_them(data, tmp_path):
    export.write(data, tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["age"] == {"dtype": "int64", "_type": "Value"}
    again = ingest.read(tmp_path / "out.parquet")
    assert list(again.frame["image"].dropna()) == list(data.frame["image"].dropna())
    assert again.frame["image"].isna()[5]


@pytest.mark.parametrize("format", ["csv", "jsonl", "excel"])
def test_formats_without_room_for_pictures_say_so(data, format):
    with pytest.raises(ConfigError, match="Use folder, zip or parquet"):
        export.to_bytes(data, format=format)


def test_pictures_are_what_folders_are_for():
    with pytest.raises(ConfigError, match="there are none"):
        image_export.parts(ingest.read(pd.DataFrame({"a": [1, 2, 3]})))
