"""The page of reliability: fail points, power cuts, many at once, killed servers, damage."""

from __future__ import annotations

from benchmarks.table_parts import Row, markdown, newest, number, origin

KILLS = ("killed", "killed in the middle of a write")
CUTS = ("power cut, all unsynced lost", "power cut, some of it lost")
DISKS = ("disk full", "disk error")
DURABLE = "EXTRA"  # SQLite's setting in Ladle


def reliability() -> str:
    return "\n".join(
        ["# What is lost when things fail\n", *_fail_points(), *_controls(), *_at_once(), *_servers(), *_damage()]
    )


def _told(rows: list[Row]) -> list[str]:
    """When, where and at which commit, once for rows that agree in it."""
    return [f"{line}\n" for line in dict.fromkeys(origin(row) for row in rows)]


def _attempts(row: Row) -> int:
    """How often the work was done, each time with another fault."""
    return sum(value for name, value in row["figures"].items() if name not in ("fail points", "wrong", "seconds"))


def _fail_points() -> list[str]:
    rows = [row for row in newest("failpoints") if row["sizes"]["synchronous"] == DURABLE]
    by_scenario: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_scenario.setdefault(row["sizes"]["scenario"], {})[row["sizes"]["way"]] = row
    lines, totals = [], [0] * 5
    for scenario, ways in by_scenario.items():
        counts = [sum(_attempts(ways[way]) for way in group if way in ways) for group in (KILLS, CUTS, DISKS)]
        wrong = sum(row["figures"]["wrong"] for row in ways.values())
        cells = [max(row["figures"]["fail points"] for row in ways.values()), *counts, wrong]
        totals = [total + cell for total, cell in zip(totals, cells, strict=True)]
        lines.append([scenario, *map(number, cells)])
    lines.append(["**all**", *(f"**{number(total)}**" for total in totals)])
    head = ["what is done", "fail points", "kills", "power cuts", "full or broken disks", "wrong"]
    return [
        "## Killed, without power, on a full or broken disk\n",
        "`python -m benchmarks.reliability.sweep`. A fail point is one change of a file: a write, sync, truncation, "
        "rename, deletion or creation, of Ladle's own files and of SQLite's. At every one of them the process is "
        "killed by signal 9, before it and in the middle of it; the power is cut, with all that was not synced lost, "
        "and with a random part of that lost; the disk is full from there on; or it fails this once. Afterwards a new "
        "process must find all that was acknowledged and nothing half done (every row of every table is compared), "
        "`verify` sound, any error one of Ladle's own that tells the truth, and the same call, made again, must end in "
        "the very state of an undisturbed run: for an ask, the same examples in the same order. *Wrong* counts every "
        "deviation: a label lost, a task twice, a file half-written would be one.\n",
        markdown(head, lines),
        *_told(rows),
    ]


def _controls() -> list[str]:
    """Power cuts under weaker settings of SQLite: what would be lost, and that the sweep sees it."""
    rows = [row for row in newest("failpoints") if row["sizes"]["scenario"] == "tell" and row["sizes"]["way"] in CUTS]
    settings = [
        name for name in ("OFF", "NORMAL", "FULL", DURABLE) if any(r["sizes"]["synchronous"] == name for r in rows)
    ]
    lines = []
    for setting in settings:
        figures = {row["sizes"]["way"]: row["figures"] for row in rows if row["sizes"]["synchronous"] == setting}
        lines.append(
            [f"`synchronous={setting}`", *(number(figures[way]["wrong"]) if way in figures else "" for way in CUTS)]
        )
    return [
        "The check can fail: a tell under weaker settings of SQLite than Ladle's (`python -m "
        "benchmarks.reliability.sweep tell --synchronous FULL`). FULL, SQLite's default, may undo the last commit.\n",
        markdown(["wrong after a tell", *CUTS], lines),
    ]


def _at_once() -> list[str]:
    rows = newest("concurrency")
    lines = []
    for row in rows:
        sizes, figures = row["sizes"], row["figures"]
        what = f"{sizes['database']}: {sizes['tellers']} processes tell {sizes['labels']:,} labels each, "
        what += f"{sizes['askers']} ask"
        columns = ("labels told", "uploads told", "uploads taken", "labels accepted", "batches", "busy", "wrong")
        lines.append([what, *(number(figures[name]) for name in columns), number(figures["seconds"], 0)])
    head = ["", "labels told", "uploads told", "taken", "labels kept", "batches", "told to wait", "wrong", "seconds"]
    return [
        "## Many at once\n",
        "`python -m benchmarks.reliability.concurrency --database sqlite`. Half of the uploads are told by two "
        "processes under one key; they repeat labels, change them, contradict each other and name unknown examples. A "
        "plain model of a dictionary goes through the uploads in the order of the log, and the campaign must hold "
        "exactly its labels, version by version; every ask made by two processes under one key is one batch, and no "
        "example is in two.\n",
        markdown(head, lines),
        *_told(rows),
    ]


def _servers() -> list[str]:
    rows = newest("server_kills")
    names = ("labels acknowledged", "batches acknowledged", "clients that ended in an error", "wrong")
    lines = [
        [f"the {row['sizes']['who']}", number(row["sizes"]["kills"]), *(number(row["figures"][name]) for name in names)]
        for row in rows
    ]
    return [
        "## PostgreSQL: a client or the server killed\n",
        "`python -m benchmarks.reliability.server_kills --who server`. Clients tell and ask without pause; at random "
        "moments the client, or all processes of the server, are killed by signal 9, and the server is started again. "
        "After each kill all that was ever acknowledged is looked for; in the end the labels are those of the plain "
        "model. A client whose server is gone ends in an error of Ladle's own.\n",
        markdown(["killed", "times", *names], lines),
        *_told(rows),
    ]


def _damage() -> list[str]:
    rows = newest("damage")
    lines = [
        [row["sizes"]["artefact"], "bits flipped" if row["sizes"]["damage"] == "flips" else "cut short"]
        + [number(row["figures"][name]) for name in ("tried", "noticed", "meaningless", "unnoticed", "wrong")]
        for row in rows
        if not row["sizes"]["artefact"].startswith("returned")
    ]
    returned = [
        [
            row["sizes"]["artefact"].removeprefix("returned, "),
            "bits flipped" if row["sizes"]["damage"] == "flips" else "cut short",
        ]
        + [number(row["figures"][name]) for name in ("tried", "noticed", "meaningless", "unnoticed")]
        for row in rows
        if row["sizes"]["artefact"].startswith("returned")
    ]
    return [
        "## Damage\n",
        "`python -m benchmarks.reliability.damage`: a random bit flipped, or the end cut off at a random byte (seed "
        "11). *Noticed*: `verify`, or restoring, loading, or exporting again, told of it or refused. *Means nothing*: "
        "not noticed, and every row of every table, the schema and the indexes read as before, for SQLite does not use "
        "all of its pages.\n",
        markdown(["artefact", "", "tried", "noticed", "means nothing", "reads otherwise", "wrong"], lines),
        "A batch that comes back from those who label has no checksum, but for Parquet's pages. Read by itself:\n",
        markdown(["format", "", "tried", "refused", "means nothing", "reads otherwise"], returned),
        "An id that is none of the pool's, or a label that is none of the campaign's, is then quarantined with its "
        "reason.\n",
        *_told(rows),
    ]
