"""Models of images and texts by name, for those who have none of their own.

| name | of | what |
|---|---|---|
| efficientnet-lite0 | images | 1,280 numbers; the weights come in a package |
| minilm | texts | 384 numbers; the weights come in a package |
| FILE.onnx | both | the only output, or the one that is named |
| sentence-transformers:NAME | texts | as the library makes them |
| transformers:NAME | both | the mean of the last hidden state |
| timm:NAME | images | the features before the classifier, at the size the model was made for |
| torchvision:NAME | images | the input of the last linear layer, by the preprocessing of the weights |

A name of the last four may be a folder on disk where the library takes one; else the library loads it from its hub.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.embedding.batches import Fact
from ladle.embedding.networks import EfficientNetLite0, MiniLm, by_length, token_arrays, versions
from ladle.embedding.onnx_models import OnnxModel
from ladle.embedding.torch_models import Call, HookedModel
from ladle.errors import ArgumentError, FileError, did_you_mean
from ladle.packages import need

Matrix = npt.NDArray[Any]
DEFAULTS = {"image": "efficientnet-lite0", "text": "minilm"}
LIBRARIES = ("sentence-transformers", "transformers", "timm", "torchvision")
PIXELS = 128
TEXTS_A_CALL, IMAGES_A_CALL = 16, 16
SCALES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "0..255": ((0, 0, 0), (1, 1, 1)),
    "0..1": ((0, 0, 0), (255, 255, 255)),
    "-1..1": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What a name alone does not say. None where it was not given.

    pixels: the side of the square that images become. scale: a name of `SCALES`, for an ONNX file of images. tokenizer:
    the `tokenizer.json` of an ONNX file of texts. output: of an ONNX file. tokens: where texts are cut.
    """

    pixels: int | None = None
    scale: str | None = None
    tokenizer: Path | None = None
    output: str | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class OpenEmbedder:
    """A model ready to run. run: from pictures of Pillow, or from texts, to (b, dim) floats; made_of: for people."""

    run: Callable[[Sequence[Any]], Matrix]
    made_of: str


def open_embedder(name: str | None, kind: str, options: ModelOptions) -> OpenEmbedder:
    """The model of this name for examples of a kind, "image" or "text".

    Raises: ArgumentError for an unknown name, a model of the other kind, and an option that it does not take;
    MissingDependencyError; FileError.
    """
    name = name or DEFAULTS[kind]
    library, colon, inner = name.partition(":")
    if name.lower().endswith(".onnx"):
        return (_onnx_images if kind == "image" else _onnx_texts)(name, options)
    if name in DEFAULTS.values():
        if name != DEFAULTS[kind]:
            raise ArgumentError("the model", wanted=f"be one of {kind}s, such as {DEFAULTS[kind]}", got=name)
        return _carried_images(options) if kind == "image" else _carried_texts(options)
    if not (colon and inner and library in LIBRARIES):
        raise _unknown(name)
    makers: dict[tuple[str, str], Callable[[str, ModelOptions], OpenEmbedder]] = {
        ("sentence-transformers", "text"): _sentence_transformer,
        ("transformers", "text"): _transformers_texts,
        ("transformers", "image"): _transformers_images,
        ("timm", "image"): _timm,
        ("torchvision", "image"): _torchvision,
    }
    if (library, kind) not in makers:
        raise ArgumentError("the model", wanted=f"be one of {kind}s", got=f"one of {library}")
    return makers[library, kind](inner, options)


def _unknown(name: str) -> ArgumentError:
    known = [*DEFAULTS.values(), *(f"{library}:NAME" for library in LIBRARIES), "FILE.onnx"]
    remedy = did_you_mean(name, DEFAULTS.values())
    if not remedy and ":" not in name:
        remedy = f"Say of which library it is, such as transformers:{name}."
    return ArgumentError("the model", wanted=f"be one of {', '.join(known)}", got=repr(name), remedy=remedy)


def _refuse(model: str, options: ModelOptions, *taken: str) -> None:
    """Refuse options that this model does not take. Raises: ArgumentError."""
    for name in ("pixels", "scale", "tokenizer", "output", "tokens"):
        if name not in taken and getattr(options, name) is not None:
            raise ArgumentError(f"--{name}", wanted=f"be left out for {model}", got=str(getattr(options, name)))


def squares(pictures: Sequence[Any], pixels: int) -> npt.NDArray[np.uint8]:
    """(b, pixels, pixels, 3) uint8: the pictures resized to a square, without keeping their shape."""
    image = need("PIL.Image", package="pillow", purpose="read images")
    size, way = (pixels, pixels), image.Resampling.BILINEAR
    same = (each if each.size == size else each.resize(size, way, reducing_gap=3) for each in pictures)
    return np.stack([np.asarray(each, np.uint8) for each in same])


def _in_parts(run: Callable[[Any], Matrix], examples: Sequence[Any], size: int) -> Matrix:
    return np.concatenate([run(examples[start : start + size]) for start in range(0, len(examples), size)])


def _carried_images(options: ModelOptions) -> OpenEmbedder:
    _refuse("efficientnet-lite0", options, "pixels")
    network = EfficientNetLite0(options.pixels or PIXELS)
    made_of, run = network.made_of, network.opened()
    return OpenEmbedder(
        lambda pictures: _in_parts(lambda part: run(squares(part, network.pixels)), pictures, IMAGES_A_CALL), made_of
    )


def _carried_texts(options: ModelOptions) -> OpenEmbedder:
    _refuse("minilm", options, "tokens")
    network = MiniLm(options.tokens or 256)
    made_of, run = network.made_of, network.opened()
    return OpenEmbedder(lambda texts: _by_length(run, list(texts)), made_of)


def _by_length(run: Callable[[list[str]], Matrix], texts: list[str]) -> Matrix:
    """The vectors of texts, which are computed with those of similar length."""
    made: Matrix | None = None
    for rows in by_length(texts, TEXTS_A_CALL):
        part = run([texts[row] for row in rows])
        made = np.empty((len(texts), part.shape[1]), part.dtype) if made is None else made
        made[rows] = part
    assert made is not None
    return made


def _onnx_images(path: str, options: ModelOptions) -> OpenEmbedder:
    _refuse("an ONNX model of images", options, "pixels", "scale", "output")
    if options.scale is None:
        raise ArgumentError(
            "--scale",
            wanted=f"say which numbers the model takes: {', '.join(SCALES)}",
            got="none",
            remedy="An ONNX file does not tell it, and another scale gives other vectors.",
        )
    mean, deviation = (np.array(each, np.float32) for each in SCALES[options.scale])
    model = OnnxModel.of(path, embeddings=options.output)
    (name, *others) = model.input_names
    shape = model.session.get_inputs()[0].shape
    if others or len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
        raise ArgumentError(f"the model {path}", wanted="take one array (b, 3, height, width)", got=f"{shape}")
    fixed = shape[2] if isinstance(shape[2], int) and shape[2] == shape[3] else None
    if fixed and options.pixels not in (None, fixed):
        raise ArgumentError("--pixels", wanted=f"be {fixed}, the size of the model", got=str(options.pixels))
    pixels = fixed or options.pixels
    if pixels is None:
        raise ArgumentError("--pixels", wanted="be given for a model that takes any size", got="none")

    def run(part: Sequence[Any]) -> Matrix:
        planes = ((squares(part, pixels) - mean) / deviation).transpose(0, 3, 1, 2)
        return model({name: np.ascontiguousarray(planes, np.float32)})[1]

    about = f"{_facts(model.facts)}, {pixels} pixels, {options.scale}"
    return OpenEmbedder(lambda pictures: _in_parts(run, pictures, IMAGES_A_CALL), about)


def _onnx_texts(path: str, options: ModelOptions) -> OpenEmbedder:
    _refuse("an ONNX model of texts", options, "tokenizer", "output", "tokens")
    words = need("tokenizers", package="tokenizers", purpose="embed texts")
    if options.tokenizer is None:
        raise ArgumentError("--tokenizer", wanted="name the tokenizer.json of the model", got="none")
    try:
        tokenizer = words.Tokenizer.from_file(str(options.tokenizer))
    except Exception as cause:  # the library has errors of its own
        subject = f"the tokenizer {options.tokenizer}"
        raise FileError(subject, wanted="be a tokenizer.json", got=str(cause)[:200]) from cause
    tokenizer.enable_truncation(options.tokens or 256)
    tokenizer.enable_padding()
    model = OnnxModel.of(path, embeddings=options.output, tokens="mean")
    names = model.input_names
    about = f"{_facts(model.facts)}, {options.tokenizer.name}, {options.tokens or 256} tokens"
    return OpenEmbedder(
        lambda texts: _by_length(lambda part: model(token_arrays(tokenizer, part, names))[1], list(texts)), about
    )


def _facts(facts: Any) -> str:
    named: dict[str, Fact] = dict(facts)
    return f"{named['model']}, output {named['embeddings']}"


def _sentence_transformer(name: str, options: ModelOptions) -> OpenEmbedder:
    _refuse("a model of sentence-transformers", options)
    library = need("sentence_transformers", package="sentence-transformers", purpose="run its models")
    model = library.SentenceTransformer(name, model_kwargs={"use_safetensors": True})
    about = f"{_hooked(model).facts['model']}, {name}, {versions('sentence-transformers')}"
    return OpenEmbedder(
        lambda texts: np.asarray(
            model.encode(list(texts), batch_size=TEXTS_A_CALL, convert_to_numpy=True, show_progress_bar=False)
        ),
        about,
    )


def _transformers_texts(name: str, options: ModelOptions) -> OpenEmbedder:
    _refuse("a model of transformers", options, "tokens")
    library = need("transformers", package="transformers", purpose="run its models")
    tokenizer = library.AutoTokenizer.from_pretrained(name)
    hooked = _hooked(library.AutoModel.from_pretrained(name, use_safetensors=True), tokens="mean")
    longest = {} if options.tokens is None else {"max_length": options.tokens}

    def run(texts: list[str]) -> Matrix:
        made = tokenizer(texts, padding=True, truncation=True, return_tensors="pt", **longest)
        with hooked.active():
            return hooked.answers(Call((), dict(made), len(texts)))[1]

    about = f"{hooked.facts['model']}, {name}, {options.tokens} tokens, {versions('transformers', 'torch')}"
    return OpenEmbedder(lambda texts: _by_length(run, list(texts)), about)


def _transformers_images(name: str, options: ModelOptions) -> OpenEmbedder:
    _refuse("a model of transformers", options)
    library = need("transformers", package="transformers", purpose="run its models")
    processor = library.AutoImageProcessor.from_pretrained(name)
    hooked = _hooked(library.AutoModel.from_pretrained(name, use_safetensors=True), tokens="mean")

    def run(pictures: Sequence[Any]) -> Matrix:
        made = processor(images=list(pictures), return_tensors="pt")
        with hooked.active():
            return hooked.answers(Call((), dict(made), len(pictures)))[1]

    about = f"{hooked.facts['model']}, {name}, {versions('transformers', 'torch')}"
    return OpenEmbedder(lambda pictures: _in_parts(run, pictures, IMAGES_A_CALL), about)


def _timm(name: str, options: ModelOptions) -> OpenEmbedder:
    _refuse("a model of timm", options)
    library = need("timm", package="timm", purpose="run its models")
    model = library.create_model(name, pretrained=True, num_classes=0)
    config = library.data.resolve_model_data_config(model)
    return _torch_images(
        model, library.data.create_transform(**config, is_training=False), f"timm {name}", scores=False
    )


def _torchvision(name: str, options: ModelOptions) -> OpenEmbedder:
    _refuse("a model of torchvision", options)
    models = need("torchvision.models", package="torchvision", purpose="run its models")
    weights = models.get_model_weights(name).DEFAULT
    model = models.get_model(name, weights=weights)
    return _torch_images(model, weights.transforms(), f"torchvision {name}, {weights}", scores=True)


def _torch_images(model: Any, prepare: Callable[[Any], Any], about: str, *, scores: bool) -> OpenEmbedder:
    """A network of images. prepare: from a picture to a tensor (3, height, width). scores: whether it gives classes."""
    torch = need("torch", package="torch", purpose="run a PyTorch model")
    hooked = _hooked(model, scores=scores)

    def run(pictures: Sequence[Any]) -> Matrix:
        call = Call((torch.stack([prepare(picture) for picture in pictures]),), {}, len(pictures))
        with hooked.active():
            hooked.find_layer(call)
            return hooked.answers(call)[1]

    facts = f"{about}, {hooked.facts['model']}"
    return OpenEmbedder(lambda pictures: _in_parts(run, pictures, IMAGES_A_CALL), facts)


def _hooked(model: Any, *, scores: bool = False, tokens: str | None = None) -> HookedModel:
    return HookedModel(model, scores=scores, tokens=tokens)
