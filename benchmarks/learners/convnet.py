"""Is the lab's small convolutional network as right as the same network in a plain loop of torch?

python -m benchmarks.learners.convnet                 # adds a row for each precision to results/
python -m benchmarks.learners.convnet --seeds 2 --labels 500 --no-row

Network, loss, rates and number of steps are the same. The counterpart has torch's own initial weights, padding, crops,
mirrors and schedule (`OneCycleLR`), and float32. Both are fitted to the same random images of CIFAR-10's training split
and measured on 5,000 others of it: the test split takes no part.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.learners.counterparts import Predict, Split, halved
from benchmarks.record import append
from ladle.lab.data.cifar import cifar_10
from ladle.lab.learners.torch_images import SmallConvnet
from ladle.threads import single_threaded_blas

MEASURED_ON = 5_000
CLASSES = 10


def plain(learner: SmallConvnet, split: Split, rows: npt.NDArray[Any], seed: int) -> Predict:
    """The same network and number of steps in torch alone."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(seed)
    images = torch.from_numpy(split.inputs[rows]).permute(0, 3, 1, 2).float() / 255
    mean, deviation = images.mean(dim=(0, 2, 3), keepdim=True), images.std(dim=(0, 2, 3), keepdim=True)
    images, labels = (images - mean) / deviation, torch.from_numpy(split.labels[rows])
    layers: list[Any] = []
    for place, (wide, narrow) in enumerate(((3, 16), (16, 32), (32, 64), (64, 128))):
        side, stride = (3, 1) if place else (4, 2)
        layers += [nn.Conv2d(wide, narrow, side, stride=stride, padding=1, bias=False), nn.BatchNorm2d(narrow)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)] if place in (1, 2) else [nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, CLASSES))
    epochs, steps = learner.passes(len(rows)), len(rows) // learner.minibatch
    optimiser = torch.optim.SGD(
        network.parameters(), lr=learner.learning_rate, momentum=0.9, weight_decay=learner.decay, nesterov=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learner.learning_rate, total_steps=epochs * steps, pct_start=0.2, anneal_strategy="linear",
        cycle_momentum=False, div_factor=100, final_div_factor=100,
    )  # fmt: skip
    for _ in range(epochs):
        for batch_pos in torch.randperm(len(rows))[: steps * learner.minibatch].split(learner.minibatch):
            padded = functional.pad(images[batch_pos], (4, 4, 4, 4), mode="reflect")
            crops = []
            for image in padded:
                down, along = (int(place) for place in torch.randint(0, 9, (2,)))
                crop = image[:, down : down + 32, along : along + 32]
                crops.append(crop.flip(2) if torch.rand(()) < 0.5 else crop)
            loss = functional.cross_entropy(network(torch.stack(crops)), labels[batch_pos])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    network.eval()

    def predict(inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        with torch.inference_mode():
            pixels = (torch.from_numpy(inputs).permute(0, 3, 1, 2).float() / 255 - mean) / deviation
            return np.asarray(network(pixels).argmax(dim=1).numpy())

    return predict


def lab(learner: SmallConvnet, split: Split, rows: npt.NDArray[Any], seed: int) -> Predict:
    """The lab's learner."""
    model = learner.fit(split.inputs[rows], split.labels[rows], classes=CLASSES, seed=seed)
    return lambda inputs: model.probabilities(inputs).argmax(axis=1)


def main() -> None:
    """Measure and record; the table is Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=1_000)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--no-row", action="store_true", help="add no rows to results/")
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    images = cifar_10()
    split = halved(images.inputs, images.labels)
    inputs, labels = split.test_inputs[:MEASURED_ON], split.test_labels[:MEASURED_ON]
    kinds = {"plain torch": plain, "float32": lab, "bfloat16": lab}
    scores: dict[str, list[float]] = {kind: [] for kind in kinds}
    seconds = dict.fromkeys(kinds, 0.0)
    with single_threaded_blas():
        for seed in range(asked.seeds):
            rows = np.random.default_rng(seed).choice(len(split.inputs), asked.labels, replace=False)
            for kind, fit in kinds.items():
                learner = SmallConvnet(precision=kind if fit is lab else "float32", device="cpu")
                start = time.process_time()
                predict = fit(learner, split, rows, seed)
                seconds[kind] += (time.process_time() - start) / asked.seeds
                scores[kind].append(float((predict(inputs) == labels).mean()))
    print("| labels | precision | Ladle | plain torch | difference | CPU s | theirs |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    for kind in ("float32", "bfloat16"):
        difference = np.subtract(scores[kind], scores["plain torch"])
        error = float(difference.std(ddof=1) / asked.seeds**0.5) if asked.seeds > 1 else 0.0
        accuracy, counterpart = float(np.mean(scores[kind])), float(np.mean(scores["plain torch"]))
        print(
            f"| {asked.labels:,} | {kind} | {100 * accuracy:.1f} | {100 * counterpart:.1f} "
            f"| {100 * difference.mean():+.1f} ± {100 * error:.1f} "
            f"| {seconds[kind]:.1f} | {seconds['plain torch']:.1f} |"
        )
        if not asked.no_row:
            found = {
                "learner": "convnet-small", "precision": kind, "accuracy": accuracy, "counterpart": counterpart,
                "difference": float(difference.mean()), "difference_error": error,
                "cpu_seconds": seconds[kind], "counterpart_cpu_seconds": seconds["plain torch"],
            }  # fmt: skip
            append("learners", {"set": "cifar-10", "labels": asked.labels, "seeds": asked.seeds}, found)


if __name__ == "__main__":
    main()
