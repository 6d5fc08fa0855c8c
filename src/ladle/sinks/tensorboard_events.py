"""The models of a campaign as scalars of TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ladle.campaign.reader import Reader
from ladle.durable import folder as make_folder
from ladle.errors import FileError
from ladle.numbers import path_of
from ladle.packages import need
from ladle.progress import SILENT, Reporter, reporter
from ladle.sinks.model_facts import ModelFacts, models_of, seal_of

_SEAL_LENGTH = 12  # characters of the campaign's seal in the name of its folder
_FACTS = ("round", "asked", "batch_size")  # scalars beside the metrics

Point = tuple[str, int, float, float]  # tag, step, time in seconds, value as float32


def tensorboard(campaign: Reader, folder: str | os.PathLike[str], *, progress: Reporter = SILENT) -> tuple[str, ...]:
    """Write the recorded models of a campaign as scalars into event files of TensorBoard.

    Parameters
    ----------
    campaign : Campaign or Reader
        An open campaign.
    folder : path
        The folder of logs (`tensorboard --logdir FOLDER`); it is created if it is not there. The campaign has a folder
        of its own in it, named by its name and seal.
    progress : Reporter, optional
        Receives the progress.

    Returns
    -------
    tuple of str
        The versions of which something was written, in order; none where nothing was new.

    Raises
    ------
    ArgumentError
        For what is no campaign.
    FileError
        For a folder that cannot be made or written.
    MissingDependencyError
        Without TensorBoard (`pip install ladle[tensorboard]`).

    Notes
    -----
    The scalar of a metric is `metrics/NAME`; its step is the number of labelled examples, its time that of the record.
    The scalars `campaign/round`, `campaign/asked` and `campaign/batch_size` stand beside them. Values are float32, as
    TensorBoard stores them. A metric that was corrected is written again at its step. Cost: reads all event files of
    the campaign.
    """
    show, models = reporter(progress), models_of(campaign)
    path_of(folder, "`folder`")
    place = Path(folder) / f"{_plain(campaign.name)}-{seal_of(campaign)[:_SEAL_LENGTH]}"
    purpose = "write event files of TensorBoard"
    event = need("tensorboard.compat.proto.event_pb2", package="tensorboard", purpose=purpose)
    summary = need("tensorboard.compat.proto.summary_pb2", package="tensorboard", purpose=purpose)
    files = need("tensorboard.summary.writer.event_file_writer", package="tensorboard", purpose=purpose)
    known = set(_points_in(place))
    lacking = [(model, [each for each in _points_of(model) if each not in known]) for model in models]
    lacking = [(model, points) for model, points in lacking if points]
    if not lacking:
        return ()
    make_folder(place)
    try:
        writer = files.EventFileWriter(str(place))
        with show.task("Writing models to TensorBoard", len(lacking)) as advance:
            for _, points in lacking:
                for tag, step, seconds, value in points:
                    scalar = summary.Summary.Value(tag=tag, simple_value=value)
                    writer.add_event(event.Event(wall_time=seconds, step=step, summary=summary.Summary(value=[scalar])))
                advance(1)
        writer.close()
    except OSError as cause:
        raise FileError(str(place), wanted="be a folder that can be written", got=str(cause)) from cause
    return tuple(model.version for model, _ in lacking)


def _points_of(model: ModelFacts) -> Iterator[Point]:
    scalars = {f"metrics/{name}": value for name, value in model.metrics.items()}
    scalars |= {f"campaign/{name}": float(model.facts[name]) for name in _FACTS if name in model.facts}
    for tag, value in scalars.items():
        yield tag, model.labelled, model.at.timestamp(), float(np.float32(value))


def _points_in(folder: Path) -> Iterator[Point]:
    """The scalars that the event files of a folder hold; a file that was cut short gives those before the cut."""
    loader: Any = need(
        "tensorboard.backend.event_processing.event_file_loader",
        package="tensorboard",
        purpose="read event files of TensorBoard",
    )
    for file in sorted(folder.glob("events.out.tfevents.*")):
        for event in loader.LegacyEventFileLoader(str(file)).Load():
            for value in event.summary.value:
                yield value.tag, event.step, event.wall_time, value.simple_value


def _plain(name: str) -> str:
    """A name as a part of a path."""
    return "".join(each if each.isalnum() or each in "-_." else "_" for each in name).lstrip(".") or "campaign"
