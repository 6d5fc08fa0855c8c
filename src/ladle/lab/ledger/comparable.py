"""Whether two experiments, or the facts of two ledgers, are parts of one, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ladle.lab.protocol.experiment import GROWING, Experiment, StrategyEntry


def differences(before: Experiment, now: Experiment, begun: Mapping[str, StrategyEntry]) -> list[str]:
    """The fields and strategies by which rounds of `before` are no rounds of `now`, as lines of text.

    begun: the strategies that have rounds, by label; a strategy without rounds may have other options. The options of a
    data set are not compared, because its files may have moved; the digest of its content is compared elsewhere.
    """
    old, new = before.model_dump(), now.model_dump()
    differing = [name for name in old if name not in GROWING and old[name] != new[name]]
    if old["dataset"]["name"] == new["dataset"]["name"] and "dataset" in differing:
        differing.remove("dataset")
    lines = [f"{name} ({_dial_text(old[name])} there, {_dial_text(new[name])} here)" for name in differing]
    return lines + [f"strategy {each.label}" for each in now.strategies if begun.get(each.label, each) != each]


def other_data(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Which of "dataset" and "learner" differ between the facts of two ledgers."""
    changed = []
    if before["dataset"]["digest"] != now["dataset"]["digest"]:  # the digest: where the files lie does not matter
        changed.append("dataset")
    if _learner_of(before, now) != _learner_of(now, before):
        changed.append("learner")
    return changed


def learner_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """How the learners in the facts of two ledgers differ: by their names, or else by their options."""
    if before["learner"] != now["learner"]:
        return f"{before['learner']} there, {now['learner']} here"
    old, new = (dict(_learner_of(facts, {})[1] or {}) for facts in (before, now))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return ", ".join(f"{name} {old.get(name, 'none')} there, {new.get(name, 'none')} here" for name in names)


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The versions and fields of the machine that differ between the facts of two ledgers, as lines of text."""
    lines = []
    for part in ("versions", "machine"):
        old = before.get(part, {})
        differing = {name: value for name, value in now[part].items() if name in old and old[name] != value}
        lines += [f"{name} {_fact_text(value)}, before {_fact_text(old[name])}" for name, value in differing.items()]
    return lines


def _learner_of(facts: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[Any, Any]:
    """The learner in `facts` and its options; the first ledgers have no options, and take those of `others`."""
    return facts["learner"], facts.get("learner_options", others.get("learner_options"))


def _dial_text(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(
            [str(value.get("name", "")), *(f"{name}={each}" for name, each in value.items() if name != "name")]
        ).strip()
    return str(value)


def _fact_text(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
