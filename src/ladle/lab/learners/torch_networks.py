"""Networks for small colour images, in torch: VGG-16, a ResNet of nine layers that trains fast, and one for a CPU.

Each ends in a layer of `dim` features and a linear layer. `torch` is an argument, so that nothing here imports it.
"""

from __future__ import annotations

from typing import Any

VGG_16 = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")
VGG_DIM = 512
FAST_DIM = 512
SMALL_WIDTHS = (16, 32, 64, 128)
FAST_SCALE = 0.125  # of the logits: with it and label smoothing, so high a learning rate works


def vgg_16(torch: Any, classes: int) -> Any:
    """Thirteen convolutions with batch normalisation, then 512 -> 512 -> classes; for 32 x 32 pixels.

    Source: Simonyan & Zisserman 2015; the two layers of 4,096 are one of 512, as usual for images this small.
    """
    nn = torch.nn
    layers: list[Any] = []
    channels = 3
    for step in VGG_16:
        if step == "pool":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += _convolution(nn, channels, int(step))
            channels = int(step)
    body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, VGG_DIM), nn.ReLU())
    return nn.ModuleDict({"body": body, "last": nn.Linear(VGG_DIM, classes)})


def fast_resnet(torch: Any, classes: int) -> Any:
    """Convolutions of 64, 128, 256 and 512 channels, two of them with a residual pair, then the maximum over space.

    Source: the shape of Page 2019, "How to train your ResNet".
    """
    nn = torch.nn

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        """x + f(x)."""

        def __init__(self, inside: Any) -> None:
            super().__init__()
            self.inside = inside

        def forward(self, inputs: Any) -> Any:
            return inputs + self.inside(inputs)

    def pair(channels: int) -> Any:
        return Residual(nn.Sequential(*_convolution(nn, channels, channels), *_convolution(nn, channels, channels)))

    body = nn.Sequential(
        *_convolution(nn, 3, 64),
        *_convolution(nn, 64, 128), nn.MaxPool2d(2), pair(128),
        *_convolution(nn, 128, 256), nn.MaxPool2d(2),
        *_convolution(nn, 256, FAST_DIM), nn.MaxPool2d(2), pair(FAST_DIM),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(),
    )  # fmt: skip
    return nn.ModuleDict({"body": body, "last": nn.Linear(FAST_DIM, classes, bias=False)})


def small_convnet(torch: Any, classes: int) -> Any:
    """Convolutions of 16, 32, 64 and 128 channels, the first in steps of two pixels, then the mean over space.

    99,306 weights for ten classes. Layers at the full size of the image cost most, so only the first reads it.
    """
    nn = torch.nn
    first, second, third, fourth = SMALL_WIDTHS
    body = nn.Sequential(
        nn.Conv2d(3, first, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU(),
        *_convolution(nn, first, second), nn.MaxPool2d(2),
        *_convolution(nn, second, third), nn.MaxPool2d(2),
        *_convolution(nn, third, fourth), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
    return nn.ModuleDict({"body": body, "last": nn.Linear(fourth, classes)})


def _convolution(nn: Any, wide: int, narrow: int) -> list[Any]:
    return [nn.Conv2d(wide, narrow, 3, padding=1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]


def begin(torch: Any, network: Any, seed: int) -> None:
    """Draw every weight from `seed` alone: He et al.'s normal for convolutions and layers, zeros for biases.

    torch's own initial weights come from one generator for all threads, and so do not repeat.
    """
    generator = torch.Generator().manual_seed(seed % 2**63)
    for module in network.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
