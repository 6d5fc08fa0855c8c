"""An export of the service has the labels of `ladle campaign export`, value by value and type by type."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from ladle.cli import main
from ladle.labelling.labels import Labels
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role
from tests.campaign.made import begun, ids_of
from tests.service.served import ADDRESS, Served

KINDS: dict[str, tuple[Any, list[Any]]] = {
    "text": (["cat", "dog"], ["cat", "dog", "cat"]),
    "integers": (list(range(10)), [8, 3, 8]),
    "text and integers": (["cat", 3], ["cat", 3, 3]),
    "integers of text and integers": (["cat", 3, 4], [4, 3, 3]),
    "any, text": (None, ["a", "8", "c"]),
    "any, integers": (None, [8, 9, 8]),
    "any, both": (None, [8, "a", 8]),
    "several": (Labels.multi(["cat", "dog"]), [["cat", "dog"], [], ["dog"]]),
    "several integers": (Labels.multi([1, 2]), [[1, 2], [], [2]]),
    "none of several": (Labels.multi([1, 2]), [[], [], []]),
    "values": (Labels.value(0, 10), [1, 0.5, 2.0]),
    "no label yet": (list(range(10)), []),
}


def read(path: Path) -> tuple[object, list[Any]]:
    """The type and the values of the column `label`, in order of the examples."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        rows = dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))
        return table.schema.field("label").type, [rows[each] for each in sorted(rows)]
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            lines = list(csv.DictReader(file))
    else:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    return None, [each["label"] for each in sorted(lines, key=lambda each: str(each["id"]))]


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_has_the_labels_of_the_command(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.service.api.exports.PAGE_ROWS", 2)  # types do not depend on the first page
    classes, told = KINDS[kind]
    url = f"sqlite:///{tmp_path}/birds.db"
    with begun(url, tmp_path, rows=20, labels=classes) as campaign:
        if told:
            campaign.tell(ids_of(len(told)), told, annotator="ann")
        app = create_app(ServiceConfig(database=url, name="birds"))
        with TestClient(app, base_url=ADDRESS):
            reader = Served(app, campaign, None).client("ray", Role.READER)  # type: ignore[arg-type]
            for what in ("labels", "resolved"):
                for ending in ("jsonl", "csv", "parquet"):
                    command, service = tmp_path / f"command-{what}.{ending}", tmp_path / f"service-{what}.{ending}"
                    assert main(["campaign", "export", what, "--db", url, "-o", str(command)]) == 0
                    service.write_bytes(reader.get(f"/v1/exports/{what}?format={ending}").content)
                    assert read(service) == read(command), (what, ending)
                    assert repr(read(service)[1]) == repr(read(command)[1])  # 8 is not "8", and 1 is not 1.0
                    if ending == "jsonl" and kind not in ("text and integers", "any, both"):
                        assert read(service)[1] == told
