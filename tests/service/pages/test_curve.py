"""The learning curve as drawn, and numbers in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.service import words
from ladle.service.pages.dashboard.curve import HEIGHT, WIDTH, curve_of, ticks
from ladle.service.pages.dashboard.mending import mend_of

FLOATS = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(st.integers(0, 10**7), FLOATS), min_size=1, max_size=30))
def test_every_point_is_inside_and_in_order(models: list[tuple[int, float]]) -> None:
    labelled, values = [each[0] for each in models], [each[1] for each in models]
    curve = curve_of("accuracy", [f"v{place}" for place in range(len(models))], labelled, values)
    assert len(curve.points) == len(models)
    assert all(0 <= each.x <= WIDTH and 0 <= each.y <= HEIGHT for each in curve.points)
    across = [each.x for each in curve.points]
    assert across == sorted(across)
    by_value = sorted(
        zip([values[int(each.words.split(":")[0][1:])] for each in curve.points], curve.points, strict=True),
        key=lambda pair: pair[0],
    )
    heights = [point.y for _, point in by_value]
    assert heights == sorted(heights, reverse=True)  # larger is higher up
    assert len(curve.across) >= 2
    assert len(curve.up) >= 2


@given(FLOATS, FLOATS)
def test_ticks_enclose(one: float, two: float) -> None:
    low, high = sorted((one, two))
    found = ticks(low, high)
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    assert found[0] <= low + slack
    assert found[-1] >= high - slack
    assert 2 <= len(found) <= 12
    assert found == sorted(found)


def test_ticks_by_hand() -> None:
    assert ticks(0.61, 0.84) == pytest.approx([0.6, 0.65, 0.7, 0.75, 0.8, 0.85])
    assert ticks(0, 1_400, whole=True) == [0, 500, 1_000, 1_500]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "under a minute"),
        (100, "2 minutes"),
        (5400, "2 hours"),
        (3 * 86_400, "3 days"),
        (40 * 86_400, "6 weeks"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


def test_words() -> None:
    assert words.money(1234.5, "EUR") == "1,234.50 EUR"
    assert words.money(None, "EUR") == "-"
    assert words.size_text(999) == "999 bytes"
    assert words.size_text(1_234_567) == "1.2 MB"
    assert words.time_text(datetime(2026, 1, 2, 3, 4, 59, tzinfo=UTC)) == "2026-01-02 03:04"
    assert words.plain_text({"a": 1000, "b": [1.5, "x"], "c": "", "d": None, "e": 0}) == "a: 1,000; b: 1.5, x; e: 0"
    assert str(words.sentence("run `a <b>` & c")) == "run <code>a &lt;b&gt;</code> &amp; c"
    assert words.value_text(["cat", "dog"]) == "cat, dog"


def test_every_reason_of_the_rules_has_a_mend() -> None:
    from ladle.labelling.labels import Labels
    from ladle.labelling.rules.answered import STRAY_COMMENT, UNKNOWN_EXAMPLE

    reasons = {
        UNKNOWN_EXAMPLE: "unknown example",
        f"{UNKNOWN_EXAMPLE}; a label is one of 'a'; got 'b'": "unknown example",
        STRAY_COMMENT: "comment on an unknown example",
    }
    for labels, value, kind in (
        (Labels.single(["a"]), "b", "unknown class"),
        (Labels.single([3]), "3", "text for a number"),
        (Labels.multi(["3"]), [3], "text for a number"),
        (Labels.multi(["a"]), "a", "no label of this campaign"),
        (Labels.value(0, 1), 7, "no label of this campaign"),
        (Labels.value(), "x", "no label of this campaign"),
        (Labels.single(), 1.5, "no label of this campaign"),
        (Labels.single(), "\0", "no label of this campaign"),
    ):
        (reason,) = labels.all_canonical([value])[1].values()
        reasons[reason] = kind
    for reason, kind in reasons.items():
        assert mend_of(reason).kind == kind, reason
        assert mend_of(reason, is_answered=True).kind == "answered since"
