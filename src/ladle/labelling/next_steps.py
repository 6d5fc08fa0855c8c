"""What a lead should do next: one table of conditions, messages and commands, over the facts of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ladle.counts import counted, of_number
from ladle.labelling.people import looks_of

NAMES = 3  # of people in a message; it counts the others


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFacts:
    """What the table reads. Numbers are counts.

    holders, overdue: "who: how many tasks", of those who have tasks, in time or not. waiting: tasks of batches that
    wait for labels. answers: of told labels. people: who told labels. newest_model: the version; "" for none.
    labelled, model_labelled: examples with a label now, and when the newest model was recorded. scored_batches: batches
    with scores. same_scores: whether the last two batches had the same scores though labels came between. left: labels
    of the budget; None without one. to_choose: examples that no ask has chosen.
    """

    batches: int
    waiting: int
    holders: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    disputes: int = 0
    quarantined: int = 0
    near_equal: tuple[tuple[str, ...], ...] = ()
    reviews: tuple[str, ...] = ()
    answers: int = 0
    people: int = 0
    gold: int = 0
    newest_model: str = ""
    labelled: int = 0
    model_labelled: int = 0
    scored_batches: int = 0
    same_scores: bool = False
    left: int | None = None
    is_backed_up: bool = False
    stop: tuple[str, ...] = ()
    to_choose: int = 0


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do. command: of `ladle campaign`, with words in capitals to replace; "" where there is none."""

    name: str
    message: str
    command: str


@dataclass(frozen=True, slots=True)
class StepRule:
    """A row of the table: when it holds, what it says, and the command that does it."""

    holds: Callable[[CampaignFacts], bool]
    message: Callable[[CampaignFacts], str]
    command: str


def steps(facts: CampaignFacts) -> list[NextStep]:
    """What holds now, the most pressing first."""
    return [NextStep(name, rule.message(facts), rule.command) for name, rule in STEPS.items() if rule.holds(facts)]


def near_equal(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of names that differ in looks alone, see `looks_of`."""
    groups: dict[str, set[str]] = {}
    for name in names:
        if name:
            groups.setdefault(looks_of(name), set()).add(name)
    return tuple(tuple(sorted(group)) for _, group in sorted(groups.items()) if len(group) > 1)


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - NAMES
    return "; ".join(names[:NAMES]) + (f"; and {more:,} more" if more > 0 else "")


STEPS: dict[str, StepRule] = {
    "overdue": StepRule(
        lambda facts: bool(facts.overdue),
        lambda facts: f"Overdue: {_listed(facts.overdue)}. Remind them, or hand the tasks to others.",
        "take --annotator NAME --size COUNT -o tasks.csv",
    ),
    "quarantine": StepRule(
        lambda facts: facts.quarantined > 0,
        lambda facts: f"{counted(facts.quarantined, 'entry', 'is')} in quarantine. See why, mend and tell again.",
        "export quarantine -o odd.csv",
    ),
    "disputes": StepRule(
        lambda facts: facts.disputes > 0,
        lambda facts: f"{counted(facts.disputes, 'example', 'is')} disputed. Ask one more person, or decide.",
        "disputes",
    ),
    "names": StepRule(
        lambda facts: bool(facts.near_equal),
        lambda facts: f"One person or two? {_listed(tuple(' = '.join(each) for each in facts.near_equal))}.",
        "person merge NAME INTO",
    ),
    "reviews": StepRule(
        lambda facts: bool(facts.reviews),
        lambda facts: f"Due for a review: {_listed(facts.reviews)}",
        "agreement",
    ),
    "stop": StepRule(
        lambda facts: bool(facts.stop),
        lambda facts: f"Time to stop? {_listed(facts.stop)}",
        "progress",
    ),
    "tell": StepRule(
        lambda facts: facts.waiting > 0,
        lambda facts: (
            f"{counted(facts.waiting, 'task', 'waits')} for labels"
            + (f" ({_listed(facts.holders)})" if facts.holders else "")
            + ". Tell the labels that come back."
        ),
        "tell LABELS.csv --annotator NAME",
    ),
    "budget": StepRule(
        lambda facts: facts.left == 0,
        lambda facts: "The budget is used up: nothing more can be asked for.",
        "set --budget COUNT",
    ),
    "model": StepRule(
        lambda facts: facts.scored_batches > 1 and not facts.newest_model,
        lambda facts: "No model is recorded, so there is no learning curve.",
        "model VERSION --metric accuracy=VALUE",
    ),
    "scores": StepRule(
        lambda facts: facts.same_scores,
        lambda facts: "The last two batches had the same scores, though labels came between. Train the model again.",
        "export resolved -o train.parquet",
    ),
    "train": StepRule(
        lambda facts: bool(facts.newest_model) and facts.labelled > facts.model_labelled and not facts.same_scores,
        lambda facts: (
            f"{counted(facts.labelled - facts.model_labelled, 'labelled example', 'is')} newer than the model "
            f"{facts.newest_model}. Train the next one."
        ),
        "export resolved -o train.parquet",
    ),
    "first": StepRule(
        lambda facts: not facts.batches and facts.left != 0 and facts.to_choose > 0,
        lambda facts: "Nothing has been asked for yet.",
        "ask --size COUNT -o batch-1.csv",
    ),
    "ask": StepRule(
        lambda facts: facts.batches > 0 and not facts.waiting and facts.left != 0 and facts.to_choose > 0,
        lambda facts: (
            "Nothing is outstanding. Ask for the next batch"
            + (
                f": {counted(facts.left, 'label')} of the budget {of_number(facts.left, 'is')} left."
                if facts.left is not None
                else "."
            )
        ),
        "round --scores SCORES.parquet --size COUNT -o NEXT.csv",
    ),
    "gold": StepRule(
        lambda facts: facts.people > 1 and not facts.gold,
        lambda facts: f"{facts.people:,} people label, and no gold example tests them.",
        "gold KNOWN.csv",
    ),
    "backup": StepRule(
        lambda facts: facts.answers > 0 and not facts.is_backed_up,
        lambda facts: "No backup has been made.",
        "backup -o COPY.backup",
    ),
}
