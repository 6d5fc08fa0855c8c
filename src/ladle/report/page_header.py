"""The header of an experiment's report: what was run, and the main results."""

from __future__ import annotations

from ladle.lab.data.unlearnable import only_in_test_warning
from ladle.report.facts import ReportFacts
from ladle.report.markup import text
from ladle.report.sentences import (
    FEWER,
    count_text,
    interval_text,
    metric_text,
    plus_minus,
    share_text,
    verdict,
)

Card = tuple[str, str, str]


def page_header(facts: ReportFacts) -> str:
    """The header as markup: title, what was run, and the cards."""
    card_markup = "".join(
        f'<div class="card"><strong>{text(big)}</strong><b>{text(what)}</b><br><span>{text(more)}</span></div>'
        for big, what, more in cards(facts)
    )
    waiting = f" Without a finished trial yet: {', '.join(facts.waiting)}." if facts.waiting else ""
    rows, name = facts.dataset.get("rows"), facts.dataset.get("name")
    pool = f"{rows:,} examples of {name} to choose from; {facts.run.get('learner')}. " if rows and name else ""
    return (
        f'<header><p class="kicker">Ladle lab: {text(facts.name)}</p><h1>{text(facts.title)}</h1>'
        f"<p>{text(pool)}{len(facts.labels) - 1} rounds of {facts.batch_size:,} labels after a seed set of "
        f"{facts.labels[0]:,}; {count_text(facts.trials, 'trial')}, in each of which all strategies start from the "
        f"same seed set, model and clustering.{text(waiting)}</p>{_warning(facts)}"
        f'<div class="cards">{card_markup}</div></header>'
    )


def _warning(facts: ReportFacts) -> str:
    """What is wrong with the data or the learner, as markup; empty where nothing is."""
    warnings = [only_in_test_warning(facts.only_in_test), *facts.fit.warnings()]
    return "".join(f'<p class="warning">{text(warning)}</p>' for warning in warnings if warning)


def cards(facts: ReportFacts) -> list[Card]:
    """The cards: each has a number, what it is, and what qualifies it."""
    done, total = facts.finished
    last = f"{facts.labels[-1]:,} labels"
    curves = [curve for curve in facts.main.curves if curve.strategy in facts.compared] or facts.main.curves
    best = max(curves, key=lambda curve: curve.mean[-1])
    error = None if best.standard_error is None else best.standard_error[-1]
    first_cards = [
        (
            f"{done:,} of {total:,}" if done < total else f"{total:,}",
            "rounds are done" if done < total else "rounds, all done",
            f"{count_text(facts.trials, 'trial')} of {len(facts.strategies) + len(facts.waiting)} strategies",
        ),
        (
            f"{100 * best.mean[-1]:.1f}%",
            f"the highest mean {metric_text(facts.main.metric)} at {last}",
            f"{best.strategy}: {plus_minus(best.mean[-1], error)}{'' if error is None else ' (standard error)'}, "
            f"{count_text(len(best.trials), 'trial')}",
        ),
    ]
    return [*first_cards, *(_against(facts, baseline) for baseline in facts.baselines if len(facts.compared) > 1)]


def _against(facts: ReportFacts, baseline: str) -> Card:
    outcomes = [
        each.outcome for each in facts.main.finals if each.against == baseline and each.strategy in facts.compared
    ]
    if all(outcome == "untested" for outcome in outcomes):
        return ("none", f"tested against {baseline}", "too few finished trials to test")
    wins, ties, losses, untested = (outcomes.count(outcome) for outcome in ("win", "tie", "loss", "untested"))
    more = f"{ties} tied, {losses} lost" + (f", {untested} of too few trials to test" if untested else "")
    saving = [
        each
        for each in facts.main.savings
        if each.against == baseline and each.strategy in facts.compared and verdict(each) == FEWER
    ]
    if saving:
        most = max(saving, key=lambda each: each.saved or 0.0)
        more += f"; {most.strategy} saves most labels, {share_text(most.saved)} ({interval_text(most)})"
    return (f"{wins} of {len(outcomes)}", f"strategies beat {baseline} at the end", more)
