"""Faces in real pictures are found, pictures without any give none, and a profile says what it could not know."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny_pictures import frame

skimage = pytest.importorskip("skimage")

from skimage import data  # noqa: E402

from smartsynth import image_words, images, ingest  # noqa: E402
from smartsynth.utils import faces  # noqa: E402
from smartsynth.utils.image_profiler import MOST_SOUGHT, image_profile  # noqa: E402
from smartsynth.utils.profiler import profile  # noqa: E402


def table(cells):
    return ingest.read(pd.DataFrame({"image": cells}))


def small(picture, side):
    return images.cell_of(np.asarray(Image.fromarray(picture).resize((side, side))))


@pytest.fixture(scope="module")
def people():
    """A hundred faces of 25 pixels a side."""
    return [images.cell_of(np.uint8(one * 255)) for one in data.lfw_subset()[:100]]


@pytest.fixture(scope="module")
def things():
    """A hundred pieces of the same photographs without a face."""
    return [images.cell_of(np.uint8(one * 255)) for one in data.lfw_subset()[100:]]


def test_faces_are_found_and_hardly_anything_else(people, things):
    assert faces.faces(people) > 70
    assert faces.faces(things) <= 2
    others = [data.chelsea(), data.coins(), data.coffee(), data.moon(), data.page(), data.brick(), data.rocket()]
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64), dtype=np.uint8)
    assert faces.faces([small(one, 160) for one in others]) == 0
    assert faces.faces([images.cell_of(one) for one in noise]) == 0


def test_a_face_in_a_large_picture_is_found_whatever_its_size():
    woman = data.astronaut()
    assert [faces.faces([small(woman, side)]) for side in (100, 256, 512)] == [1, 1, 1]
    assert faces.faces([images.cell_of(np.ascontiguousarray(woman[:300, 100:400]))]) == 1


def test_the_profile_calls_faces_personal_data(people, things):
    found = profile(table(people[:40] + things[:40]))
    [pictures] = found.images
    assert pictures.sought == 80
    assert 25 < pictures.faces < 41
    [alert] = [alert for alert in found.alerts if alert.code == "personal-data"]
    assert alert.severity == "error"
    assert f"{pictures.faces} of 80 images of 'image'" in alert.message
    assert "seem to show one from the front" in dict(image_words.facts_of(pictures))["Faces"]


def test_few_faces_may_be_none(people, things):
    seen = next(cell for cell in people if faces.faces([cell]))
    unseen = [cell for cell in things if not faces.faces([cell])][:60]
    found = profile(table([seen, *unseen]))
    [alert] = [alert for alert in found.alerts if alert.code == "personal-data"]
    assert alert.severity == "warning"
    assert "1 of 61 images of 'image' that were looked at may show a face" in alert.message


def test_nothing_is_told_of_small_images():
    found = profile(table(frame(30, side=16)["image"]))
    assert (found.images[0].sought, found.images[0].faces) == (0, 0)
    assert dict(image_words.facts_of(found.images[0]))["Faces"] == "too small to tell"
    assert not [alert for alert in found.alerts if alert.code == "personal-data"]


def test_without_scikit_image_nobody_looked(monkeypatch, people):
    monkeypatch.setattr(faces.importlib.util, "find_spec", lambda name: None)
    read = table(people[:30])
    one = image_profile(read.schema["image"], read.frame["image"])
    assert (one.sought, one.faces) == (None, 0)
    assert dict(image_words.facts_of(one))["Faces"] == "not looked for: pip install 'smartsynth[image]'"


def test_so_many_are_looked_at_the_same_every_time(people, things):
    read = table((people + things) * 2)
    once, again = (image_profile(read.schema["image"], read.frame["image"]) for _ in range(2))
    assert once == again
    assert once.sought == MOST_SOUGHT
