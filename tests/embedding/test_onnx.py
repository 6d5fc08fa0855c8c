"""`ladle.onnx.score_and_embed` beside NumPy."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from ladle.errors import ArgumentError, FileFormatError, MismatchError, ShapeError

pytestmark = pytest.mark.long

pytest.importorskip("onnxruntime")  # brought by `make test-long`
onnx = pytest.importorskip("onnx")

import ladle.onnx  # noqa: E402

N = 50
X = np.random.default_rng(0).standard_normal((N, 6)).astype(np.float32)
W = np.random.default_rng(1).standard_normal((6, 3)).astype(np.float32)


def write(path, *, rows="n", weights=W):
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("MatMul", ["x", "w"], ["logits"]), helper.make_node("Relu", ["x"], ["hidden"])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 6])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [rows, 3]),
            helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [rows, 6]),
        ],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("rows", ["n", 8])
def test_the_answers_of_a_file(tmp_path, rows):
    model = write(tmp_path / "m.onnx", rows=rows)
    made = ladle.onnx.score_and_embed(
        model, X, out=tmp_path / "pool", embeddings="hidden", scores="logits", batch_size=20, shard_rows=20
    )
    np.testing.assert_allclose(made.open().embeddings(), np.maximum(X, 0), rtol=1e-6)
    P = np.exp(X @ W) / np.exp(X @ W).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.array(pq.read_table(made.scores)["probabilities"].to_pylist()), P, atol=1e-5)


def test_another_file_is_another_model(tmp_path):
    model = write(tmp_path / "m.onnx")
    ladle.onnx.score_and_embed(model, X, out=tmp_path / "pool", embeddings="hidden")
    write(model, weights=W + 1)
    with pytest.raises(MismatchError, match="ONNX, SHA-256"):
        ladle.onnx.score_and_embed(model, X, out=tmp_path / "pool", embeddings="hidden")


def test_what_does_not_fit_is_refused(tmp_path):
    model = write(tmp_path / "m.onnx")
    with pytest.raises(ArgumentError, match=r"logits .*, hidden"):
        ladle.onnx.score_and_embed(model, X, out=tmp_path / "pool", embeddings="last")
    with pytest.raises(ArgumentError, match="have x"):
        ladle.onnx.score_and_embed(model, {"y": X}, out=tmp_path / "pool", embeddings="hidden")
    with pytest.raises(ShapeError, match=r"double|float64"):
        ladle.onnx.score_and_embed(model, X.astype(float), out=tmp_path / "pool", embeddings="hidden")
    (tmp_path / "bad.onnx").write_text("no model")
    with pytest.raises(FileFormatError, match="ONNX model"):
        ladle.onnx.score_and_embed(tmp_path / "bad.onnx", X, out=tmp_path / "pool", embeddings="hidden")
    assert not (tmp_path / "pool").exists()
