"""The library's verbs on a server: the same calls, the same values back, the work done elsewhere.

>>> client = Client("http://127.0.0.1:8501")  # doctest: +SKIP
>>> result = client.synthesize("patients.csv", target="outcome", seed=1)  # doctest: +SKIP
>>> result.export("synthetic.csv")  # doctest: +SKIP
"""

from __future__ import annotations

import io
import json
import os
import secrets
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from smartsynth import atomic
from smartsynth.config import RunConfig
from smartsynth.errors import (
    Cancelled,
    ConfigError,
    DataError,
    MissingExtraError,
    ModelFormatError,
    NotFittedError,
    PrivacyError,
    SmartSynthError,
)  # fmt: skip
from smartsynth.facts import Evaluation, Profile, from_json
from smartsynth.progress import Note, Progress, silent

if TYPE_CHECKING:
    import httpx
    import pandas as pd

T = TypeVar("T")
PREFIX = "/api/v1"
PART_BYTES = 8 * 1024**2
"""Larger files are sent in parts of this size, and a part that got lost is sent again."""
MOST_TRIES = 6
_KINDS: dict[str, type[SmartSynthError]] = {
    "bad-config": ConfigError, "bad-request": ConfigError, "unusable-data": DataError, "unusable-model": ModelFormatError,
    "privacy": PrivacyError, "not-fitted": NotFittedError, "cancelled": Cancelled,
}  # fmt: skip


class ServiceError(SmartSynthError):
    """The server refused, or could not do, what was asked for.

    Args:
        kind: Type of the problem, such as `no-key` or `too-many`.
        detail: What happened, in sentences.
    """

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        super().__init__(detail)


class Client:
    """A server of SmartSynth.

    Args:
        url: Its address, such as `https://synth.example.org`.
        key: API key; SMARTSYNTH_API_KEY if not given. A server on this machine may need none.
        timeout: Seconds to wait for an answer.

    Raises:
        MissingExtraError: httpx is not installed.
        ConfigError: `url` is no address, or a key would be sent over a line that anybody can read.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 60.0) -> None:
        try:
            import httpx
        except ImportError:
            raise MissingExtraError("The client", "client") from None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"url={url!r} must begin with http:// or https://.")
        key = key or os.environ.get("SMARTSYNTH_API_KEY")
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if key and parts.scheme == "http" and not here and not os.environ.get("SMARTSYNTH_ALLOW_HTTP"):
            raise ConfigError(
                f"url={url!r} would send the key and the data over a line that anybody can read. Use https://, or set "
                "SMARTSYNTH_ALLOW_HTTP=1 in a network that you trust."
            )
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def generators(self) -> list[dict[str, Any]]:
        """The generators of the server, and what each is for."""
        return list(self._get(f"{PREFIX}/generators"))

    def profile(self, data: Any, *, progress: Progress | None = None, **settings: Any) -> Profile:
        """What a data set looks like; as `smartsynth.profile`."""
        with self._uploaded(data) as dataset:
            job = self._done("profiles", {"dataset": dataset, "config": _config(settings)}, progress)
            found = from_json(Profile, self._get(job["links"]["profile"]))
            self._delete(job["links"]["self"])
        return found

    def synthesize(
        self,
        data: Any,
        *,
        config: RunConfig | Mapping[str, Any] | str | Path | None = None,
        holdout: Any = None,
        progress: Progress | None = None,
        keep: bool = False,
        **settings: Any,
    ) -> RemoteResult:
        """Rows like the real ones that are nobody's, with the evidence beside them; as `smartsynth.synthesize`.

        Args:
            data: Path, bytes, or a pandas, polars or Arrow table.
            config: Settings, or a YAML file of them.
            holdout: Real rows that nothing is learnt from.
            progress: Called with the share done; if it raises, the work on the server is cancelled.
            keep: Leave the real data on the server.
            settings: Fields of RunConfig that win over `config`.

        Raises:
            DataError, ConfigError, PrivacyError: As `smartsynth.synthesize`.
            ServiceError: The server refused, or does not answer.
        """
        with self._uploaded(data, keep=keep) as dataset, self._uploaded(holdout, keep=keep) as unseen:
            asked = {"dataset": dataset, "holdout": unseen, "config": _config(settings, config)}
            return RemoteResult(self, self._done("models", asked, progress))

    def sample(
        self,
        model: str | RemoteResult,
        n: int | None = None,
        *,
        where: Mapping[str, Any] | Sequence[str] | None = None,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> RemoteRows:
        """Rows of a model of the server, any number of them; as `smartsynth.resample`."""
        id = model if isinstance(model, str) else model.id
        given = dict(where) if isinstance(where, Mapping) else None if where is None else list(where)
        asked = {"model": id, "rows": n, "where": given, "seed": seed}
        return RemoteRows(self, self._done("generations", asked, progress))

    def continue_(
        self,
        model: str | RemoteResult,
        known: Any,
        horizon: int = 24,
        *,
        paths: int = 1,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> RemoteRows:
        """Rows that may follow known ones, of a model of a time series; as `continued` of a loaded model.

        Args:
            model: A model of the server, or its id.
            known: Rows of each entity, or of the series, as for `synthesize`.
            horizon: Rows to add to each entity, at most.
            paths: Continuations of each; with more than 1 the column `path` counts them.
            seed: Same seed, same rows. Drawn if not given.
            progress: Called with the share done; if it raises, the work on the server is cancelled.
        """
        id = model if isinstance(model, str) else model.id
        with self._uploaded(known) as dataset:
            asked = {"model": id, "known": dataset, "horizon": horizon, "paths": paths, "seed": seed}
            return RemoteRows(self, self._done("continuations", asked, progress))

    def evaluate(
        self, real: Any, synthetic: Any, *, holdout: Any = None, progress: Progress | None = None, **settings: Any
    ) -> Evaluation:
        """Every score of synthetic rows beside its yardstick; as `smartsynth.evaluate`."""
        with self._uploaded(real) as one, self._uploaded(synthetic) as two, self._uploaded(holdout) as three:
            asked = {"dataset": one, "synthetic": two, "holdout": three, "config": _config(settings)}
            job = self._done("evaluations", asked, progress)
            found = from_json(Evaluation, self._get(job["links"]["scores"]))
            self._delete(job["links"]["self"])
        return found

    def _uploaded(self, data: Any, *, keep: bool = False) -> _Upload:
        return _Upload(self, data, keep)

    def _done(self, kind: str, asked: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
        """Ask for work and wait until it has succeeded."""
        body = {name: value for name, value in asked.items() if value is not None}
        once = {"Idempotency-Key": secrets.token_hex(16)}
        job: dict[str, Any] = self._answer("POST", f"{PREFIX}/{kind}", json=body, headers=once).json()
        report, pause = progress or silent, 0.1
        try:
            while job["state"] in ("queued", "running"):
                report(job["progress"], self._told(job))
                time.sleep(pause)
                pause = min(1.5 * pause, 2.0)
                job = self._get(job["links"]["self"])
        except BaseException:
            self._answer("POST", job["links"]["job"] + "/cancel", refused=(409,))
            raise
        if job["state"] != "succeeded":
            problem = job["problem"] or {}
            raise _error(str(problem.get("type", "")), str(problem.get("detail", f"The work is {job['state']}.")))
        report(1.0, job["message"])
        return job

    def _told(self, job: Mapping[str, Any]) -> Note:
        """What a job says of itself, with its newest figures; its picture is asked for by who looks at it."""
        figures = {name: line[-1][1] for name, line in job["figures"].items()}
        link = job["links"].get("preview")
        return Note(
            job["message"], figures, None if link is None else lambda: self._answer("GET", link).content or None
        )

    def _get(self, path: str) -> Any:
        return self._answer("GET", path).json()

    def _delete(self, path: str) -> int:
        return self._answer("DELETE", path, refused=(404, 409, 410)).status_code

    def _answer(
        self,
        method: str,
        path: str,
        *,
        refused: Sequence[int] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """An answer that is no problem, asked for again where the network or the server fails for a moment."""
        import httpx

        once = {"Idempotency-Key": secrets.token_hex(16)} if method == "POST" else {}
        pause = 0.2
        for left in range(MOST_TRIES - 1, -1, -1):
            try:
                answer = self._http.request(method, path, headers={**once, **(headers or {})}, **more)
            except httpx.TransportError as error:
                if not left:
                    text = f"{self._http.base_url} does not answer ({type(error).__name__})."
                    raise ServiceError("unavailable", text) from None
            else:
                if answer.status_code < 400 or answer.status_code in refused:
                    return answer
                if answer.status_code not in (429, 503) or not left:
                    raise _problem(answer)
                pause = max(pause, float(answer.headers.get("Retry-After", 0)))
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
        raise AssertionError("the last try ends in an answer or an error")

    def _stream(self, path: str, to: io.BufferedIOBase, accept: str) -> None:
        with self._http.stream("GET", path, headers={"Accept": accept}) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise _problem(answer)
            for chunk in answer.iter_bytes(1 << 20):
                to.write(chunk)


@dataclass(frozen=True, slots=True, repr=False)
class RemoteRows:
    """Synthetic rows on a server.

    Args:
        client: The server.
        job: What it says about them.
    """

    client: Client
    job: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Their name on the server."""
        return str(self.job["id"])

    @property
    def data(self) -> pd.DataFrame:
        """The rows as a pandas table."""
        import pandas as pd

        with tempfile.TemporaryFile() as file:
            self.client._stream(self.job["links"]["data"], file, "application/vnd.apache.parquet")
            file.seek(0)
            return pd.read_parquet(file)

    @property
    def manifest(self) -> dict[str, Any]:
        """How they came about."""
        return dict(self.client._get(self.job["links"]["manifest"]))

    def export(self, path: str | Path) -> Path:
        """Write the rows: CSV, JSON, JSON lines or Parquet, as the path ends; with images zip, Parquet, JSON or JSON lines."""
        path = Path(path)
        formats = {
            ".csv": "text/csv", ".json": "application/json", ".jsonl": "application/x-ndjson",
            ".parquet": "application/vnd.apache.parquet", ".zip": "application/zip",
        }  # fmt: skip
        if path.suffix not in formats:
            raise ConfigError(
                f"{path.name}: the suffix {path.suffix!r} names no format. Use one of {', '.join(formats)}."
            )
        return self._write(path, self.job["links"]["data"], formats[path.suffix])

    def delete(self) -> None:
        """Delete them on the server."""
        self.client._delete(self.job["links"]["self"])

    def _write(self, path: Path, link: str, accept: str) -> Path:
        """Write a whole file or nothing."""
        with atomic.file(path) as file:
            self.client._stream(link, file, accept)
        return path

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.id} on {self.client._http.base_url}>"


class RemoteResult(RemoteRows):
    """A model on a server, with rows that passed the privacy filter and the evidence about them."""

    __slots__ = ()

    @property
    def evaluation(self) -> Evaluation:
        """Every score beside its yardstick."""
        return from_json(Evaluation, self.client._get(self.job["links"]["scores"]))

    def report(self, path: str | Path) -> Path:
        """Write the evidence as one HTML file."""
        return self._write(Path(path), self.job["links"]["report"], "text/html")

    def save(self, folder: str | Path) -> Path:
        """Write the model into a folder, for `smartsynth.resample`. It holds no real row."""
        folder = Path(folder)
        if folder.exists() and not (folder / "model.json").is_file():
            raise ConfigError(f"folder={str(folder)!r} exists and is not a saved model. Name another folder.")
        with atomic.folder(folder) as work, tempfile.TemporaryFile() as file:
            self.client._stream(self.job["links"]["archive"], file, "application/zip")
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    name = Path(member.filename).name
                    if name != member.filename:
                        raise ModelFormatError("The server's model holds a path, and a saved model holds none.")
                    (work / name).write_bytes(archive.read(member))
        return folder

    def sample(self, n: int | None = None, **how: Any) -> RemoteRows:
        """Rows of the model; as `Client.sample`."""
        return self.client.sample(self, n, **how)

    def continue_(self, known: Any, horizon: int = 24, **how: Any) -> RemoteRows:
        """Rows that may follow known ones; as `Client.continue_`."""
        return self.client.continue_(self, known, horizon, **how)


class _Upload:
    """A data set on the server for as long as it is needed there."""

    def __init__(self, client: Client, data: Any, keep: bool) -> None:
        self._client, self._data, self._keep = client, data, keep
        self._id: str | None = None

    def __enter__(self) -> str | None:
        if self._data is None:
            return None
        name, content = _content(self._data)
        with content:
            self._id = self._send(name, content)
        return self._id

    def __exit__(self, *_: object) -> None:
        if self._id is None or self._keep:
            return
        until = time.monotonic() + 10.0
        while self._client._delete(f"{PREFIX}/datasets/{self._id}") == 409 and time.monotonic() < until:
            time.sleep(0.2)  # a job that was cancelled has not ended yet

    def _send(self, name: str, content: Any) -> str:
        first = content.read(PART_BYTES)
        rest = content.read(PART_BYTES) if len(first) == PART_BYTES else b""
        if not rest:
            made = self._client._answer(
                "POST", f"{PREFIX}/datasets", params={"name": name}, content=first,
                headers={"Content-Type": "application/octet-stream"},
            )  # fmt: skip
            return str(made.json()["id"])
        id = str(self._client._answer("POST", f"{PREFIX}/datasets/partial", json={"name": name}).json()["id"])
        self._id = id
        for number, part in enumerate(_parts(first, rest, content), 1):
            self._client._answer("PUT", f"{PREFIX}/datasets/{id}/parts/{number}", content=part)
        self._client._answer("POST", f"{PREFIX}/datasets/{id}/complete")
        return id


def _parts(first: bytes, second: bytes, content: Any) -> Iterator[bytes]:
    yield first
    yield second
    while part := content.read(PART_BYTES):
        yield part


def _content(data: Any) -> tuple[str, Any]:
    """The name and the bytes of what is to be sent."""
    if isinstance(data, str | Path):
        path = Path(data)
        if not path.is_file():
            raise DataError(f"{path} is not a file. Check the path.")
        return path.name, path.open("rb")
    if isinstance(data, bytes | bytearray | memoryview):
        return "memory", io.BytesIO(bytes(data))
    from smartsynth import export, ingest

    read = ingest.read(data)
    return "memory.parquet", io.BytesIO(export.to_bytes(read, format="parquet"))


def _config(
    settings: Mapping[str, Any], config: RunConfig | Mapping[str, Any] | str | Path | None = None
) -> dict[str, Any]:
    """Settings as the server takes them, checked before anything is sent."""
    from smartsynth.pipeline import settled

    return settled(config, settings).model_dump(mode="json", exclude_unset=True)


def _problem(answer: httpx.Response) -> SmartSynthError:
    try:
        body = answer.json()
        return _error(str(body["type"]), str(body["detail"]))
    except (json.JSONDecodeError, KeyError, TypeError):
        return ServiceError("internal", f"The server answered with status {answer.status_code} and no explanation.")


def _error(kind: str, detail: str) -> SmartSynthError:
    name = kind.rpartition("/")[2]
    known = _KINDS.get(name)
    return ServiceError(name, detail) if known is None else known(detail)
