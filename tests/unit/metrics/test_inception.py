"""What Inception's points promise: the published network, the published weights and no others."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from smartsynth.errors import ConfigError  # noqa: E402
from smartsynth.metrics import image_features, inception  # noqa: E402


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = inception.build().eval()
    for module in made.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return made


def test_the_network_is_the_published_one(network):
    """As many weights as Keras counts without the last layer, 21,768,352, and the scales of normalisation that it leaves out."""
    weights = dict(network.named_parameters())
    scales = sum(w.numel() for name, w in weights.items() if name.endswith("bn.weight"))
    assert sum(w.numel() for w in weights.values()) - scales == 21_768_352
    assert scales == 17_216
    assert len(weights) == 94 * 3
    assert tuple(weights["Mixed_7c.branch3x3dbl_3b.conv.weight"].shape) == (384, 384, 3, 1)
    assert tuple(weights["Mixed_6b.branch7x7dbl_5.conv.weight"].shape) == (192, 128, 1, 7)


def test_blocks_have_the_published_sizes(network):
    seen = {}
    hooks = [
        module.register_forward_hook(lambda _, __, out, name=name: seen.update({name: tuple(out.shape[1:])}))
        for name, module in network.named_children()
    ]
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 299, 299)).shape == (1, 2048)
    for hook in hooks:
        hook.remove()
    assert seen["Conv2d_4a_3x3"] == (192, 71, 71)
    assert seen["Mixed_5d"] == (288, 35, 35)
    assert seen["Mixed_6e"] == (768, 17, 17)
    assert seen["Mixed_7a"] == (1280, 8, 8)
    assert seen["Mixed_7c"] == (2048, 8, 8)


def test_weights_are_used_where_they_are(network, tmp_path, monkeypatch):
    import hashlib

    place = tmp_path / "hub" / "checkpoints" / inception.FILE
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv(inception.PLACE, raising=False)
    assert not image_features.has_inception()
    place.parent.mkdir(parents=True)
    torch.save({**network.state_dict(), "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}, place)
    assert isinstance(image_features.embedder(), image_features.Inception)
    with pytest.raises(ConfigError, match="its SHA-256 begins with"):
        image_features.embedder()(np.zeros((1, 8, 8, 1), np.uint8))
    monkeypatch.setattr(inception, "DIGEST", hashlib.sha256(place.read_bytes()).hexdigest()[:8])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 20, 16, 1), dtype=np.uint8)
    found = image_features.embedder()(pixels)
    same = image_features.embedder()(np.repeat(pixels, 3, axis=3))
    assert found.shape == (2, 2048)
    assert np.allclose(found, same, rtol=1e-3)
    assert np.abs(found[0] - found[1]).mean() > 0.01 * found.mean() > 0


def test_the_report_says_by_what_images_were_compared():
    from smartsynth.utils.image_evaluator import _limits

    said = {
        how: " ".join(_limits([], [], how)) for how in (image_features.Inception.name, image_features.Outlines.name)
    }
    assert "Images were compared by the network Inception-v3." in said[image_features.Inception.name]
    assert "not those of Inception's features" in said[image_features.Outlines.name]


def test_a_file_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv(inception.PLACE, "/nowhere/weights.pth")
    with pytest.raises(ConfigError, match=r"/nowhere/weights\.pth.*no such file"):
        image_features.embedder()
