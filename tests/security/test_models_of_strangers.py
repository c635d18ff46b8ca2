"""A saved model from a stranger: nothing in it is run, nothing outside it is read, and what would not fit is refused before it is decoded."""

from __future__ import annotations

import io
import json
import os
import pickle
import resource
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.errors import ConfigError, ModelFormatError
from smartsynth.models import chat, recurrent, saved_files, soundness
from smartsynth.models.prompt_generator import PromptGenerator
from smartsynth.relational.model import FILE as RELATIONAL
from smartsynth.relational.model import Model


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A forest that learnt numbers, names and dates, refined."""
    rng = np.random.default_rng(0)
    n = 400
    age = rng.integers(18, 80, n)
    frame = pd.DataFrame({
        "age": age, "pay": (age * 100 + rng.normal(0, 400, n)).round(2), "town": rng.choice(["Ulm", "Bonn", "Kiel", "Jena"], n),
        "job": np.where(age > 50, "boss", rng.choice(["cook", "smith", "nurse"], n)),
    })  # fmt: skip
    model = ss.create("forest", trees=4, n_bins=16).fit(frame, seed=1)
    return model.save(tmp_path_factory.mktemp("models") / "forest")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to do harm to."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def arrays_of(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "arrays.npz", allow_pickle=False) as found:
        return dict(found)


def put_members(folder: Path, members: dict[str, bytes]) -> None:
    """An NPZ of these members alone."""
    with zipfile.ZipFile(folder / "arrays.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def head_of(shape: object, dtype: object = "<f8", body: bytes = b"") -> bytes:
    """An array's file with a head that says anything."""
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def test_a_sound_model_is_read_as_it_was_saved(saved, folder):
    """What is looked for changes nothing in what is found."""
    assert ss.load(folder).sample(50, seed=3).equals(ss.load(saved).sample(50, seed=3))


def test_no_pickle_is_opened(folder, tmp_path):
    """Neither as an array of objects nor as a file beside the others."""
    mark = tmp_path / "ran"
    objects = io.BytesIO()
    np.save(objects, np.array([Bomb(mark)], dtype=object), allow_pickle=True)
    put_members(folder, {"order.npy": objects.getvalue()})
    for name in ("model.pkl", "pytorch_model.bin", "training.pt", "model.joblib"):
        (folder / name).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ModelFormatError, match="holds objects, which only a pickle can"):
        ss.load(folder)
    (folder / "model.json").write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ModelFormatError, match="not valid JSON"):
        ss.load(folder)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["model.json", "arrays.npz", "release.json"])
def test_a_file_of_ten_gigabytes_is_not_read(folder, name):
    """Its size is asked first; the file is sparse, and reading it would take longer than the test may."""
    with (folder / name).open("wb") as file:
        file.truncate(10 * 1024**3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFormatError, match=r"has 10,737,\d+,\d+ bytes, and .* are allowed.*SMARTSYNTH_MODEL_GB"):
        ss.load(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_who_trusts_a_large_model_says_so(folder, monkeypatch):
    """And a limit that is none is refused by its name."""
    with (folder / "more.safetensors").open("wb") as file:
        file.truncate(2 * 1024**3)
    monkeypatch.setenv(saved_files.LIMIT, "1")
    with pytest.raises(ModelFormatError, match="set SMARTSYNTH_MODEL_GB to more than 1"):
        ss.load(folder)
    monkeypatch.setenv(saved_files.LIMIT, "3")
    assert len(ss.load(folder).sample(5, seed=1)) == 5
    monkeypatch.setenv(saved_files.LIMIT, "lots")
    with pytest.raises(ConfigError, match="SMARTSYNTH_MODEL_GB='lots' must be a whole number"):
        ss.load(folder)


def test_json_that_unpacks_to_much_is_not_parsed(folder):
    """A list of empty lists takes 25 times its size once it is made of objects."""
    (folder / "model.json").write_bytes(b"[" + b"[]," * 40_000_000 + b"[]]")
    with pytest.raises(ModelFormatError, match="would unpack to about"):
        ss.load(folder)


@pytest.mark.parametrize("content", [b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000])
def test_json_that_is_nested_deeply_is_refused(folder, content):
    """No stack overflows."""
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelFormatError, match="nested too deeply"):
        ss.load(folder)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"{", b"", b'{"a": NaN}', b'{"a": 1' + b"0" * 5_000 + b"}"])
def test_what_is_no_json_is_refused(folder, content):
    """Also words and numbers that JSON has not, or that Python does not read."""
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelFormatError, match="not valid JSON"):
        ss.load(folder)


@pytest.mark.parametrize("content", [b"[]", b"1", b'"forest"', b"null", b'{"format": 1, "generator": "forest"}'])
def test_json_that_is_no_model_is_refused(folder, content):
    """By what it lacks."""
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelFormatError, match="lacks"):
        ss.load(folder)


@pytest.mark.parametrize("name", ["../../etc/passwd", "os:system", "/etc/passwd", "forest\x00", 7, ["forest"], None])
def test_a_name_of_a_generator_leads_nowhere(folder, name):
    """It is looked up among known ones and nowhere else."""
    head = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**head, "generator": name}))
    with pytest.raises((ModelFormatError, ConfigError)):
        ss.load(folder)


def test_a_zip_bomb_is_not_unpacked(folder, monkeypatch):
    """Five megabytes that hold more than one gigabyte of zeros, where one is allowed."""
    monkeypatch.setenv(saved_files.LIMIT, "1")
    with (
        zipfile.ZipFile(folder / "arrays.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("order.npy", "w", force_zip64=True) as file,
    ):
        file.write(head_of((17 * 64 * 1024**2,), "|u1"))
        for _ in range(17):
            file.write(bytes(64 * 1024**2))
    assert (folder / "arrays.npz").stat().st_size < 6_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFormatError, match=r"would unpack to 1,140,850,\d+ bytes from"):
        ss.load(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (head_of((10**12,)), "not as large as it says"),
        (head_of((2,), body=bytes(8)), "not as large as it says"),
        (head_of((1,), body=bytes(800)), "not as large as it says"),
        (head_of((-1,), body=bytes(8)), "negative length"),
        (head_of((1,), "|O", bytes(8)), "holds objects"),
        (head_of((1,), "<f8" * 20_000, bytes(8)), "damaged"),
        (head_of("__import__('os').system('true')"), "damaged"),
        (b"no array at all", "damaged"),
        (b"\x93NUMPY\x02\x00" + (40_000).to_bytes(4, "little") + b"(" * 39_999 + b"\n", "damaged"),
    ],
)  # fmt: skip
def test_heads_of_arrays_that_lie_are_refused(folder, content, says):
    """No room is made for what is not there."""
    put_members(folder, {"order.npy": content})
    with pytest.raises(ModelFormatError, match=says):
        ss.load(folder)


@pytest.mark.parametrize(
    "name", ["../order.npy", "/order.npy", "a/../../order.npy", "..\\order.npy", "order.py", "order"]
)
def test_names_in_an_archive_lead_nowhere(folder, name):
    """Nothing is written to the disk in any case; such a name is no array's."""
    put_members(folder, {name: head_of((1,), body=bytes(8))})
    with pytest.raises(ModelFormatError, match="no name of an array"):
        ss.load(folder)


def test_very_many_arrays_are_not_listed(folder):
    """Each entry of a zip would become an object."""
    (folder / "arrays.npz").write_bytes(b"PK\x01\x02" * 60_000)
    with pytest.raises(ModelFormatError, match="more than 50,000 arrays"):
        ss.load(folder)


def test_one_byte_changed_anywhere_is_refused_or_harmless(saved, tmp_path):
    """Of an NPZ and of the head: an error of ours, or a model that makes rows; the process lives on."""
    rng = np.random.default_rng(7)
    for name in ("arrays.npz", "model.json"):
        for at in rng.integers(0, (saved / name).stat().st_size, 25):
            folder = Path(shutil.copytree(saved, tmp_path / f"{name}-{at}", dirs_exist_ok=True))
            content = bytearray((folder / name).read_bytes())
            content[at] ^= 1 << int(rng.integers(8))
            (folder / name).write_bytes(content)
            try:
                ss.load(folder)
            except (ModelFormatError, ConfigError):
                continue


def header(text: bytes, told: int | None = None, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text) if told is None else told) + text + body


@pytest.mark.parametrize(
    "content",
    [
        header(b"{}", told=2**63),
        header(b"{}", told=10**9),
        header(b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4]}}', body=bytes(4)),
        header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4000000000]}}', body=bytes(4)),
        header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', body=bytes(4)),
        header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', body=bytes(4)),
        header(b'{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,4]}}', body=bytes(4)),
        header(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        header(b"\xff\xff"), b"", b"\x00" * 7, pickle.dumps([1, 2]),
    ],
)  # fmt: skip
def test_heads_of_safetensors_that_lie_are_refused(folder, content):
    """Lengths, places that overlap or lie beyond the end, and depth."""
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(ModelFormatError, match="cannot be read as safetensors"):
        ss.load(folder)


@pytest.mark.parametrize("name", ["model.json", "arrays.npz", "more/notes.txt"])
def test_links_are_not_followed(folder, tmp_path, name):
    """Whatever they lead to: a secret of this machine, a device, or the folder itself."""
    secret = tmp_path / "secret.json"
    secret.write_text('{"held": "correct horse"}')
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(secret)
    with pytest.raises(ModelFormatError, match="a link, and links may lead anywhere") as error:
        ss.load(folder)
    assert "horse" not in str(error.value)


def test_folders_that_never_end_are_refused(folder):
    """By a link to themselves, by their depth, and by the number of their files."""
    (folder / "learnt").symlink_to(folder)
    with pytest.raises(ModelFormatError, match="a link"):
        ss.load(folder)
    (folder / "learnt").unlink()
    deep = folder.joinpath(*["learnt"] * 9)
    deep.mkdir(parents=True)
    with pytest.raises(ModelFormatError, match="more than 8 deep"):
        ss.load(folder)


def test_very_many_files_are_not_looked_at(folder, monkeypatch):
    """And neither are pipes, which would never answer."""
    monkeypatch.setattr(saved_files, "MOST_FILES", 20)
    for i in range(30):
        (folder / f"{i}.txt").touch()
    with pytest.raises(ModelFormatError, match="more than 20 files"):
        ss.load(folder)
    for i in range(30):
        (folder / f"{i}.txt").unlink()
    (folder / "model.json").unlink()
    os.mkfifo(folder / "model.json")
    with pytest.raises(ModelFormatError, match="neither a file nor a folder"):
        ss.load(folder)


PLACES = [
    ("chain.order", 0, 500), ("chain.member", 0, -1), ("chain.first_tree", -1, 10**6), ("chain.root", 0, 10**8), ("chain.n_places", 0, 0),
    ("chain.first_cell", 1, 2**40), ("chain.first_member", 1, 10**6), ("chain.score_columns", 0, 4000), ("chain.score_offsets", 0, 2**40),
    ("chain.n_scores", 1, 100), ("chain.first_edge", 3, 10**6), ("ratio.feature", 0, 30_000), ("ratio.left", 0, 30_000),
    ("ratio.right", 0, -30_000), ("ratio.node_of_tree", 1, 10**6), ("ratio.leaf_of_tree", 1, 10**6), ("ratio.bits_length", 0, 10**6),
    ("ratio.bits_start", 0, -5), ("ratio.tree_of_booster", -1, 10**6),
]  # fmt: skip


@pytest.mark.parametrize(("name", "at", "value"), PLACES, ids=[name for name, _, _ in PLACES])
def test_places_beyond_an_array_are_not_followed(folder, name, at, value):
    """Compiled loops look at no bounds, so that a place beyond them would read or write foreign memory."""
    arrays = arrays_of(folder)
    if not len(arrays[name]):
        pytest.skip("this model has none")
    arrays[name] = arrays[name].copy()
    arrays[name][at] = value
    np.savez_compressed(folder / "arrays.npz", **arrays)
    with pytest.raises(ModelFormatError, match=r"leads to where nothing is|do not fit|damaged"):
        ss.load(folder).sample(10, seed=1)


@pytest.mark.parametrize(
    ("column", "value"), [(0, 3_000), (0, -50), (1, 10**9), (2, 10**8), (3, 10**8), (3, 0), (3, -7)],
    ids=["feature", "score", "leaf", "set", "child", "loop", "before"],
)  # fmt: skip
def test_nodes_that_lead_astray_are_not_followed(folder, column, value):
    """A loop would never end; a leaf without a table would read foreign memory."""
    arrays = arrays_of(folder)
    node = arrays["chain.node"].copy()
    at = np.flatnonzero(node[:, 0] == -1)[0] if column == 1 else np.flatnonzero(node[:, 0] != -1)[0]
    node[at, column] = value
    np.savez_compressed(folder / "arrays.npz", **arrays | {"chain.node": node})
    with pytest.raises(ModelFormatError, match=r"'node'|'cumulative'"):
        ss.load(folder)


def test_arrays_of_another_kind_are_not_taken(folder):
    """A machine code that is made for whole numbers must not be given others."""
    arrays = arrays_of(folder)
    for name, kind in (("chain.root", np.int64), ("chain.cumulative", np.float64), ("ratio.value", np.float64)):
        changed = arrays | {name: arrays[name].astype(kind)}
        np.savez_compressed(folder / "arrays.npz", **changed)
        with pytest.raises(ModelFormatError, match="leads to where nothing is"):
            ss.load(folder)


def test_codes_beyond_a_table_meet_its_end(saved):
    """A chain that draws larger codes than its columns have makes rows of nonsense or an error, and reads no foreign memory."""
    model = ss.load(saved)
    chain = model._chain.chain
    whole = soundness.guarded(chain)
    assert len(whole.words) >= len(chain.words) + 65_536 // 32
    assert len(whole.score_table) >= len(chain.score_table) + 65_536 * soundness.MOST_SCORES
    codes = np.full((len(chain.order), 8), 60_000, np.uint16)
    with pytest.raises(ModelFormatError, match="do not fit"):
        model._refinement.seen(codes)


def test_weights_that_do_not_fit_each_other_are_refused():
    """The compiled loop of a recurrent layer looks at no bounds either."""
    width, sound = 4, {"enters": (12, 3), "stays": (12, 4), "bias": (12,), "own_bias": (12,)}
    series = np.zeros((5, 2, 3), np.float32)
    weights = {name: np.zeros(shape, np.float32) for name, shape in sound.items()}
    assert recurrent.layer(series, **weights).shape == (5, 2, width)
    for name, shape in (("enters", (12, 9)), ("stays", (3, 4)), ("bias", (1,)), ("own_bias", (2,))):
        with pytest.raises(ModelFormatError, match="do not fit each other"):
            recurrent.layer(series, **{**weights, name: np.zeros(shape, np.float32)})


def test_a_model_does_not_say_where_prompts_and_keys_are_sent(monkeypatch):
    """An address in a saved model was chosen by whoever saved it; nor is an answer written into a folder that it names."""
    monkeypatch.setenv(chat.KEY, "secret")
    model = PromptGenerator(endpoint="https://thief.example.org/v1", model="any", cache="theirs")
    model.is_loaded = True
    with pytest.raises(ConfigError, match=r"named by whoever saved this model.*set SMARTSYNTH_ENDPOINTS=https://thief"):
        model._asked_chat()
    with pytest.raises(ConfigError, match="whoever saved"):
        chat.check_vouched_for("https://localhost.example.org/v1")
    monkeypatch.setenv(chat.ENDPOINTS, "https://mine.example.org/v1, https://thief.example.org/v1")
    chat.check_vouched_for("https://thief.example.org/v1")
    chat.check_vouched_for("http://127.0.0.1:11434/v1")


def test_relational_models_are_read_within_the_same_limits(tmp_path):
    """Their head, their arrays and their folder."""
    folder = tmp_path / "model"
    folder.mkdir()
    with (folder / RELATIONAL).open("wb") as file:
        file.truncate(10 * 1024**3)
    with pytest.raises(ModelFormatError, match="has 10,737,418,240 bytes"):
        Model.load(folder)
    (folder / RELATIONAL).write_bytes(b"[" * 200_000 + b"]" * 200_000)
    with pytest.raises(ModelFormatError, match="nested too deeply"):
        Model.load(folder)
    (folder / RELATIONAL).unlink()
    (folder / RELATIONAL).symlink_to("/dev/zero")
    with pytest.raises(ModelFormatError, match="a link"):
        Model.load(folder)


def test_the_command_line_says_it_in_one_line(folder):
    """With the exit code of data that cannot be used, and no traceback."""
    (folder / "model.json").write_bytes(b"[" * 200_000 + b"]" * 200_000)
    done = subprocess.run(
        [sys.executable, "-m", "smartsynth", "sample", str(folder), "-n", "5", "-o", "-"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 3
    assert "nested too deeply" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
