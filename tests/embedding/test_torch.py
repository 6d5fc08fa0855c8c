"""`ladle.torch.score_and_embed` beside a plain loop of PyTorch."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from ladle.errors import (
    ArgumentError,
    IdError,
    MemoryPlanError,
    MismatchError,
    MissingDependencyError,
    NonFiniteError,
    ShapeError,
)

pytestmark = pytest.mark.long

torch = pytest.importorskip("torch")  # brought by `make test-long`
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, WeightedRandomSampler  # noqa: E402

import ladle.torch  # noqa: E402

N, BATCH = 90, 8


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


IMAGES = torch.randn(N, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def network():
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        *(nn.Linear(8, 12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, 5)),
    )


class Named(nn.Module):
    """A network in the form of torchvision's, with a last layer `fc`."""

    def __init__(self):
        super().__init__()
        self.body = network()[:8]
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        return self.fc(self.body(x))


class WithIds(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, row):
        return {"x": IMAGES[row], "ids": f"im-{row}", "label": row % 5}


def loader(**options):
    return DataLoader(TensorDataset(IMAGES, torch.zeros(N)), batch_size=BATCH, **options)


def truth(model, upto):
    model.eval()
    with torch.no_grad():
        parts = [(model(part), upto(part)) for part in IMAGES.split(BATCH)]
    return torch.cat([each for each, _ in parts]).numpy(), torch.cat([each for _, each in parts]).numpy()


def run(model, given, out, **options):
    return ladle.torch.score_and_embed(model, given, out=out, **{"shard_rows": 20, **options})


@pytest.mark.parametrize("make", [network, Named])
def test_the_vectors_are_those_of_a_plain_loop(tmp_path, make):
    model = make()
    model.train()
    model[0].requires_grad_(False) if make is network else None
    made = run(model, loader(), tmp_path / "pool")
    assert all(module.training for module in model.modules())  # as it was
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    outputs, vectors = truth(model, model[:8] if make is network else model.body)
    np.testing.assert_allclose(made.open().embeddings(), vectors, rtol=1e-5, atol=1e-6)
    P = np.array(pq.read_table(made.scores)["probabilities"].to_pylist())
    np.testing.assert_allclose(P, torch.softmax(torch.from_numpy(outputs), 1), atol=1e-5)
    name = "8" if make is network else "fc"
    assert made.notices == (f"the embeddings are the input of `{name}`, the last linear layer of the model",)


def test_a_layer_by_name(tmp_path):
    model = network()
    for layer, part in (("5", model[:6]), ("5:input", model[:5]), ("0", lambda x: model[:1](x).mean(dim=(2, 3)))):
        made = run(model, loader(), tmp_path / layer.replace(":", "-"), layer=layer)
        np.testing.assert_allclose(made.open().embeddings(), truth(model, part)[1], rtol=1e-4, atol=1e-5)
    with pytest.raises(ArgumentError, match="Its last ones are"):
        run(model, loader(), tmp_path / "no", layer="head")


def test_a_model_without_classes(tmp_path):
    model = network()[:6]
    made = run(model, loader(), tmp_path / "pool", scores=False)
    assert made.scores is None
    np.testing.assert_allclose(made.open().embeddings(), truth(model, model)[0], rtol=1e-5, atol=1e-6)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(192, 5)

    def forward(self, x):
        return self.fc(x.flatten(1)) + self.fc(x.flatten(1))


def test_a_last_layer_that_cannot_be_told_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"no linear layer whose output is the answer.*layer=") as caught:
        run(Twice(), loader(), tmp_path / "pool")
    assert "fc" in str(caught.value)
    with pytest.raises(ArgumentError, match="called 2 times"):
        run(Twice(), loader(), tmp_path / "pool", layer="fc")
    assert not (tmp_path / "pool").exists()


def test_a_model_that_is_one_linear_layer(tmp_path):
    model, rows = nn.Linear(20, 5), torch.randn(N, 20)
    made = run(model, DataLoader(TensorDataset(rows), batch_size=BATCH), tmp_path / "pool")
    np.testing.assert_allclose(made.open().embeddings(), rows.numpy(), rtol=1e-6)
    assert any("which is one linear layer" in said for said in made.notices)
    assert run(model, DataLoader(TensorDataset(rows), batch_size=BATCH), tmp_path / "pool").rows_before == N


@pytest.mark.parametrize("layer", [None, "8"])
def test_a_model_without_weights_is_refused(tmp_path, layer):
    with pytest.raises(ArgumentError, match=r"`model` must have its weights; got parameters on the device meta"):
        run(network().to("meta"), loader(), tmp_path / "pool", layer=layer)


def test_weights_that_are_not_finite_are_said_to_be(tmp_path):
    model = network()
    model[8].weight.data[0, 0] = torch.nan
    with pytest.raises(NonFiniteError, match="answers of the model"):
        run(model, loader(), tmp_path / "pool")


def test_outputs_that_are_probabilities_are_not_taken_for_logits(tmp_path):
    model = nn.Sequential(*network(), nn.Softmax(1))
    with pytest.raises(ArgumentError, match="logits=False"):
        run(model, loader(), tmp_path / "pool")
    made = run(model, loader(), tmp_path / "pool", logits=False)
    np.testing.assert_allclose(made.open().embeddings(), truth(model, model[:8])[1], rtol=1e-5, atol=1e-6)
    with pytest.raises(ArgumentError, match="be True"):
        run(network(), loader(), tmp_path / "other", logits=False)


def test_the_forms_that_a_loader_may_yield(tmp_path):
    model = network()
    _, vectors = truth(model, model[:8])
    parts = IMAGES.split(BATCH)
    forms = {
        "tensor": list(parts),
        "x": [(part,) for part in parts],
        "x-y": [(part, torch.zeros(len(part))) for part in parts],
        "dict": [{"image": part, "label": torch.zeros(len(part))} for part in parts],
        "ids": [{"image": part, "id": [f"{k}-{row}" for row in range(len(part))]} for k, part in enumerate(parts)],
    }
    for name, given in forms.items():
        made = run(model, given, tmp_path / name)
        np.testing.assert_allclose(made.open().embeddings(), vectors, rtol=1e-5, atol=1e-6)
    assert made.open().ids[9].as_py() == "1-1"
    odd = [(torch.arange(len(part)), torch.zeros(len(part)), part) for part in parts]
    with pytest.raises(ArgumentError, match="unpack"):
        run(model, odd, tmp_path / "odd")
    made = run(model, odd, tmp_path / "odd", unpack=lambda batch: (batch[2], None))
    np.testing.assert_allclose(made.open().embeddings(), vectors, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "batch",
    [
        (torch.arange(4), torch.zeros(4, 3, 8, 8)),
        [torch.zeros(4, 3)] * 3,
        {"a": torch.zeros(4, 3), "b": torch.zeros(4, 3)},
        {"x": torch.zeros(4, 3), "id": [1] * 4, "ids": [1] * 4},
        "text",
        {"x": torch.zeros(4, 3), "y": torch.zeros(4), "ids": [1, 2]},
    ],
)
def test_batches_that_can_be_read_in_two_ways_are_refused(tmp_path, batch):
    with pytest.raises((ArgumentError, IdError)):
        run(network(), [batch], tmp_path / "pool")
    assert not list(tmp_path.iterdir())


def test_a_loader_that_shuffles_needs_ids(tmp_path):
    model = network()
    with pytest.raises(ArgumentError, match=r"shuffles, and no ids.*shuffle=False"):
        run(model, loader(shuffle=True), tmp_path / "pool")
    with pytest.raises(ArgumentError, match="WeightedRandomSampler"):
        run(model, loader(sampler=WeightedRandomSampler([1.0] * N, N)), tmp_path / "pool")
    with pytest.raises(ArgumentError, match="order"):
        run(model, loader(shuffle=True), tmp_path / "pool", ids=range(N))
    made = run(model, DataLoader(WithIds(), batch_size=BATCH, shuffle=True), tmp_path / "pool")
    pool = made.open()
    vectors = truth(model, model[:8])[1]
    rows = [int(name.split("-")[1]) for name in pool.ids.to_pylist()]
    assert sorted(rows) == list(range(N))
    np.testing.assert_allclose(pool.embeddings(), vectors[rows], rtol=1e-5, atol=1e-6)


def test_drop_last_drops_nothing(tmp_path):
    made = run(network(), loader(drop_last=True), tmp_path / "pool")
    assert made.rows == N
    assert "drop_last=True" in made.notices[0]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(IMAGES)


def test_a_stream(tmp_path):
    made = run(network(), DataLoader(Stream(), batch_size=BATCH), tmp_path / "pool")
    assert made.rows == N
    with pytest.raises(ArgumentError, match=r"2 workers on a stream"):
        run(network(), DataLoader(Stream(), batch_size=BATCH, num_workers=2), tmp_path / "two")
    with pytest.raises(ArgumentError, match="more than once"):
        run(network(), iter(IMAGES.split(4)), tmp_path / "once")


@pytest.mark.parametrize("kind", ["positions", "list"])
def test_a_pass_that_failed_goes_on_with_the_same_bytes(tmp_path, kind):
    model = network()
    given = loader() if kind == "positions" else list(IMAGES.split(BATCH))
    whole = run(model, given, tmp_path / "whole")
    model[3].register_forward_hook(failing(6))
    with pytest.raises(ConnectionError):
        run(model, given, tmp_path / "again")
    model[3]._forward_hooks.clear()
    again = run(model, given, tmp_path / "again")
    assert again.rows_before == 24
    for path in sorted(whole.path.rglob("*.*")):
        assert path.read_bytes() == (again.path / path.relative_to(whole.path)).read_bytes()


def failing(calls_left):
    left = [calls_left]

    def hook(module, args, output):
        left[0] -= 1
        if left[0] < 0:
            raise ConnectionError

    return hook


def test_other_weights_are_another_model(tmp_path):
    model = network()
    run(model, loader(), tmp_path / "pool")
    with torch.no_grad():
        model[0].bias[0] += 1e-6
    with pytest.raises(MismatchError, match=r"weights .* now, .*weights .* then"):
        run(model, loader(), tmp_path / "pool")


def out_of_memory_above(rows, error):
    def hook(module, args):
        if len(args[0]) > rows:
            raise error

    return hook


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("out of memory"), RuntimeError("MPS backend out of memory (allocated 9 GB)")]
)
def test_out_of_memory_halves_the_batch_and_says_so(tmp_path, error):
    model = network()
    vectors = truth(model, model[:8])[1]
    model[0].register_forward_pre_hook(out_of_memory_above(3, error))
    loads = DataLoader(TensorDataset(IMAGES), batch_size=16)
    with pytest.raises(RuntimeError):  # the few examples by which the layer is found are more
        run(model, loads, tmp_path / "no")
    made = run(model, loads, tmp_path / "pool", layer="8:input")
    np.testing.assert_allclose(made.open().embeddings(), vectors, rtol=1e-5, atol=1e-6)
    assert made.notices == ("out of memory: from then on the model took 2 examples at a time",)


def test_one_example_that_does_not_fit(tmp_path):
    model = network()
    model[0].register_forward_pre_hook(out_of_memory_above(0, torch.OutOfMemoryError("no")))
    with pytest.raises(MemoryPlanError, match="one example"):
        run(model, loader(), tmp_path / "pool", layer="8:input")


def test_another_runtime_error_is_not_swallowed(tmp_path):
    with pytest.raises(RuntimeError, match="channels"):
        run(network(), [torch.zeros(4, 5, 8, 8)], tmp_path / "pool", layer="8:input")


def test_mixed_precision(tmp_path):
    model = network()
    vectors = truth(model, model[:8])[1]
    made = run(model, loader(), tmp_path / "pool", precision="bfloat16", dtype="float16")
    found = made.open().embeddings()
    assert found.dtype == np.float16
    assert 0 < np.abs(found - vectors).max() < 0.05
    assert next(model.parameters()).dtype == torch.float32


def test_tokens_become_one_vector_only_on_wish(tmp_path):
    model = nn.Embedding(30, 6)
    tokens = torch.randint(0, 30, (N, 7))
    given = list(tokens.split(BATCH))
    with pytest.raises(ShapeError, match='tokens="mean" or tokens="first"'):
        run(model, given, tmp_path / "pool", scores=False)
    for way in ("mean", "first"):
        made = run(model, given, tmp_path / way, scores=False, tokens=way)
        states = model(tokens).detach().numpy()
        wanted = states.mean(axis=1) if way == "mean" else states[:, 0]
        np.testing.assert_allclose(made.open().embeddings(), wanted, rtol=1e-5, atol=1e-6)


def test_without_torch(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="pip install torch"):
        run(None, [], tmp_path / "pool")
