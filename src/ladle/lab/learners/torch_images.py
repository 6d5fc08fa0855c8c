"""Image networks as learners, from pixels, in torch: on a GPU where there is one, else on the CPU.

Torch is imported when a model is fitted. On a CPU a fit repeats by its seed. On a GPU it repeats on one kind of GPU and
one release of torch, because the convolutions are deterministic.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.lab.learners.learner import Model, check_single, check_warm
from ladle.lab.learners.torch_networks import FAST_SCALE, begin, fast_resnet, small_convnet, vgg_16
from ladle.numbers import choice, number, whole
from ladle.packages import need
from ladle.seeds import MAX_SEED, child_seed

Matrix = npt.NDArray[np.float32]
PREDICT_BATCH = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class ImageModel:
    """network: `body` to the embeddings, `last` to the logits, in evaluation mode, on `device`.

    shift, scale: (3,) of the colours, 0..1. logit_scale: what the logits are multiplied by.
    """

    learner: Recipe
    network: Any
    device: str
    shift: Matrix
    scale: Matrix
    logit_scale: float
    classes: int

    def probabilities(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, classes) float32. Raises: ArgumentError."""
        torch = need("torch", package="torch", purpose="train image networks")
        parts = []
        for features in self._features(inputs):
            logits = self.network["last"](features).float() * self.logit_scale
            parts.append(torch.softmax(logits, dim=1).cpu().numpy())
        return np.concatenate(parts)

    def embeddings(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, dim) float32, the input of the last layer. Raises: ArgumentError."""
        return np.concatenate([features.float().cpu().numpy() for features in self._features(inputs)])

    def _features(self, inputs: npt.NDArray[Any]) -> Iterator[Any]:
        torch = need("torch", package="torch", purpose="train image networks")
        check_images(inputs)
        with torch.inference_mode(), repeatable(torch):
            for start in range(0, len(inputs), PREDICT_BATCH):
                part = torch.from_numpy(np.ascontiguousarray(inputs[start : start + PREDICT_BATCH])).to(self.device)
                with self.learner.autocast(torch, self.device):
                    features = self.network["body"](as_pictures(torch, part, self.shift, self.scale))
                yield features.float()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained; the base of `Vgg16`, `FastResNet` and `SmallConvnet`.

    epochs, minibatch: of the labelled images. least_steps: epochs are added until there are so many steps, because a
    few images make few steps an epoch; 0: none are added. learning_rate: the highest. decay: of weights.
    padding: images are shifted by up to so many pixels and mirrored at random as they are trained on; 0: not shifted.
    device: "auto" (a GPU where there is one), "cpu" or "cuda".
    """

    epochs: int
    minibatch: int
    learning_rate: float
    decay: float
    padding: int = 4
    device: str = "auto"
    least_steps: int = 1_000
    kind: ClassVar[str] = "network"

    def __post_init__(self) -> None:
        for option, least in (("epochs", 1), ("minibatch", 2), ("padding", 0), ("least_steps", 0)):
            object.__setattr__(
                self, option, whole(getattr(self, option), f"`{option}`", least=least, wanted=f"be {least} or more")
            )
        number(self.learning_rate, "`learning_rate`", above=0)
        number(self.decay, "`decay`", least=0)
        choice(self.device, "`device`", ("auto", "cpu", "cuda"))

    @property
    def name(self) -> str:
        """A description in one line, for reports."""
        least = f" and at least {self.least_steps:,} steps" if self.least_steps else ""
        return f"{self.kind}, {self.epochs} epochs{least}, from pixels"

    def passes(self, images: int) -> int:
        """How many epochs a fit to so many images has."""
        steps = max(1, images // min(self.minibatch, images))
        return max(self.epochs, -(-self.least_steps // steps))

    def fit(
        self,
        inputs: npt.NDArray[Any],
        labels: npt.NDArray[np.int64],
        *,
        classes: int,
        seed: int,
        warm: Model | None = None,
    ) -> ImageModel:
        """Fit to uint8 images (n, height, width, 3) of 32 pixels or about.

        Raises: MissingDependencyError without torch; ArgumentError.
        """
        torch = need("torch", package="torch", purpose="train image networks")
        check_images(inputs)
        check_single(labels, self.kind)
        if classes < 2 or len(inputs) < 2:
            got = f"{classes} and {len(inputs)}"
            raise ArgumentError("classes and images", wanted="be 2 or more of each", got=got)
        device = self._device(torch)
        network = self._network(torch, classes)
        if warm is None:
            begin(torch, network, child_seed(seed & MAX_SEED, "weights"))
            shift, scale = colours(inputs)
        else:
            before = check_warm(warm, ImageModel, lambda model: model.learner == self and model.classes == classes)
            network.load_state_dict(before.network.state_dict())
            shift, scale = before.shift, before.scale
        network = network.to(device)
        with repeatable(torch):
            self._descend(torch, network, inputs, labels, (shift, scale), device, seed)
        return ImageModel(self, network.eval(), device, shift, scale, self._logit_scale(), classes)

    def _descend(
        self,
        torch: Any,
        network: Any,
        inputs: npt.NDArray[Any],
        labels: npt.NDArray[np.int64],
        colour: tuple[Matrix, Matrix],
        device: str,
        seed: int,
    ) -> None:
        """Train `network` in place. All images lie on the device: a few hundred megabytes."""
        pictures = torch.from_numpy(np.ascontiguousarray(inputs)).to(device)
        known = torch.from_numpy(np.ascontiguousarray(labels, np.int64)).to(device)
        generator = torch.Generator().manual_seed(child_seed(seed & MAX_SEED, "order") % 2**63)
        size = min(self.minibatch, len(inputs))
        steps = max(1, len(inputs) // size)  # the rest of each epoch is left out, so that all batches have one size
        epochs = self.passes(len(inputs))
        optimiser, schedule = self._optimiser(torch, network, steps * epochs)
        network.train()
        for _ in range(epochs):
            order = torch.randperm(len(inputs), generator=generator)
            for step in range(steps):
                batch_pos = order[step * size : (step + 1) * size]
                moved = jittered(torch, pictures[batch_pos.to(device)], self.padding, generator)
                with self.autocast(torch, device):
                    logits = network["last"](network["body"](as_pictures(torch, moved, *colour))).float()
                loss = torch.nn.functional.cross_entropy(
                    logits * self._logit_scale(), known[batch_pos.to(device)], label_smoothing=self._smoothing()
                )
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                if schedule is not None:
                    schedule.step()

    def autocast(self, torch: Any, device: str) -> Any:
        """The context in which the body runs: bfloat16 on a GPU, float32 on a CPU."""
        return torch.autocast(device, torch.bfloat16, enabled=device == "cuda")

    def _device(self, torch: Any) -> str:
        there = bool(torch.cuda.is_available())
        if self.device == "cuda" and not there:
            raise ArgumentError("`device`", wanted="be cpu or auto without a GPU", got="'cuda'")
        return "cuda" if there and self.device != "cpu" else "cpu"

    def _network(self, torch: Any, classes: int) -> Any:
        raise NotImplementedError

    def _optimiser(self, torch: Any, network: Any, steps: int) -> tuple[Any, Any]:
        raise NotImplementedError

    def _logit_scale(self) -> float:
        return 1.0

    def _smoothing(self) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class Vgg16(Recipe):
    """VGG-16 with batch normalisation, by Adam at a fixed learning rate, on shifted and mirrored images.

    The paper states the network and the rate of 0.001; optimiser, epochs and augmentation are ours.
    Cost: 0.3 GFLOP an image and pass forward. Repeats: see the docstring of this file.
    Source: Simonyan & Zisserman 2015; Citovsky et al. 2021, section 4.
    """

    epochs: int = 60
    minibatch: int = 128
    learning_rate: float = 1e-3
    decay: float = 0.0
    kind: ClassVar[str] = "VGG-16"

    def _network(self, torch: Any, classes: int) -> Any:
        return vgg_16(torch, classes)

    def _optimiser(self, torch: Any, network: Any, steps: int) -> tuple[Any, Any]:
        return torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=self.decay), None


@dataclass(frozen=True, slots=True)
class FastResNet(Recipe):
    """A ResNet of nine layers by momentum, the learning rate rising for a fifth of the steps and falling to 0.

    Made for many short fits on a GPU. Cost: 0.6 GFLOP an image and pass forward. Repeats: see the docstring of this
    file.
    Source: Page 2019, "How to train your ResNet", for the network and the shape of the recipe; dials are ours.
    """

    epochs: int = 16
    minibatch: int = 512
    learning_rate: float = 0.4
    decay: float = 5e-4
    kind: ClassVar[str] = "9-layer ResNet"

    def _network(self, torch: Any, classes: int) -> Any:
        return fast_resnet(torch, classes)

    def _optimiser(self, torch: Any, network: Any, steps: int) -> tuple[Any, Any]:
        return momentum(torch, network, steps, learning_rate=self.learning_rate, decay=self.decay)

    def _logit_scale(self) -> float:
        return FAST_SCALE

    def _smoothing(self) -> float:
        return 0.1


@dataclass(frozen=True, slots=True)
class SmallConvnet(Recipe):
    """Four convolutions by momentum, the learning rate rising for a fifth of the steps and falling to 0.

    Made for hundreds of short fits on one core of a CPU. precision: "bfloat16" takes about 70% of the time of float32
    on processors that multiply in it (avx512_bf16, amx); on others it may take longer.
    Cost: 4 million multiplications an image and pass forward; measured times are in LOG.md. Repeats: see the docstring
    of this file.
    Source: Page 2019, "How to train your ResNet", for the shape of the recipe; the network is ours.
    """

    epochs: int = 30
    minibatch: int = 128
    learning_rate: float = 0.2
    decay: float = 5e-4
    least_steps: int = 500
    precision: str = "float32"
    kind: ClassVar[str] = "small convolutional network"

    def __post_init__(self) -> None:
        Recipe.__post_init__(self)
        choice(self.precision, "`precision`", ("float32", "bfloat16"))

    def autocast(self, torch: Any, device: str) -> Any:
        """The context in which the body runs: of the precision asked for, on every device."""
        return torch.autocast(device, torch.bfloat16, enabled=self.precision == "bfloat16")

    def _network(self, torch: Any, classes: int) -> Any:
        # `as_pictures` gives channels last. With weights of that order a CPU needs about three quarters of the time.
        return small_convnet(torch, classes).to(memory_format=torch.channels_last)

    def _optimiser(self, torch: Any, network: Any, steps: int) -> tuple[Any, Any]:
        return momentum(torch, network, steps, learning_rate=self.learning_rate, decay=self.decay)


def momentum(torch: Any, network: Any, steps: int, *, learning_rate: float, decay: float) -> tuple[Any, Any]:
    """(optimiser, schedule): Nesterov's momentum, the rate rising for a fifth of `steps` and falling to 0."""
    optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=0.9, weight_decay=decay, nesterov=True)
    peak = max(1, steps // 5)

    def share(step: int) -> float:
        return (step + 1) / peak if step < peak else max(0.0, (steps - step) / max(1, steps - peak))

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, share)


def check_images(inputs: npt.NDArray[Any]) -> None:
    """Raises: ArgumentError unless `inputs` are uint8 (n, height, width, 3)."""
    if inputs.dtype != np.uint8 or inputs.ndim != 4 or inputs.shape[3] != 3:
        got = f"dtype {inputs.dtype}, shape {inputs.shape}"
        raise ArgumentError("`inputs`", wanted="be colour images, uint8 (n, height, width, 3)", got=got)


def colours(inputs: npt.NDArray[Any]) -> tuple[Matrix, Matrix]:
    """(shift, scale), (3,) each, that give the colours of these images mean 0 and deviation 1; sums are exact."""
    flat = inputs.reshape(-1, 3)
    counts = np.stack([np.bincount(flat[:, colour], minlength=256) for colour in range(3)])
    levels = np.arange(256) / 255
    mean = counts @ levels / len(flat)
    deviation = np.sqrt(np.maximum(counts @ np.square(levels) / len(flat) - np.square(mean), 1e-6))
    return mean.astype(np.float32), (1 / deviation).astype(np.float32)


def as_pictures(torch: Any, images: Any, shift: Matrix, scale: Matrix) -> Any:
    """uint8 (b, height, width, 3) as standardised floats (b, 3, height, width)."""
    device = images.device
    floats = images.float() / 255
    standard = (floats - torch.from_numpy(shift).to(device)) * torch.from_numpy(scale).to(device)
    return standard.permute(0, 3, 1, 2)


def jittered(torch: Any, images: Any, padding: int, generator: Any) -> Any:
    """uint8 (b, height, width, 3), each mirrored or not, and shifted by up to `padding` pixels, edges reflected."""
    count, height, width = images.shape[:3]
    device = images.device
    mirror = (torch.rand(count, generator=generator) < 0.5).to(device)
    images = torch.where(mirror[:, None, None, None], images.flip(2), images)
    if padding == 0:
        return images
    down, along = torch.randint(-padding, padding + 1, (2, count), generator=generator).to(device)
    lines = _reflected(torch.arange(height, device=device) + down[:, None], height)
    columns = _reflected(torch.arange(width, device=device) + along[:, None], width)
    return images[torch.arange(count, device=device)[:, None, None], lines[:, :, None], columns[:, None, :]]


def _reflected(places: Any, size: int) -> Any:
    """Places outside 0..size - 1 mirrored back into it."""
    return (size - 1) - (places.abs() - (size - 1)).abs()


@contextmanager
def repeatable(torch: Any) -> Iterator[None]:
    """Make a GPU's convolutions deterministic."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
