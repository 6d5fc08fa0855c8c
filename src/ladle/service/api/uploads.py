"""`POST /v1/scores`: the scores of an ask as a `.npy` file, which is written to disk piece by piece.

A `.npy` file is not compressed, so what comes is as large as what is read. Files lie in a folder of the system for
temporary files, which only this user can read, and are removed after a day.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from ladle.campaign import Campaign
from ladle.errors import ArgumentError, FileFormatError, MismatchError, NotFoundError
from ladle.service.api.answers import PROBLEMS
from ladle.service.api.models import AskBody
from ladle.service.api.received import BINARY_BODY, received
from ladle.service.api.recorded import recorded_scores
from ladle.service.config import ServiceConfig
from ladle.service.desk import OpenCampaign
from ladle.service.gate.identity import Lead

router = APIRouter(prefix="/v1", tags=["lead"], responses=PROBLEMS)
KEPT_SECONDS, MOST_FILES = 24 * 3600, 16
_OTHERWISE = "Or send scores: `margins` or `probabilities`, or the `scores` that POST /v1/scores answers."
_MAGIC = b"\x93NUMPY"


class ScoresAnswer(BaseModel):
    """Scores that an ask may name."""

    scores: str
    rows: int
    columns: int
    dtype: str


class ScoreFolder:
    """The files of scores of one campaign on this machine.

    name: identifies the campaign, so that several processes share the folder.
    """

    def __init__(self, name: str) -> None:
        word = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self.path = Path(tempfile.gettempdir()) / f"ladle-scores-{os.getuid()}-{word}"

    def made(self) -> Path:
        """The folder, which only this user can read. Raises: FileFormatError for one that somebody else has made."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        found = self.path.lstat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077 or self.path.is_symlink():
            raise FileFormatError(str(self.path), wanted="be a folder of this user alone", got="another one")
        return self.path

    def forget_old(self) -> None:
        """Remove files of more than a day, and all but the newest ones."""
        with suppress(OSError):
            files = sorted(self.made().iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
            for place, path in enumerate(files):
                if place >= MOST_FILES or path.stat().st_mtime < time.time() - KEPT_SECONDS:
                    path.unlink(missing_ok=True)


class AskScores:
    """The numbers of an ask: in its body, or in a file that came before."""

    def __init__(self, folder: ScoreFolder, rows: int) -> None:
        self._folder = folder
        self._rows = rows

    def arrays(self, campaign: Campaign, body: AskBody) -> dict[str, Any]:
        """`margins` or `probabilities` as `Campaign.ask` takes them, and `model` of the recorded ones.

        Raises: ArgumentError, NotFoundError; as `recorded_scores`.
        """
        given = [name for name in ("margins", "probabilities", "scores") if getattr(body, name) is not None]
        if len(given) > 1:
            raise ArgumentError("the scores", wanted="be given once", got=" and ".join(given))
        if body.margins is not None:
            return {"margins": np.asarray(body.margins, np.float64)}
        if body.probabilities is not None:
            lengths = {len(row) for row in body.probabilities}
            if len(lengths) != 1:
                raise ArgumentError("`probabilities`", wanted="be rows of one length", got=f"{sorted(lengths)[:5]}")
            return {"probabilities": np.asarray(body.probabilities, np.float64)}
        if body.scores in (None, "last"):
            return self._recorded(campaign, body)
        path = self._folder.made() / f"{body.scores}.npy"
        if not path.is_file():
            raise NotFoundError(
                "`scores`", wanted="be there", got="none of this digest", remedy="POST /v1/scores first."
            )
        found = _opened(path, self._rows)
        return {"margins" if found.ndim == 1 else "probabilities": found}

    @staticmethod
    def _recorded(campaign: Campaign, body: AskBody) -> dict[str, Any]:
        """The margins of the last recorded model, where the strategy takes scores."""
        found = recorded_scores(campaign, otherwise=_OTHERWISE)
        if not found and body.scores is not None:
            strategy = campaign.settings.strategy
            raise ArgumentError("`scores`", wanted=f"be left out, because {strategy} takes none", got="'last'")
        if found and body.model not in (None, found["model"]):
            raise ArgumentError(
                "`model`",
                wanted=f"be {found['model']!r}, the last recorded model with scores, or be left out",
                got=repr(body.model),
                remedy=_OTHERWISE,
            )
        return found


@router.post("/scores", operation_id="send_scores", openapi_extra=BINARY_BODY)
async def send_scores(request: Request, _identity: Lead, campaign: OpenCampaign) -> ScoresAnswer:
    """Send margins (n,) or probabilities (n, classes) of the whole pool in row order, as a `.npy` file.

    The answer has the digest that `POST /v1/ask` takes as `scores`.
    """
    config: ServiceConfig = request.app.state.config
    folder = _folder_of(campaign)
    await to_thread.run_sync(folder.forget_old)
    where = await to_thread.run_sync(folder.made)
    descriptor, name = tempfile.mkstemp(dir=where)
    part = Path(name)
    try:
        digest = await received(request, descriptor, config.upload_bytes, config.body_seconds)
        rows = await to_thread.run_sync(lambda: len(campaign.ids))
        found = await to_thread.run_sync(_opened, part, rows)
        part.replace(where / f"{digest}.npy")
    finally:
        part.unlink(missing_ok=True)
    columns = 1 if found.ndim == 1 else int(found.shape[1])
    return ScoresAnswer(scores=digest, rows=len(found), columns=columns, dtype=found.dtype.name)


def _opened(path: Path, rows: int) -> Any:
    """The array of a file, mapped into memory. Raises: FileFormatError; MismatchError for other rows."""
    wanted = "be a .npy file of float16, float32 or float64 numbers with one or two axes"
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise FileFormatError("the scores", wanted=wanted, got="another file")
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, TypeError, SyntaxError, KeyError, OverflowError, MemoryError) as cause:
        raise FileFormatError("the scores", wanted=wanted, got=str(cause).split("\n")[0][:200]) from cause
    if found.ndim not in (1, 2) or found.dtype not in (np.float16, np.float32, np.float64):
        raise FileFormatError("the scores", wanted=wanted, got=f"{found.dtype} of shape {found.shape}")
    if len(found) != rows:
        raise MismatchError("the scores", wanted=f"have {rows:,} rows, as the pool", got=f"{len(found):,}")
    return found


def _folder_of(campaign: Campaign) -> ScoreFolder:
    return ScoreFolder(f"{campaign.url} {campaign.name}")


def _scores(campaign: OpenCampaign) -> AskScores:
    return AskScores(_folder_of(campaign), len(campaign.ids))


TheScores = Annotated[AskScores, Depends(_scores)]
