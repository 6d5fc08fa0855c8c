"""What the map draws, worked out once for each state of the campaign: layout, colours, and the legend of each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle.campaign import Campaign
from ladle.counts import counted
from ladle.errors import NotFoundError
from ladle.maps import Layout
from ladle.maps.palettes import CLASSES, OTHERS, ramp
from ladle.maps.zorder import cells_of
from ladle.service.pages.dashboard.readings import is_small
from ladle.service.remembered import LONGEST_SECONDS, Remembered
from ladle.service.shown_commands import command_of

BY_TASK = ("state", "round", "label", "annotator")  # colours of the examples that have a task
BY_POOL = ("margin", "cluster")  # colours of all examples
WORDS = {"annotator": "annotator of the last label"}  # of colours whose word alone says too little
LAST_LABEL = "by who gave an example its last label; each example counts once, skips do not count"
MOST_POINTS = 1_000_000
KEPT_SECONDS = 300  # for which the colours of a large campaign are not read anew
_STATES = {"open": "#e69f00", "labelled": "#009e73", "disputed": "#d55e00", "excluded": "#56b4e9"}
_STEPS = 8  # of a legend of numbers

Kind = Literal["points", "tiles"]


@dataclass(frozen=True, slots=True)
class Hue:
    """A line of a legend. count: of examples; -1 where nobody counted."""

    name: str
    colour: str
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Coloured:
    """The examples that have a colour, in the order of the layout.

    places : (k,) int64, ascending. values : (k,) uint16, the line of the legend. note : what users should know.
    names : what each example is called, beside its colour; by value before rare ones were joined.
    """

    by: str
    places: npt.NDArray[np.int64]
    values: npt.NDArray[np.uint16]
    legend: tuple[Hue, ...]
    names: npt.NDArray[Any]
    note: str = ""

    def drawn(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
        """Places and values of at most a million points: all of them, or every k-th."""
        step = -(-len(self.places) // MOST_POINTS) or 1
        return self.places[::step], self.values[::step]


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """The map of one campaign. given: a file of positions. umap: by UMAP. Else the principal components."""

    campaign: Campaign
    remembered: Remembered
    given: Path | None = None
    umap: bool = False

    def key(self) -> str:
        """What the layout depends on."""
        part = self.campaign.pool.history()[-1]
        return f"{part.number} {part.rows}"

    def layout(self, *, seconds: float = LONGEST_SECONDS) -> Layout:
        """The layout. Raises: TimeoutError while it is being made; as `CampaignMap.layout`."""
        found: Layout = self.remembered.get(
            "layout", self.key(), lambda: self.campaign.map.layout(self.given, umap=self.umap), seconds=seconds
        )
        return found

    def coloured(self, by: str) -> Coloured:
        """The examples by colour. Raises: NotFoundError for another word, or where there is nothing to colour by."""
        if by not in (*BY_TASK, *BY_POOL):
            raise NotFoundError("the colour", wanted=f"be one of {', '.join((*BY_TASK, *BY_POOL))}", got=repr(by))
        layout = self.layout()
        moment = self.campaign.last_event() if is_small(self.campaign) else int(time.time() // KEPT_SECONDS)
        state = (self.key(), moment)
        work = self._of_tasks if by in BY_TASK else self._of_margins if by == "margin" else self._of_clusters
        found: Coloured = self.remembered.get(f"map by {by}", state, lambda: work(layout, by))
        return found

    def _of_tasks(self, layout: Layout, by: str) -> Coloured:
        known = self.campaign.map.colours(by)
        places = layout.places_of(known["row"])
        order = np.argsort(places)
        names, codes, counts = np.unique(known["value"], return_inverse=True, return_counts=True)
        if by == "round":
            ranks = np.argsort(np.argsort([int(name) for name in names])) if len(names) else np.empty(0, np.int64)
            legend = _in_order(sorted(names.tolist(), key=int), counts[np.argsort(ranks)])
        elif by == "state":
            ranks = np.array([list(_STATES).index(name) for name in names], np.int64)
            by_name = dict(zip(names.tolist(), counts.tolist(), strict=True))
            legend = tuple(Hue(name, colour, by_name.get(name, 0)) for name, colour in _STATES.items())
        else:
            ranks, legend = _by_frequency(names.tolist(), counts)
        values = ranks[codes] if len(names) else codes
        note = LAST_LABEL if by == "annotator" else ""
        return Coloured(by, places[order], values[order].astype(np.uint16), legend, known["value"][order], note)

    def _of_margins(self, layout: Layout, by: str) -> Coloured:
        found = self.campaign.map.margins()
        if found is None:
            raise NotFoundError(
                "margins",
                wanted="come from the score file of a recorded model",
                got="no recorded model with scores",
                remedy=f"Record one: {command_of(self.campaign, 'model VERSION --scores FILE')}",
            )
        version, margins = found
        margins = margins[layout.rows]
        # By rank, not by value: most margins of a good model are near 1, and one colour would cover the map.
        order = np.argsort(margins, kind="stable")
        ranks = np.empty(len(margins), np.float32)
        ranks[order] = np.linspace(0, 1, len(margins), dtype=np.float32)
        ends = margins[order[np.linspace(0, len(margins) - 1, _STEPS + 1).astype(np.int64)]]
        steps = np.minimum((ranks * _STEPS).astype(np.int64), _STEPS - 1)
        counts = np.bincount(steps, minlength=_STEPS)
        legend = tuple(
            Hue(f"{low:.3f} to {high:.3f}", _hex(colour), int(count))
            for low, high, colour, count in zip(ends[:-1], ends[1:], ramp(_STEPS), counts, strict=True)
        )
        everything = np.arange(len(layout))
        return Coloured(by, everything, steps.astype(np.uint16), legend, margins, f"by the scores of model {version}")

    def _of_clusters(self, layout: Layout, by: str) -> Coloured:
        clusters = self.campaign.map.clusters()
        if clusters is None:
            raise NotFoundError("clusters", wanted="be part of the campaign", got="a campaign without clusters")
        names = clusters[layout.rows]
        values = (names % len(CLASSES)).astype(np.uint16)
        legend = tuple(
            Hue(f"clusters {each}, {each + len(CLASSES)}, ...", colour, -1) for each, colour in enumerate(CLASSES)
        )
        count = int(clusters.max(initial=-1)) + 1
        note = f"{counted(count, 'cluster')} share {len(CLASSES)} colours"
        return Coloured(by, np.arange(len(layout)), values, legend, names, note)

    def facts_at(self, place: int) -> dict[str, str]:
        """What is known of an example by the colours that were worked out already."""
        facts = {}
        for by in (*BY_TASK, *BY_POOL):
            found: Coloured | None = self.remembered.known(f"map by {by}")
            if found is None:
                continue
            at = int(np.searchsorted(found.places, place))
            if at < len(found.places) and found.places[at] == place:
                value = found.names[at]
                facts[WORDS.get(by, by)] = f"{value:.4f}" if by == "margin" else str(value)
        return facts


def packed_points(layout: Layout, coloured: Coloured) -> bytes:
    """x, y and value of each drawn point: three little-endian uint16 arrays, one after another."""
    places, values = coloured.drawn()
    x, y = cells_of(layout.codes[places])
    return b"".join(each.astype("<u2").tobytes() for each in (x, y, values))


def _by_frequency(names: list[str], counts: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], tuple[Hue, ...]]:
    """The line of each name, and the legend: the most frequent names have colours of their own."""
    order = sorted(range(len(names)), key=lambda place: (-int(counts[place]), names[place]))
    own, others = order[: len(CLASSES)], order[len(CLASSES) :]
    lines = np.full(len(names), len(CLASSES), np.int64)
    lines[own] = np.arange(len(own))
    legend = [Hue(names[place], CLASSES[line], int(counts[place])) for line, place in enumerate(own)]
    if others:
        total = int(counts[others].sum())
        legend.append(Hue(f"{counted(len(others), 'other')}", OTHERS, total))
    return lines, tuple(legend)


def _in_order(names: list[str], counts: npt.NDArray[Any]) -> tuple[Hue, ...]:
    colours = ramp(max(2, len(names)))
    return tuple(Hue(name, _hex(colours[place]), int(counts[place])) for place, name in enumerate(names))


def _hex(colour: npt.NDArray[np.uint8]) -> str:
    return "#" + bytes(colour.tolist()).hex()
