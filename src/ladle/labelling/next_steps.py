"""What a lead should do next: one table of conditions, messages and commands, over the facts of one moment."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ladle.counts import counted, of_number
from ladle.labelling.spelling import looks_of

END_OF_OPTIONS = "--"  # before names that begin with a dash
NAMES = 3  # of people in a message; it counts the others

# The files of scores that a strategy takes, by what it needs; the pool's embeddings it reads itself.
_SCORES, _VOTES = "--scores SCORES.parquet", "--votes VOTES.parquet"
_FILES = {"scores": _SCORES, "probabilities": _SCORES, "votes": _VOTES}


@dataclass(frozen=True, slots=True)
class DueReview:
    """A person whose work is due for a review. reasons: in a word or two each; texts: with their figures."""

    annotator: str
    reasons: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFacts:
    """What the table reads. Numbers are counts.

    needs: what the strategy needs, see `ladle.strategies.describe`. holders, overdue: "who: how many tasks", of those
    who have tasks, in time or not. waiting: tasks of batches that wait for labels. waiting_unasked: assigned or
    disputed ones that no ask has chosen, which are among the tasks of holders too. near_equal: names that look alike,
    the one with the most labels last. reviews: of people; untested: labels, where gold could have tested somebody and
    has tested nobody, else 0. answers: of told labels. gold: examples. newest_model: the version; "" for none.
    labelled, labelled_unasked: examples with a label that an ask has chosen, and others. model_labelled: both together
    when the newest model was recorded. scored_batches: batches with scores. same_scores: whether the last two batches
    had the same scores though labels came between. left: labels of the budget; None without one. to_choose: examples
    that an ask may choose.
    """

    batches: int
    waiting: int
    waiting_unasked: int = 0
    needs: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    disputes: int = 0
    quarantined: int = 0
    near_equal: tuple[tuple[str, ...], ...] = ()
    reviews: tuple[DueReview, ...] = ()
    untested: int = 0
    answers: int = 0
    gold: int = 0
    newest_model: str = ""
    labelled: int = 0
    labelled_unasked: int = 0
    model_labelled: int = 0
    scored_batches: int = 0
    same_scores: bool = False
    left: int | None = None
    is_backed_up: bool = False
    stop: tuple[str, ...] = ()
    to_choose: int = 0

    @property
    def newer_than_model(self) -> int:
        """Examples that have got a label since the newest model was recorded; below 0 where labels went."""
        return self.labelled + self.labelled_unasked - self.model_labelled


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do. command: of `ladle campaign`, as it is typed, but for words in capitals, which are replaced."""

    name: str
    message: str
    command: str


@dataclass(frozen=True, slots=True)
class StepRule:
    """A row of the table: when it holds, what it says, and the command that does it."""

    holds: Callable[[CampaignFacts], bool]
    message: Callable[[CampaignFacts], str]
    command: Callable[[CampaignFacts], str]


def steps(facts: CampaignFacts) -> list[NextStep]:
    """What holds now, the most pressing first."""
    return [
        NextStep(name, rule.message(facts), rule.command(facts)) for name, rule in STEPS.items() if rule.holds(facts)
    ]


def near_equal(labels: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Groups of names that differ in looks alone, see `looks_of`; in each, the one with the most labels comes last.

    labels: how many each name has given.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(labels, key=lambda name: (labels[name], name)):
        if name:
            groups.setdefault(looks_of(name), []).append(name)
    return tuple(tuple(group) for _, group in sorted(groups.items()) if len(group) > 1)


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - NAMES
    return "; ".join(names[:NAMES]) + (f"; and {more:,} more" if more > 0 else "")


def _due(review: DueReview) -> str:
    return f"{review.annotator} ({', '.join(review.reasons)})"


def _files(facts: CampaignFacts) -> str:
    """The options for the files that the strategy needs, each with a space after it."""
    return "".join(f"{option} " for option in dict.fromkeys(_FILES[need] for need in facts.needs if need in _FILES))


def _waiting(facts: CampaignFacts) -> str:
    """How many tasks wait. Those that no ask has chosen stand apart, as progress counts them."""
    asked, others = counted(facts.waiting, "task", "waits"), facts.waiting_unasked
    if not facts.waiting and not others:
        return "Only gold is out, whose labels are known"
    if not others:
        return f"{asked} for labels"
    if not facts.waiting:
        return f"{counted(others, 'task', 'waits')} for labels that no ask has chosen"
    return f"{asked} for labels, and {others:,} more that no ask has chosen"


def _merge(facts: CampaignFacts) -> str:
    """Merge the first two names that look alike: the one with fewer labels into the one with the most."""
    names = facts.near_equal[0][0], facts.near_equal[0][-1]
    is_plain = not any(name.startswith("-") or f" {END_OF_OPTIONS} " in name for name in names)
    return shlex.join(["person", "merge", *([] if is_plain else [END_OF_OPTIONS]), *names])


STEPS: dict[str, StepRule] = {
    "overdue": StepRule(
        lambda facts: bool(facts.overdue),
        lambda facts: f"Overdue: {_listed(facts.overdue)}. Remind them, or hand the tasks to others.",
        lambda _: "take --annotator NAME --size COUNT -o tasks.csv",
    ),
    "quarantine": StepRule(
        lambda facts: facts.quarantined > 0,
        lambda facts: (
            f"{counted(facts.quarantined, 'entry', 'is')} in quarantine. See why, mend and tell again, then "
            "`quarantine close --answered --reason TEXT`."
        ),
        lambda _: "export quarantine -o odd.csv",
    ),
    "disputes": StepRule(
        lambda facts: facts.disputes > 0,
        lambda facts: f"{counted(facts.disputes, 'example', 'is')} disputed. Ask one more person, or decide.",
        lambda _: "disputes",
    ),
    "names": StepRule(
        lambda facts: bool(facts.near_equal),
        lambda facts: f"One person or two? {_listed(tuple(' = '.join(each) for each in facts.near_equal))}.",
        _merge,
    ),
    "reviews": StepRule(
        lambda facts: bool(facts.reviews),
        lambda facts: f"Due for a review: {_listed(tuple(_due(each) for each in facts.reviews))}.",
        lambda _: "agreement",
    ),
    "stop": StepRule(
        lambda facts: bool(facts.stop),
        lambda facts: f"Time to stop? {_listed(facts.stop)}",
        lambda _: "progress",
    ),
    "tell": StepRule(
        lambda facts: facts.waiting > 0 or bool(facts.holders),
        lambda facts: (
            _waiting(facts)
            + (f" ({_listed(facts.holders)})" if facts.holders else "")
            + ". Tell the labels that come back."
        ),
        lambda _: "tell LABELS.csv --annotator NAME",
    ),
    "budget": StepRule(
        lambda facts: facts.left == 0,
        lambda facts: "The budget is used up: nothing more can be asked for.",
        lambda _: "set --budget COUNT",
    ),
    "model": StepRule(
        lambda facts: facts.scored_batches > 1 and not facts.newest_model,
        lambda facts: "No model is recorded, so there is no learning curve.",
        lambda _: "model VERSION --metric accuracy=VALUE",
    ),
    "scores": StepRule(
        lambda facts: facts.same_scores,
        lambda facts: "The last two batches had the same scores, though labels came between. Train the model again.",
        lambda _: "export resolved -o train.parquet",
    ),
    "train": StepRule(
        lambda facts: bool(facts.newest_model) and facts.newer_than_model > 0 and not facts.same_scores,
        lambda facts: (
            f"{counted(facts.newer_than_model, 'labelled example', 'is')} newer than the model "
            f"{facts.newest_model}. Train the next one."
        ),
        lambda _: "export resolved -o train.parquet",
    ),
    "first": StepRule(
        lambda facts: not facts.batches and facts.left != 0 and facts.to_choose > 0,
        lambda facts: "Nothing has been asked for yet.",
        lambda facts: f"ask {_files(facts)}--size COUNT -o batch-1.csv",
    ),
    "ask": StepRule(
        lambda facts: facts.batches > 0 and not facts.waiting and facts.left != 0 and facts.to_choose > 0,
        lambda facts: (
            (
                "Nothing that was asked for is outstanding"
                if facts.waiting_unasked
                else "Nothing but gold is outstanding"
                if facts.holders
                else "Nothing is outstanding"
            )
            + ". Ask for the next batch"
            + (
                f": {counted(facts.left, 'label')} of the budget {of_number(facts.left, 'is')} left."
                if facts.left is not None
                else "."
            )
        ),
        lambda facts: f"round {_files(facts)}--size COUNT -o NEXT.csv",
    ),
    "gold": StepRule(
        lambda facts: facts.untested > 0 and (not facts.gold or (facts.left != 0 and facts.to_choose > 0)),
        lambda facts: (
            f"Nobody was ever tested by gold, in {counted(facts.untested, 'label')}. "
            + ("Put some into the next batch." if facts.gold else "Name examples whose label you know.")
        ),
        lambda facts: f"round {_files(facts)}--size COUNT --gold COUNT -o NEXT.csv" if facts.gold else "gold KNOWN.csv",
    ),
    "backup": StepRule(
        lambda facts: facts.answers > 0 and not facts.is_backed_up,
        lambda facts: "No backup has been made.",
        lambda _: "backup -o COPY.backup",
    ),
}
