"""What the control tells, in lines that the command line and the pages of the service share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ladle.counts import counted, of_number

if TYPE_CHECKING:
    from ladle.labelling.control_figures import ControlEstimate, ControlFigures

NO_MEAN = "cannot be told yet: it needs 30 labels of the control, not all equal"


def control_lines(found: ControlFigures, *, is_value: bool) -> dict[str, str]:
    """What the control tells in a few lines. is_value: whether labels are numbers."""
    waiting = f", {found.waiting:,} of them without a label" if found.waiting else ""
    lines = {"control": f"{counted(found.members, 'example')} of {found.population:,}{waiting}"}
    last = found.last_test
    if last is not None:
        model = f"model {last.model}" if last.model else "the model"
        lines["accuracy"] = (
            f"{percent(last.accuracy)} ({percent(last.low)} to {percent(last.high)}): {model} on the examples that had "
            f"no label before batch {last.batch}"
        )
    elif found.mean is not None:
        lines["mean"] = f"{mean_text(found.mean)}: of the labels of all {found.population:,}"
    elif is_value:
        lines["mean"] = NO_MEAN
    elif not found.batch:
        lines["accuracy"] = f"cannot be told yet: {of_number(found.waiting, 'label')} of the control must come first"
    return lines


def mean_text(found: ControlEstimate) -> str:
    """A mean with its interval."""
    return f"{found.value:.4g} ({found.low:.4g} to {found.high:.4g}, {counted(found.count, 'label')})"


def percent(share: float) -> str:
    """A share with one decimal."""
    return f"{share:.1%}"
