"""Several runs of the same strategies on different pools as one HTML page: each pool's curves and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ladle.report.example_views import ExampleViews
from ladle.report.facts import ReportFacts
from ladle.report.markup import document, section, text
from ladle.report.page import curve_parts, details, licence, main_part
from ladle.report.sentences import count_text, difference_text, metric_text, outcome_text
from ladle.report.spreading import CAUTION, spreading_comparisons, spreading_sentences

if TYPE_CHECKING:
    from ladle.lab.data.datasets import Dataset


@dataclass(frozen=True, slots=True)
class PoolReport:
    """The run on one pool. dataset: to show examples; None: none are shown."""

    facts: ReportFacts
    dataset: Dataset | None = None


def pools_page(title: str, reports: Sequence[PoolReport], advice: str) -> str:
    """The page. advice: the last section, on how to tell which pool is the reader's.

    reports: of experiments with different names, which keep the drawings of one page apart.
    Raises: as `ladle.report.page.page`. Cost: as a page for each run.
    """
    views = [None if each.dataset is None else ExampleViews(each.dataset) for each in reports]
    pools = [each.facts for each in reports]
    sections = [
        *(_pool_section(facts) for facts in pools),
        section("Which pool is yours?", advice),
        *(_details(facts, view) for facts, view in zip(pools, views, strict=True)),
    ]
    names = " and ".join(facts.name for facts in pools)
    sources = " ".join(dict.fromkeys(licence(facts) for facts in pools))
    body = (
        _header(title, pools)
        + main_part("".join(sections), views[0] if views else None)
        + f"<footer>Made by Ladle {text(pools[0].version)} from the ledgers of {text(names)}. {sources}</footer>"
    )
    return document(title, body, {"pools": [facts.to_dict() for facts in pools]})


def _header(title: str, pools: Sequence[ReportFacts]) -> str:
    cards = "".join(_card(facts, place) for place, facts in enumerate(pools, 1))
    return (
        f'<header><p class="kicker">Ladle lab: {text(" and ".join(facts.name for facts in pools))}</p>'
        f'<h1>{text(title)}</h1><p>{text(_in_short(pools))}</p><div class="cards">{cards}</div></header>'
    )


def _in_short(pools: Sequence[ReportFacts]) -> str:
    strategies = ", ".join(dict.fromkeys(strategy for facts in pools for strategy in facts.strategies))
    return (
        f"{count_text(len(pools), 'pool')}, each labelled step by step by {strategies}. Within a trial all of them "
        f"start from the same labels, model and clustering. {CAUTION}"
    )


def _card(facts: ReportFacts, place: int) -> str:
    """Of each strategy that spreads its batch: the difference from the first baseline, and whether it is a win."""
    return "".join(
        f'<div class="card"><strong>{text(f"{100 * each.difference:+.2f} points")}</strong>'
        f"<b>{text(f'{each.strategy} against {each.against}')}</b><br>"
        f"<span>{text(f'Pool {place}: {outcome_text(each)}, {difference_text(each)}')}</span></div>"
        for each in spreading_comparisons(facts)
    )


def _pool_section(facts: ReportFacts) -> str:
    """The curves of one pool under the sentences on what came out."""
    outcome, *more = spreading_sentences(facts) or [f"{metric_text(facts.main.metric)} by the number of labels."]
    sentences = "".join(f'<p class="note">{text(sentence)}</p>' for sentence in [*more, _pool_sentence(facts)])
    return section(facts.title, outcome, sentences, *curve_parts(facts, facts.main))


def _pool_sentence(facts: ReportFacts) -> str:
    """What the pool is, and what was done with it."""
    rows, source = facts.dataset.get("rows"), facts.dataset.get("source")
    pool = f"The pool: {rows:,} examples of {facts.dataset['name']}{f' ({source})' if source else ''}. " if rows else ""
    return (
        f"{pool}{count_text(len(facts.labels) - 1, 'round')} of {facts.batch_size:,} labels after a seed set of "
        f"{facts.labels[0]:,}; {count_text(facts.trials, 'trial')}."
    )


def _details(facts: ReportFacts, views: ExampleViews | None) -> str:
    """All that the report of the run has beside its curves, in a fold."""
    summary = f"All the rest on this pool: {facts.title}"
    return f'<details class="run"><summary>{text(summary)}</summary>{details(facts, views)}</details>'
