"""Manners: data alone on stdout, one exit code per outcome, a quiet end on a closed pipe or Ctrl-C."""

import contextlib
import io
import json
import os
import pty
import signal
import subprocess
import sys

import pandas as pd
import pytest
from commands import invoke, shell

from smartsynth import pipeline

FAST = ("-g", "copula", "--seed", "1", "--no-evaluate")


def test_data_go_from_standard_input_to_standard_output_and_nothing_else_does(csv):
    """A pipe gets rows, the person gets notes."""
    result = shell("synthesize", "-", "-o", "-", *FAST, "-n", 50, input=csv.read_bytes())
    assert result.returncode == 0, result.stderr
    assert len(pd.read_csv(io.BytesIO(result.stdout))) == 50
    assert b"Generator: copula" in result.stderr
    assert b"\r" not in result.stderr  # no progress bar: stderr is no terminal


def test_quiet_is_quiet(csv):
    """-q leaves only errors on stderr."""
    result = invoke("synthesize", csv, "-o", "-", *FAST, "-n", 30, "-q")
    assert result.exit_code == 0
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["profile", "nowhere.csv"], 3, "DataError: "),
        (["synthesize", "CSV", "-o", "x.csv", "-g", "forrest"], 4, "Did you mean 'forest'?"),
        (["synthesize", "CSV", "-o", "x.csv", "--target", "agee"], 4, "Did you mean 'age'?"),
        (
            ["synthesize", "CSV", "-o", "x.csv", "-g", "copula", "--option", "min_cuont=3"],
            4,
            "Did you mean 'min_count'?",
        ),
        (["synthesize", "CSV", "-o", "x.csv", "--config", "nowhere.yaml"], 4, "ConfigError: "),
        (["synthesize", "nowhere.csv", "-o", "x.csv", "--format", "jsno"], 4, "Did you mean 'json'?"),
        (["sample", "nowhere", "-o", "x.csv"], 3, "ModelFormatError: "),
        (["evaluate", "CSV", "CSV", "--fail-under", "no_such_score=1"], 4, "is not a score"),
        (["synthesize", "CSV", "-o", "-", "--json"], 2, "standard output"),
        (["synthesize", "CSV", "-o", "r.json", "--report", "r.html"], 2, "which is the output"),
        (["synthesize", "CSV", "-o", "x.csv", "--report", "r.html", "--no-evaluate"], 2, "--no-evaluate"),
        (["synthesize", "-", "-o", "x.csv", "--holdout", "-"], 2, "standard input"),
        (["synthesize", "CSV", "-o", "x.csv", "--option", "min_count"], 2, "KEY=VALUE"),
        (["evaluate", "CSV", "CSV", "--fail-under", "ks"], 2, "KEY=NUMBER"),
        (["synthesize", "CSV", "-o", "x.csv", "-n", "0"], 2, "--rows"),
        (["synthesize", "CSV"], 2, "--output"),
        (["no-such-command"], 2, "no-such-command"),
    ],
)
def test_each_outcome_has_its_exit_code_and_one_message_on_stderr(csv, args, code, says, tmp_path, monkeypatch):
    """No traceback, nothing on stdout, nothing left behind."""
    monkeypatch.chdir(tmp_path)
    result = invoke(*(str(csv) if arg == "CSV" else arg for arg in args))
    assert result.exit_code == code, result.stderr
    assert says in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr
    assert result.stdout == "" or args[0] == "evaluate"
    assert list(tmp_path.iterdir()) == []


def test_no_arguments_show_the_help_and_end_with_two():
    """As other commands do."""
    result = invoke()
    assert result.exit_code == 2
    assert "synthesize" in result.stdout + result.stderr


def test_an_unforeseen_error_shows_no_cell_of_the_data(csv, monkeypatch):
    """Its text may quote a cell; --debug shows it to whoever asks."""

    def broken(*args: object, **options: object) -> None:
        raise ValueError("could not convert 'Alice Smith'")

    monkeypatch.setattr(pipeline, "profile", broken)
    result = invoke("profile", csv)
    assert result.exit_code == 1
    assert "Internal error (ValueError)" in result.stderr
    assert "Alice" not in result.stderr
    assert "Alice" in invoke("--debug", "profile", csv).stderr


def test_version_is_told():
    """… on stdout."""
    assert invoke("--version").stdout.startswith("smartsynth 0.")


def test_a_closed_pipe_ends_the_command_quietly(csv):
    """`smartsynth … -o - | head -1` leaves no complaint."""
    code = f"{sys.executable} -m smartsynth synthesize {csv} -o - -n 60000 --no-filter {' '.join(FAST)} -q | head -1"
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {code}"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "age,city,spent,churned\n"


def on_a_terminal(args: list[str], until: bytes = b"", **environment: str) -> tuple[int, bytes]:
    """Exit code, and what a terminal sees on stderr; Ctrl-C is sent as soon as it sees `until`."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "OMP_NUM_THREADS": "1", **environment}
    command = [sys.executable, "-m", "smartsynth", *args]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower, env=environment) as process:
        os.close(follower)
        seen = b""
        with contextlib.suppress(OSError):  # raised when the terminal is closed
            while part := os.read(leader, 65536):
                seen += part
                if until and until in seen:
                    process.send_signal(signal.SIGINT)
                    until = b""
    os.close(leader)
    return process.returncode, seen


def test_ctrl_c_stops_cleanly_and_leaves_nothing(csv, tmp_path):
    """The step at hand ends, then the command does, with code 130 and no file."""
    args = ["synthesize", str(csv), "-o", str(tmp_path / "s.csv"), "--save", str(tmp_path / "model"), *FAST]
    code, seen = on_a_terminal([*args, "--no-filter", "-n", "50000000"], until=b"Sample")
    assert code == 130, seen
    assert b"Nothing was kept" in seen
    assert b"Traceback" not in seen
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_sees_a_progress_bar_in_colour_unless_no_color_is_set(csv):
    """The bar names a stage; NO_COLOR leaves the bar and takes the colours."""
    code, seen = on_a_terminal(["synthesize", str(csv), "-o", "-", *FAST])
    assert code == 0
    assert any(stage.encode() in seen for stage in pipeline.WEIGHTS)
    assert b"%" in seen
    assert b"\x1b[3" in seen
    assert b"\x1b[3" not in on_a_terminal(["synthesize", str(csv), "-o", "-", *FAST], NO_COLOR="1")[1]


def test_json_is_one_object_and_nothing_else(csv):
    """A program can parse stdout as it is."""
    assert json.loads(invoke("profile", csv, "--json").stdout)["rows"] == 300


def test_names_from_the_data_cannot_disturb_the_terminal(tmp_path):
    """A column name with markup or an escape sequence is shown as text."""
    (tmp_path / "odd.csv").write_text('"[red]x[/red]","y\x1b[2J"\n' + "".join(f"{i},{i % 7}\n" for i in range(40)))
    result = invoke("profile", tmp_path / "odd.csv")
    assert result.exit_code == 0, result.stderr
    assert "[red]x[/red]" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr


def test_names_in_notes_stand_as_they_are(tmp_path):
    """Markup means nothing, neither in lines nor in tables, and no backslash is put before it; signs between colons stay."""
    (tmp_path / "odd.csv").write_text('"a [bold]","x"\n' + "".join(f"{i % 5},{i % 7}\n" for i in range(40)))
    (tmp_path / "schema.yaml").write_text("rules: ['`a [bold]` < 3', '`a [bold]` > 2']\n")
    told = invoke("schema", "check", tmp_path / "schema.yaml", tmp_path / "odd.csv")
    assert "`a [bold]` < 3" in told.stdout
    rules = ("--rule", "`a [bold]` <= 2 or x >= 0", "--rule", "`a [bold]` < 3")
    made = invoke("synthesize", tmp_path / "odd.csv", "-o", tmp_path / "m.csv", *FAST, "--no-filter", *rules)
    assert made.exit_code == 0, made.stderr
    assert "Rule `a [bold]` < 3" in made.stderr
    assert "\\" not in told.stdout + told.stderr + made.stderr
