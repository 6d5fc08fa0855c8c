"""`ladle.transformers.score_and_embed` with tiny models that are made here."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from ladle.errors import ArgumentError, MismatchError

pytestmark = pytest.mark.long

torch = pytest.importorskip("torch")  # brought by `make test-long`
transformers = pytest.importorskip("transformers")

import ladle.transformers  # noqa: E402

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "emu", "runs", "sits"]
TEXTS = ["cat runs", "dog sits sits", "emu", "cat cat dog emu runs", "dog"] * 5
ROWS = [{"id": f"t{row}", "text": text, "body": text[::-1]} for row, text in enumerate(TEXTS)]


@pytest.fixture
def tokenizer(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    return transformers.BertTokenizer(str(tmp_path / "vocab.txt"))


def model(kind, **config):
    torch.manual_seed(0)
    small = {"vocab_size": 10, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return kind(transformers.BertConfig(**small, intermediate_size=16, **config)).eval()


def test_a_model_with_classes(tmp_path, tokenizer):
    network = model(transformers.BertForSequenceClassification, num_labels=3)
    made = ladle.transformers.score_and_embed(
        network, ROWS, processor=tokenizer, out=tmp_path / "pool", batch_size=4, shard_rows=8
    )
    wanted, vectors = [], []
    with torch.no_grad():
        for start in range(0, len(TEXTS), 4):
            batch = tokenizer(TEXTS[start : start + 4], padding=True, return_tensors="pt")
            wanted.append(torch.softmax(network(**batch).logits, 1))
            vectors.append(network.bert(**batch).pooler_output)
    assert made.open().ids.to_pylist() == [row["id"] for row in ROWS]
    np.testing.assert_allclose(made.open().embeddings(), torch.cat(vectors), atol=1e-5)
    P = np.array(pq.read_table(made.scores)["probabilities"].to_pylist())
    np.testing.assert_allclose(P, torch.cat(wanted), atol=1e-5)
    assert "`classifier`" in made.notices[0]


def test_a_model_without_classes_gives_the_mean_over_its_tokens(tmp_path, tokenizer):
    network = model(transformers.BertModel)
    made = ladle.transformers.score_and_embed(network, ROWS, processor=tokenizer, out=tmp_path / "pool", batch_size=4)
    assert made.scores is None
    with torch.no_grad():
        alone = [network(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0) for text in TEXTS]
    np.testing.assert_allclose(made.open().embeddings(), torch.stack(alone), atol=1e-5)  # padding changes nothing


def test_what_does_not_fit_is_refused(tmp_path, tokenizer):
    several = model(transformers.BertForSequenceClassification, problem_type="multi_label_classification", num_labels=3)
    with pytest.raises(ArgumentError, match="multilabel"):
        ladle.transformers.score_and_embed(several, ROWS, processor=tokenizer, out=tmp_path / "pool")
    network = model(transformers.BertModel)
    for options, text in (({"column": "txt"}, "column"), ({"ids": range(25), "id_column": "id"}, "ids")):
        with pytest.raises(ArgumentError, match=text):
            ladle.transformers.score_and_embed(network, ROWS, processor=tokenizer, out=tmp_path / "pool", **options)
    assert not (tmp_path / "pool").exists()
    ladle.transformers.score_and_embed(network, ROWS, processor=tokenizer, out=tmp_path / "pool")
    with pytest.raises(MismatchError, match="options"):
        ladle.transformers.score_and_embed(network, ROWS, processor=tokenizer, out=tmp_path / "pool", column="body")


def test_a_data_set_of_the_library(tmp_path, tokenizer):
    datasets = pytest.importorskip("datasets")
    network = model(transformers.BertModel)
    made = ladle.transformers.score_and_embed(
        network, datasets.Dataset.from_list(ROWS), processor=tokenizer, out=tmp_path / "pool"
    )
    assert made.open().ids.to_pylist() == [row["id"] for row in ROWS]
