"""The same run as Python and as a command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any


def python(config: Mapping[str, Any], file: str, rows: str = "synthetic.csv") -> str:
    """The run as a script of the library that writes its rows to a file `rows`."""
    given = ", ".join([repr(file), *(f"{name}={value!r}" for name, value in config.items())])
    call = f"result = ss.synthesize({given})"
    if len(call) > 100:
        lines = "".join(f"    {name}={value!r},\n" for name, value in config.items())
        call = f"result = ss.synthesize(\n    {file!r},\n{lines})"
    return (
        f"import smartsynth as ss\n\n{call}\n"
        f'result.export("{rows}")\nresult.report("report.html")\nresult.save("model")\n'
    )


def shell(config: Mapping[str, Any], file: str, rows: str = "synthetic.csv") -> str:
    """The run as a command; settings without an option of their own come from run.yaml."""
    parts = ["smartsynth", "synthesize", file, "-o", rows, "--report", "report.html", "--save", "model"]
    options = {"rows": "--rows", "seed": "--seed", "target": "--target", "balance": "--balance"}
    options |= {"entity": "--entity", "time": "--time", "window": "--window"}
    rest = {name: value for name, value in config.items() if name not in options}
    if rest:
        parts += ["--config", "run.yaml"]
    else:
        for name, option in options.items():
            if config.get(name) is not None:
                parts += [option, str(config[name])]
    return shlex.join(parts)
