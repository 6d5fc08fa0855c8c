"""`ladle campaign agreement`: how far people agree, on what they do not, and whose work to review."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ladle.cli.campaign.opening import Db, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.counts import counted, share_text

if TYPE_CHECKING:
    from ladle.labelling import Agreement, Record, Records

SHOWN_ROWS = 20  # of a table; --json has all


def agreement(db: Db = None, name: Name = None, pool: OtherPool = None, as_json: options.AsJson = False) -> None:
    """Show how far people agree: of each pair, on each class, beyond chance; and whose work is due for a review."""
    from ladle.cli.program.printing import print_json, print_parts

    with open_campaign(db, name, pool=pool) as campaign:
        found = campaign.agreement()
    if as_json:
        print_json({"command": "campaign agreement", **found.to_dict()})
    else:
        print_parts(_parts(found), spaced=True)


def review_lines(reviews: Records) -> dict[str, str]:
    """Whom to review, and why: the lines of all their reasons under each name."""
    found: dict[str, str] = {}
    for row in reviews:
        who = row.annotator or "(everybody)"
        found[who] = "\n".join([found[who], row.text] if who in found else [row.text])
    return found


def _parts(found: Agreement) -> list[tuple[str, Any]]:
    from ladle.cli.program.printing import two_columns

    parts: list[tuple[str, Any]] = [(f"Agreement of {found.name}", two_columns(_lines(found)))]
    if found.examples and len(found.classes):
        parts.append((_title("Classes", found.classes, "the least agreed on"), _class_table(found)))
    if len(found.pairs):
        parts.append((_title("Pairs of people", found.pairs, "those that agree least"), _pair_table(found)))
    if len(found.annotators):
        parts.append(("People", _people_table(found)))
    reviews = review_lines(found.reviews) or {"nobody": "no reason is clear"}
    parts.append(("Due for a review", two_columns(reviews)))
    return parts


def _lines(found: Agreement) -> dict[str, str]:
    if not found.examples:
        return {"agreement": "not known: no example has labels of two people with a name"}
    lines = {
        "shared": f"{counted(found.examples, 'example')} with labels of two people or more, "
        f"{counted(found.labels, 'label')}",
        "alpha": _alpha(found.alpha),
    }
    if found.share is not None:
        lines["equal"] = f"{share_text(found.share)} of pairs of labels of one example"
    return lines


def _alpha(value: float | None) -> str:
    from ladle.labelling.measures.agreement_summary import RELIABLE, TENTATIVE

    if value is None:
        return "not known: all shared labels are the same"
    if value >= RELIABLE:
        meaning = "reliable"
    else:
        meaning = "for tentative conclusions only" if value >= TENTATIVE else "too low to rely on"
    return f"{value:.3f} (Krippendorff's; 1 is perfect, 0 is chance): {meaning}"


def _title(title: str, rows: Records, which: str) -> str:
    if len(rows) <= SHOWN_ROWS:
        return title
    return f"{title}, {which} ({SHOWN_ROWS} of {len(rows):,}; --json has all)"


def _class_table(found: Agreement) -> Any:
    from ladle.cli.campaign.tables import table

    several = found.kind == "multi"
    names = ["class", "labels", "alpha", "others agree", *([] if several else ["most often instead"])]
    rows = []
    for row in _lowest(found.classes, "alpha"):
        instead = "-" if row.confused_with is None else f"{row.confused_with} ({share_text(row.confused_share)})"
        cells = [str(row.label), f"{row.labels:,}", figure(row.alpha), percent(row.share)]
        rows.append(cells if several else [*cells, instead])
    return table(names, rows, right={1, 2, 3})


def _pair_table(found: Agreement) -> Any:
    from ladle.cli.campaign.tables import table

    is_value = found.kind == "value"
    rows = [
        [
            row.annotator,
            row.other,
            f"{row.examples:,}",
            figure(row.difference, 4) if is_value else percent(row.share),
            figure(row.kappa),
        ]
        for row in _lowest(found.pairs, "kappa")
    ]
    return table(["one", "other", "shared", "differ by" if is_value else "equal", "kappa"], rows, right={2, 3, 4})


def _people_table(found: Agreement) -> Any:
    from ladle.cli.campaign.tables import table

    is_value = found.kind == "value"
    rows = [
        [
            row.annotator,
            f"{row.labels:,}",
            f"{row.examples:,}",
            figure(row.difference, 4) if is_value else percent(row.share),
            f"{row.gold_right:,} of {row.gold_seen:,}" if row.gold_seen else "-",
            "-" if math.isnan(row.median_seconds) else f"{row.median_seconds:,.3g}",
        ]
        for row in found.annotators
    ]
    names = ["annotator", "labels", "shared", "differs by" if is_value else "agrees", "gold right", "seconds a label"]
    return table(names, rows, right={1, 2, 3, 4, 5})


def _lowest(rows: Records, field: str) -> list[Record]:
    """The rows with the lowest values; what is not known comes last."""
    ordered = sorted(rows, key=lambda row: (math.isnan(getattr(row, field)), getattr(row, field)))
    return ordered[:SHOWN_ROWS]


def percent(value: float) -> str:
    """A share for people; "-" where it is not known."""
    return share_text(value)


def figure(value: float, digits: int = 3) -> str:
    """A number for people; "-" where it is not known."""
    return "-" if math.isnan(value) else f"{value:.{digits}g}" if digits != 3 else f"{value:.3f}"


COMMANDS = {"agreement": agreement}
EXAMPLES = {
    "agreement": options.examples(
        "ladle campaign agreement --db birds.db", "ladle campaign agreement --db birds.db --json"
    )
}
