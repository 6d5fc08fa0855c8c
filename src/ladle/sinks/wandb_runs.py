"""The models of a campaign as runs of Weights & Biases."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ladle.campaign.reader import Reader
from ladle.durable import folder as make_folder
from ladle.durable import writing
from ladle.errors import CorruptFileError, FileError
from ladle.numbers import choice, path_of, text
from ladle.packages import need
from ladle.progress import SILENT, Reporter, reporter
from ladle.sinks.model_facts import ModelFacts, models_of, seal_of

MODES = ("offline", "online")


def wandb(
    campaign: Reader,
    *,
    folder: str | os.PathLike[str],
    project: str | None = None,
    mode: str = "offline",
    progress: Reporter = SILENT,
) -> tuple[str, ...]:
    """Write the recorded models of a campaign to Weights & Biases: one run for each version.

    Parameters
    ----------
    campaign : Campaign or Reader
        An open campaign.
    folder : path
        Where the runs are kept (`wandb` in it), and the list of what was written (`ladle-wandb-SEAL.json`). It is
        created if it is not there.
    project : str, optional
        The project; by default it has the name of the campaign.
    mode : {"offline", "online"}, default "offline"
        Whether the runs are kept in the folder, for `wandb sync`, or sent as well.
    progress : Reporter, optional
        Receives the progress.

    Returns
    -------
    tuple of str
        The versions of which something was written, in order; none where nothing was new.

    Raises
    ------
    ArgumentError
        For what is no campaign, or another mode.
    FileError, CorruptFileError
        For a folder that cannot be written, and for a list in it that cannot be read.
    MissingDependencyError
        Without the package (`pip install ladle[wandb]`).
    wandb.errors.Error
        When the package fails. The next call completes what was begun.

    Notes
    -----
    The run of a version is in the group of the campaign. Its step is the number of labelled examples; round, labelled,
    asked, batch_size, scores_model and scores_digest are its configuration. Runs kept offline cannot be asked what they
    hold, so the folder has a list of it. The name of a run is made of the campaign's seal and the version: a version
    that was broken off or corrected is written again under the same name, and the service joins the two.
    """
    show, models = reporter(progress), models_of(campaign)
    path_of(folder, "`folder`")
    text(project, "`project`", undecided=True, wanted="be the name of a project")
    mode = choice(mode, "`mode`", MODES)
    library = need("wandb", package="wandb", purpose="write to Weights & Biases")
    seal = seal_of(campaign)
    place, kept = Path(folder), Path(folder) / f"ladle-wandb-{seal[:12]}.json"
    done = _read(kept)
    new = [model for model in models if done.get(model.version) != dict(model.metrics)]
    if not new:
        return ()
    make_folder(place)
    with show.task("Writing models to Weights & Biases", len(new)) as advance:
        for model in new:
            about = {"project": project or campaign.name, "group": campaign.name, "mode": mode}
            _write_run(library, model, _run_id(seal, model.version), place, about)
            done[model.version] = dict(model.metrics)
            with writing(kept) as file:
                file.write(json.dumps(done, ensure_ascii=False, indent=1).encode())
            advance(1)
    return tuple(model.version for model in new)


def _write_run(library: Any, model: ModelFacts, run_id: str, folder: Path, about: dict[str, str]) -> None:
    settings = library.Settings(silent=True, console="off")
    with library.init(
        **about,
        dir=str(folder),
        id=run_id,
        name=model.version,
        resume="allow",
        config=dict(model.facts),
        settings=settings,
    ) as run:
        run.log(dict(model.metrics), step=model.labelled)


def _run_id(seal: str, version: str) -> str:
    return hashlib.sha256(f"{seal} {version}".encode()).hexdigest()[:16]


def _read(kept: Path) -> dict[str, dict[str, float]]:
    """Version -> the metrics that were written. Raises: FileError, CorruptFileError."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as cause:
        raise FileError(str(kept), wanted="be a readable file", got=cause.strerror or str(cause)) from cause
    except ValueError as cause:
        raise CorruptFileError(
            str(kept), wanted="be the list that this sink has written", got=str(cause), remedy="Remove it to write all."
        ) from cause
    if not isinstance(found, dict):
        raise CorruptFileError(str(kept), wanted="be the list that this sink has written", got=type(found).__name__)
    return found
