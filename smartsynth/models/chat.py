"""Who writes records on request: an endpoint of the OpenAI protocol, or a language model of this machine that follows instructions.

    Request    messages, the JSON schema that the answer must have, and a seed
    Endpoint   many requests at once; waits where it is told to, tries again, counts tokens and money, asks nothing twice
    Local      the same by a model of the hub, a folder or `smollm2`; a grammar keeps its answers to the schema

Neither an error nor a log ever holds a message or an answer.
"""

from __future__ import annotations

import hashlib
import importlib.util
import ipaddress
import json
import os
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import numpy as np

from smartsynth.errors import ConfigError, MissingExtraError, SmartSynthError
from smartsynth.models.language_model import LanguageModel, cleaned
from smartsynth.models.text_sampling import Piece, Script, Style, json_grammar, write
from smartsynth.progress import Progress, silent

ENDPOINTS = "SMARTSYNTH_ENDPOINTS"
"""Variable of the environment that names the addresses that are trusted whoever chose them."""
KEY, OPENAI_KEY, OPENAI = "SMARTSYNTH_ENDPOINT_KEY", "OPENAI_API_KEY", "api.openai.com"
"""Variables of the environment that hold the key of an endpoint, which is never saved; the second one's is sent to OpenAI alone."""
LETTERS_PER_TOKEN = 4.0
"""Of English, about; for estimates alone."""
FORMS = ("json_schema", "json_object", "text")
"""How an endpoint is asked for JSON; one that refuses a form is asked in the next."""
SECONDS = 120.0


class Request(NamedTuple):
    """What is asked.

    messages     role and content, in order
    shape        JSON schema of the answer
    most_tokens  of the answer
    seed         another one gives another answer
    """

    messages: tuple[tuple[str, str], ...]
    shape: Mapping[str, Any]
    most_tokens: int
    seed: int


@dataclass(slots=True)
class Usage:
    """What was asked so far.

    Args:
        requests: Answered by the endpoint or model.
        known: Answered from the cache.
        read, written: Tokens, as the endpoint counts them.
        cost: In the currency of the prices.
    """

    requests: int = 0
    known: int = 0
    read: int = 0
    written: int = 0
    cost: float = 0.0


class Chat(Protocol):
    """Answers requests."""

    usage: Usage

    def answer(self, requests: Sequence[Request], progress: Progress = silent, /) -> list[Any]:
        """The JSON value of each answer; None where it is none."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How an endpoint may be used.

    Args:
        temperature, top_p: How freely it writes.
        workers: Requests at the same time.
        per_minute: Most requests a minute; None leaves it to the endpoint to say so.
        retries: How often a request that failed is sent again.
        prices: For a million tokens, read and written.
        most_cost: No request is sent that could go beyond it.
        cache: Folder in which answers are kept.
    """

    temperature: float = 1.0
    top_p: float = 0.95
    workers: int = 4
    per_minute: float | None = None
    retries: int = 5
    prices: tuple[float, float] = (0.0, 0.0)
    most_cost: float | None = None
    cache: str | None = None


def is_here(url: str) -> bool:
    """Whether an endpoint is on this machine.

    >>> is_here("http://localhost:8000/v1"), is_here("https://api.example.org/v1")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(url: str) -> None:
    """ConfigError if this is no address of an endpoint, or holds a password."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"endpoint={url!r} must be an address such as http://localhost:8000/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"endpoint: an address must not hold a password or a query. Set the variable {KEY} instead.")


def estimate(requests: Sequence[Request], words: float, prices: tuple[float, float]) -> Usage:
    """About what requests will take, if an answer has so many words."""
    read = round(sum(len(content) for r in requests for _, content in r.messages) / LETTERS_PER_TOKEN)
    written = round(len(requests) * (1.5 * words + 10))
    return Usage(len(requests), 0, read, written, (read * prices[0] + written * prices[1]) / 1e6)


def check_vouched_for(url: str) -> None:
    """ConfigError if an address that a saved model names is neither on this machine nor in SMARTSYNTH_ENDPOINTS.

    Whoever wrote the model chose the address, and would be sent the key.
    """
    if not is_here(url) and url not in os.environ.get(ENDPOINTS, "").replace(",", " ").split():
        raise ConfigError(
            f"endpoint={url!r} was named by whoever saved this model, and prompts and {KEY} would be sent there. If you trust it, set "
            f"{ENDPOINTS}={url}."
        )


class Endpoint:
    """An endpoint of the OpenAI protocol.

    Args:
        url: Such as https://api.openai.com/v1 or http://localhost:11434/v1.
        model: A model that it has.
        terms: How it may be used.

    Raises:
        ConfigError: The address is none, or holds a password.
        MissingExtraError: The package `openai` is not installed.
    """

    def __init__(self, url: str, model: str, terms: Terms) -> None:
        if importlib.util.find_spec("openai") is None:
            raise MissingExtraError("Asking an endpoint", "text")
        check_address(url)
        import openai

        self.url, self.model, self.terms, self.usage = url, model, terms, Usage()
        key = (
            os.environ.get(KEY) or (os.environ.get(OPENAI_KEY) if urlsplit(url).hostname == OPENAI else None) or "none"
        )
        if key != "none" and urlsplit(url).scheme == "http" and not is_here(url):
            raise ConfigError(
                f"endpoint={url!r} is on another machine, and http would show {KEY} on the way. Use https."
            )
        direct = openai.DefaultHttpxClient(follow_redirects=False, trust_env=not is_here(url))
        self._client = openai.OpenAI(
            base_url=url, api_key=key, max_retries=terms.retries, timeout=SECONDS, http_client=direct
        )
        self._lock, self._next, self._form = threading.Lock(), 0.0, 0
        self._pending = 0.0
        self._known = _Answers(terms.cache)

    def answer(self, requests: Sequence[Request], progress: Progress = silent, /) -> list[Any]:
        """The JSON value of each answer; None where it is none.

        Raises:
            ConfigError: The endpoint knows no such model, takes no such key, or cannot be reached.
            SmartSynthError: The endpoint keeps failing, or the next request could cost too much. What was answered is kept.
        """
        found: list[Any] = [None] * len(requests)
        with ThreadPoolExecutor(self.terms.workers) as pool:
            jobs = {pool.submit(self._one, request): i for i, request in enumerate(requests)}
            try:
                for done, job in enumerate(as_completed(jobs), 1):
                    found[jobs[job]] = _value(job.result())
                    progress(done / len(requests), "Asking for texts")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return found

    def _one(self, request: Request) -> str:
        """The answer to one request."""
        key = _key(self.url, self.model, self.terms.temperature, self.terms.top_p, request)
        known = self._known.find(key)
        if known is not None:
            with self._lock:
                self.usage.known += 1
            return known
        most, answer = self._reserve(request), None
        try:
            self._wait()
            answer = self._sent(request)
        finally:
            self._count(answer, most)
        text = answer.choices[0].message.content or ""
        self._known.keep(key, text)
        return text

    def _reserve(self, request: Request) -> float:
        """What the request can cost at most, after a look at whether that is allowed."""
        prices = self.terms.prices
        told = json.dumps([request.messages, request.shape], ensure_ascii=False)  # a token has at least one byte
        most = (len(told.encode()) * prices[0] + request.most_tokens * prices[1]) / 1e6
        with self._lock:
            limit = self.terms.most_cost
            if limit is not None and self.usage.cost + self._pending + most > limit:
                raise SmartSynthError(
                    f"Stopped before a request that could go beyond most_cost={limit:g}: {self.usage.requests:,} requests have cost "
                    f"{self.usage.cost:.4g} so far. Raise most_cost and run again; answers in a cache are not asked for twice."
                )
            self._pending += most
        return most

    def _wait(self) -> None:
        """Until the next request is allowed."""
        if self.terms.per_minute is None:
            return
        with self._lock:
            now = time.monotonic()
            at = max(self._next, now)
            self._next = at + 60 / self.terms.per_minute
        time.sleep(at - now)

    def _sent(self, request: Request) -> Any:
        import openai

        messages: Any = [{"role": role, "content": content} for role, content in request.messages]
        while True:
            form = self._form
            try:
                return self._client.chat.completions.create(
                    model=self.model, messages=messages,
                    temperature=self.terms.temperature, top_p=self.terms.top_p, max_tokens=request.most_tokens, seed=request.seed,
                    **_form(FORMS[form], request.shape),
                )  # fmt: skip
            except openai.BadRequestError as error:
                if form + 1 == len(FORMS):
                    raise self._failed(error) from None
                self._form = max(self._form, form + 1)
            except openai.OpenAIError as error:
                raise self._failed(error) from None

    def _failed(self, error: Exception) -> SmartSynthError:
        """What went wrong, without what was sent."""
        import openai

        where = f"endpoint={self.url!r}"
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return ConfigError(f"{where} does not take the key. Set the variable {KEY} to one that it knows.")
        if isinstance(error, openai.NotFoundError):
            return ConfigError(f"{where} has no model {self.model!r}, or the address lacks its end, such as /v1.")
        if isinstance(error, openai.APIConnectionError):
            return ConfigError(f"{where} cannot be reached. Start the server, or mend the address.")
        status = f" (status {error.status_code})" if isinstance(error, openai.APIStatusError) else ""
        return SmartSynthError(
            f"{where} answered with an error{status} after {self.terms.retries} retries. Try again later, or with fewer workers or "
            "per_minute; answers in a cache are not asked for twice."
        )

    def _count(self, answer: Any, reserved: float) -> None:
        """What an answer took, in place of what was reserved for it; nothing if there was none."""
        with self._lock:
            self._pending -= reserved
            if answer is None:
                return
            self.usage.requests += 1
            usage = answer.usage
            if usage is not None:
                read, written = int(usage.prompt_tokens or 0), int(usage.completion_tokens or 0)
                self.usage.read += read
                self.usage.written += written
                self.usage.cost += (read * self.terms.prices[0] + written * self.terms.prices[1]) / 1e6


def _form(form: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """How the protocol asks for JSON."""
    if form == "json_schema":
        return {"response_format": {"type": form, "json_schema": {"name": "record", "schema": shape, "strict": True}}}
    return {"response_format": {"type": form}} if form == "json_object" else {}


def _value(text: str) -> Any:
    """The JSON object of an answer, also if something stands around it."""
    begin, end = text.find("{"), text.rfind("}")
    try:
        return _clean(json.loads(text[begin : end + 1])) if 0 <= begin < end else None
    except ValueError:
        return None


def _clean(value: Any) -> Any:
    """A JSON value without characters that no text needs."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return {name: _clean(one) for name, one in value.items()} if isinstance(value, dict) else value


def _key(url: str, model: str, temperature: float, top_p: float, request: Request) -> str:
    told = json.dumps(
        [url, model, temperature, top_p, request.messages, request.shape, request.most_tokens, request.seed]
    )
    return hashlib.sha256(told.encode()).hexdigest()


class _Answers:
    """Answers by the hash of what was asked; in a file if there is a folder for it, which nobody else can read."""

    def __init__(self, folder: str | None) -> None:
        self._lock = threading.Lock()
        path = ":memory:"
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            file = Path(folder) / "answers.sqlite"
            file.touch(mode=0o600)
            path = str(file)
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._base.execute("CREATE TABLE IF NOT EXISTS answers (asked TEXT PRIMARY KEY, answer TEXT NOT NULL)")

    def find(self, key: str) -> str | None:
        with self._lock:
            row = self._base.execute("SELECT answer FROM answers WHERE asked = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def keep(self, key: str, answer: str) -> None:
        with self._lock:
            self._base.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))


@dataclass(slots=True)
class Local:
    """A language model of this machine that follows instructions.

    Args:
        name: Of the model, see language_model.py.
        style: How freely it writes.

    Raises:
        ConfigError: The model was not made to follow instructions.
    """

    name: str
    style: Style
    usage: Usage = field(default_factory=Usage)
    _model: LanguageModel | None = None

    def answer(self, requests: Sequence[Request], progress: Progress = silent, /) -> list[Any]:
        """The JSON value of each answer; None where it was too long."""
        model = self._opened()
        rngs = [np.random.default_rng(request.seed) for request in requests]
        answers: list[str] = write(
            model, [self._script(model, r) for r in requests], rngs, self.style, progress=progress
        )
        self.usage.requests += len(requests)
        return [_value(answer) for answer in answers]

    def _script(self, model: LanguageModel, request: Request) -> Script:
        told = [{"role": role, "content": content} for role, content in request.messages]
        ids = model.tokenizer.apply_chat_template(told, add_generation_prompt=True, return_dict=False)
        if len(ids) + request.most_tokens > model.length:
            raise ConfigError(
                f"model={self.name!r} reads {model.length:,} tokens at most, and a request with its answer has "
                f"{len(ids) + request.most_tokens:,}. Show fewer examples (shots), or use another model."
            )
        written = yield Piece(list(ids), request.most_tokens, grammar=json_grammar(dict(request.shape)))
        self.usage.read += len(ids)
        self.usage.written += len(model.ids(written.text))
        return written.text

    def _opened(self) -> LanguageModel:
        if self._model is None:
            model = LanguageModel.open(self.name)
            if not getattr(model.tokenizer, "chat_template", None):
                raise ConfigError(
                    f"model={self.name!r} was not made to follow instructions: it has no chat template. Use `smollm2`, another "
                    "instruct model, or an endpoint."
                )
            self._model = model.ready()
        return self._model
