"""A campaign with rounds, people, a dispute, a model, entries in quarantine and hostile names, behind the service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

import ladle
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from ladle.service.content import ContentSources
from ladle.service.gate.roles import Role
from tests.campaign.made import Clock
from tests.service.served import ADDRESS, Served

ROWS = 200
EVIL = '"><img src=x onerror=alert(1)>'
CLASSES = ["cat", "dog", f"emu{EVIL}"]
BOB = f"bob{EVIL}"


def ids() -> list[str]:
    return [f"a/{row}{EVIL if row % 7 == 0 else ''}" for row in range(ROWS)]


def make_campaign(folder: Path) -> None:
    """200 examples in 20 clusters; two batches; ann and bob disagree on one example."""
    rng = np.random.default_rng(0)
    vectors = (np.repeat(rng.normal(size=(20, 4)), 10, axis=0) * 5 + rng.normal(size=(ROWS, 4))).astype(np.float32)
    pq.write_table(
        pa.table({"id": ids(), "emb": list(vectors), "text": [f"text {EVIL} {row}" for row in range(ROWS)]}),
        folder / "pool.parquet",
    )
    P = rng.dirichlet([1, 1, 1], ROWS).astype(np.float32)
    pq.write_table(
        pa.table({"id": ids(), **{name: P[:, place] for place, name in enumerate(CLASSES)}}), folder / "p.parquet"
    )
    campaign = ladle.Campaign.create(
        folder / "birds.db",
        name="birds",
        pool=ladle.open_pool(folder / "pool.parquet", id="id", embedding="emb"),
        strategy="cluster-margin",
        tree=(np.arange(ROWS) // 10).astype(np.int32),
        labels=CLASSES,
        annotators_per_task=2,
        budget=500,
        price=0.5,
        currency="EUR",
        clock=(clock := Clock()),
    )
    campaign.record_model("v1", metrics={"accuracy": 0.6}, scores=folder / "p.parquet")
    first = campaign.ask(30, probabilities=P, model="v1", key=f"k{EVIL}")
    campaign.tell(first.ids[:20], ["cat"] * 20, annotator="ann")
    campaign.tell(first.ids[:20], ["dog", *["cat"] * 19], annotator=BOB)
    clock.now += 86_400
    campaign.exclude(first.ids[29:], reason=f"blurred{EVIL}")
    campaign.comment(first.ids[1:2], f"odd{EVIL}", annotator="ann")
    campaign.tell(["nobody", first.ids[2]], ["cat", f"kat{EVIL}"], annotator="ann")
    campaign.skip(first.ids[20:21], annotator=BOB, reason=f"dark{EVIL}")
    campaign.record_model("v2", metrics={"accuracy": 0.7, "loss": 0.4})
    campaign.ask(10, probabilities=P, holder=BOB)
    campaign.adjudicate(first.ids[3:4], ["dog"], reason=f"clear{EVIL}")
    campaign.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this campaign, which is made once and copied for each test."""
    folder = tmp_path_factory.mktemp("made")
    make_campaign(folder)
    return folder


@pytest.fixture
def led(made: Path, tmp_path: Path) -> Iterator[Served]:
    """The service over this campaign."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    clock = Clock()
    clock.now += 86_400
    database = f"sqlite:///{tmp_path}/birds.db"
    content = ContentSources(table=tmp_path / "pool.parquet")
    config = ServiceConfig(database=database, name="birds", clock=clock, content=content)
    app = create_app(config)
    with ladle.Campaign.open(database, name="birds") as campaign, TestClient(app, base_url=ADDRESS):
        yield Served(app, campaign, clock)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Served]:
    """The service over a campaign in which nothing has happened: no batch, model, label or content."""
    pool = ladle.open_pool(np.random.default_rng(0).normal(size=(ROWS, 4)).astype(np.float32), ids=ids())
    database = f"sqlite:///{tmp_path}/empty.db"
    made = ladle.Campaign.create(
        database, name="empty", pool=pool, strategy="margin", labels=CLASSES, budget=50, clock=Clock()
    )
    made.close()
    app = create_app(ServiceConfig(database=database, name="empty", pool=pool, clock=(clock := Clock())))
    with (
        ladle.Campaign.open(database, name="empty", pool=pool, clock=clock) as campaign,
        TestClient(app, base_url=ADDRESS),
    ):
        yield Served(app, campaign, clock)


HTML = {"accept": "text/html"}
LEADS = (Role.LEAD, Role.READER)
