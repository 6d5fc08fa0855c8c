"""What the log of a campaign says of one example: who took it, gave it back, excluded it, decided it, when and why.

The tables keep the last of these alone; the log keeps each. Its events name examples by id, because rows change with
the pool. An older Ladle did not name all of them: `nameless_line` says of which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ladle.labelling.classes import rewritten
from ladle.labelling.contract.columns import texts
from ladle.labelling.contract.tables import REMOVED, EventTable, LabelTable
from ladle.labelling.labels import Labels, parsed
from ladle.labelling.people import NameChange, People, name_now, person_before, person_name
from ladle.labelling.records import moment
from ladle.labelling.states import LABELLED, OPEN, WAITING

Line = tuple[int, int, str]  # when, the number of the event, what
Report = Mapping[str, Any]  # of an event

# What an older Ladle did to examples without naming them, in words.
ONCE_NAMELESS = {
    "take": "taken",
    "release": "given back",
    "exclude": "excluded",
    "include": "included again",
    "gold": "made gold",
}
SOMEONE = "someone"  # whose name the log does not have
JUDGING = {"annotators_per_task": "people for each example", "agreement": "agreement"}  # settings, in words
OF_ANSWERS = ("tell", "import", "skip")
OF_NAMES = ("merge people", "rename person")  # what one name has, another one has from then on


@dataclass(slots=True)
class ExampleHistory:
    """One example, while the events are read in their order.

    example_id: as text. batches: the event and the holder of each that has it, by number. state_before: its
    state by its labels just before an event. answers: all versions of its labels and skips. by_row: whether rows in the
    log are rows of now. lease_ends: until when the leases last that the table has, by the event that wrote each last.

    name_changes: all merges and renames of people, holders and assignees.

    What the events have told so far: taken_by: the people who took it. held: until when, by those who have it, under
    their names of then. is_gone: whether it is out of the pool. word: the final word and whose it is. exclusion: why it
    is excluded. gold: its known label. decided: final words and gold labels, as told, with the event of each. said: the
    time of answers that were given again, before that, by number. never_stood, stand_again: the numbers of answers that
    an untelling names. nameless: of each kind of events that may be about this example or not, when the last was and
    its number.
    """

    example_id: str
    row: int
    batches: Mapping[int, tuple[int, str]]
    state_before: Callable[[int], int]
    answers: LabelTable
    people: People
    name_changes: Sequence[NameChange]
    classes: Labels
    by_row: bool
    lease_ends: Mapping[int, int]
    event: int = 0  # that is read now
    at: int = 0  # when it was
    taken_by: set[str] = field(default_factory=set)
    held: dict[str, int] = field(default_factory=dict)
    is_gone: bool = False
    word: tuple[str, str] = ("", "")
    exclusion: str = ""
    is_exclusion_told: bool = False
    gold: str = ""
    is_gold_told: bool = False
    decided: list[tuple[int, str]] = field(default_factory=list)
    said: dict[int, int] = field(default_factory=dict)
    never_stood: set[int] = field(default_factory=set)
    stand_again: set[int] = field(default_factory=set)
    nameless: dict[str, tuple[int, int]] = field(default_factory=dict)

    def named(self, name: str, event: int = 0) -> str:
        """Who had this name at an event, under the names of now and of then. event: by default the one that is read."""
        return who_words(name_now(name, event or self.event, self.name_changes), name)

    def person_then(self, name: str) -> str:
        """The person whose name this was at the event that is read."""
        return person_before(self.event, name, [each for each in self.name_changes if not each.of_holders])

    def hand_over(self, old: str, new: str) -> None:
        """What one name has, another one has from now on: the names are of one person."""
        until = self.held.pop(old, 0)
        if until > self.at:
            self.held[new] = max(until, self.held.get(new, 0))

    def entered(self, actor: str, *names: str) -> str:
        """Who typed the command, where that is known and was another person than the one of these names."""
        persons = {self.people.name_of(person_name(name)) for name in names}
        is_other = actor not in ("", SOMEONE) and self.people.name_of(actor) not in persons
        return f", entered by {actor}" if is_other else ""

    def is_out(self, number: int) -> bool:
        """Whether the example waited in this batch for an answer of its holder, just before the event that is read."""
        event, holder = self.batches.get(number, (self.event, ""))
        latest = max((other for other, (asked, _) in self.batches.items() if asked < self.event), default=0)
        if event >= self.event or latest != number or self.word[0] or self.exclusion or self.is_gone:
            return False
        stand = standing(self.answers, self.event)
        has_answered = bool(holder) and self.people.have_answered(holder, stand.annotator.tolist())
        state = self.state_before(self.event)
        return not has_answered and (state == OPEN if self.gold else state in WAITING)

    def verdict(self, event: int) -> str:
        """What an event that changed the settings made of its labels; "" for nothing, or where a lead had decided."""
        if any(decided < event for decided, _ in self.decided):
            return ""
        before, after = (self.state_before(each) == LABELLED for each in (event, event + 1))
        return "" if before == after else f": its labels are {'enough now' if after else 'not enough any more'}"

    def label(self, text: str) -> str:
        """A label in canonical JSON, under the names of the classes now, and that of then where it was another one."""
        return label_words(under_names(self.classes, text), text)

    def has(self, number: int) -> bool:
        """Whether the example has the answer of this number."""
        return bool((self.answers.number == number).any())

    def answer(self, number: int) -> str:
        """What an answer of the example is, and whose."""
        place = self.answers.number.tolist().index(number)
        label = str(self.answers.label[place])
        words = f"label {label_words(label, str(self.answers.as_told[place]))}" if label else "skip"
        return f"the {words} of {who_words(str(self.answers.annotator[place]), str(self.answers.told_by[place]))}"

    def is_among(self, told: Report) -> bool:
        """Whether the example is one of those that an event names."""
        if "ids" in told:
            return self.example_id in told["ids"]
        return self.by_row and self.row in told.get("rows", ())


def example_lines(events: EventTable, history: ExampleHistory) -> Iterator[Line]:
    """One line for each thing that happened to the example. Cost: parses the events that may name it."""
    quoted = json.dumps(history.example_id, ensure_ascii=False)
    for seq, at, kind, actor, _, _, details, _ in events.tuples():
        if kind not in _WORDS or not _may_name(kind, details, quoted):
            continue
        told = json.loads(details)["told"]
        if kind in ONCE_NAMELESS and "ids" not in told and not (history.by_row and "rows" in told):
            history.nameless[kind] = (at, seq)
        history.event, history.at = seq, at
        for what in _WORDS[kind](history, told, actor or SOMEONE):
            yield at, seq, what


def nameless_line(history: ExampleHistory) -> Iterator[Line]:
    """What the record cannot tell, where an older Ladle has written a part of it."""
    if history.nameless:
        *most, last = (word for kind, word in ONCE_NAMELESS.items() if kind in history.nameless)
        at, seq = max(history.nameless.values(), key=lambda each: each[1])
        what = f"{', '.join(most)} or {last}" if most else last
        words = (
            f"up to here an older Ladle did not record which examples were {what}: of these, at most the last is known"
        )
        yield at, seq, words


def _may_name(kind: str, details: str, quoted: str) -> bool:
    """Whether the details of an event can be about an example, by a look at their text."""
    if kind in OF_ANSWERS:
        return '"retimed": [' in details
    if kind == "set":
        return any(f'"{name}": [' in details for name in JUDGING)
    if kind == "untell":
        return '"stand_again": [' in details or '"never_stood": [' in details
    is_nameless = kind in ONCE_NAMELESS and '"ids": [' not in details
    return quoted in details or is_nameless or kind in ("release", "renew", *OF_NAMES)


def standing(answers: LabelTable, event: int) -> LabelTable:
    """The answers that stood just before an event."""
    return answers.take((answers.event < event) & ((answers.ended == 0) | (answers.ended >= event)))


def under_names(classes: Labels, text: str) -> str:
    """A label in canonical JSON under the names that these classes have; as it is where they do not know it."""
    written, refused = rewritten(classes, texts([text]))
    return text if refused else str(written[0])


def label_words(now: str, then: str) -> str:
    """A label, and the name of then where its class has another name now. Both are canonical JSON."""
    return f"{parsed(now)!r}" + (f" (then {parsed(then)!r})" if then not in ("", now) else "")


def who_words(now: str, then: str) -> str:
    """A person, and the name of then where the person has another name now."""
    return (now or SOMEONE) + (f" (then named {then})" if then and person_name(then) != now else "")


def lease_end(microseconds: int) -> str:
    """Until when a lease lasts."""
    return f"until {moment(microseconds):%Y-%m-%d %H:%M} UTC"


def time_text(microseconds: int) -> str:
    """When an answer was given by the word of who told it, as the lines of a story have their times: in UTC."""
    return f"{moment(microseconds):%Y-%m-%d %H:%M:%S}"


def _take(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_among(told):
        who = told.get("annotator", actor)  # in an older log the actor is who takes
        history.taken_by.add(history.people.name_of(who))
        until = told.get("lease_until", history.lease_ends.get(history.event))
        then = history.person_then(who)
        before = history.held.get(then, 0)
        is_renewed = before > history.at
        if until is not None:
            until = history.held[then] = max(until, before) if is_renewed else until
        lasts = "" if until is None else f" {lease_end(until)}"
        yield f"{'kept' if is_renewed else 'taken'} by {history.named(who)}{lasts}{history.entered(actor, who)}"


def _release(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    who = told.get("annotator", actor)
    if "ids" in told and history.example_id in (*told["ids"], *told.get("also_ended", ())):
        history.held.pop(history.person_then(who), None)
    if "ids" in told and history.is_among(told):
        yield f"given back by {history.named(who)}{history.entered(actor, who)}"
    for number in told.get("batches", ()):
        if history.is_out(number):
            yield f"batch {number:,} given back by {history.named(who)}{history.entered(actor, who)}"


def _renew(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_out(told["batch"]):
        yield f"batch {told['batch']:,} asked for again by {actor}, {lease_end(told['lease_until'])}"


def _assign(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_among(told):
        yield f"assigned to {history.named(told['to'])} by {actor}"
    for example_id, who in told.get("leases_ended", ()):
        if example_id == history.example_id:
            history.held.pop(history.person_then(who), None)
            yield f"taken away from {history.named(who)} by {actor}, because of this assignment"


def _unassign(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    assignees = told.get("assignees") or [*told["to"]] * len(told["ids"])
    for example_id, who in zip(told["ids"], assignees, strict=True):
        if example_id == history.example_id:
            yield f"no longer assigned to {history.named(who)}, by {actor}"


def _exclude(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_among(told):
        history.exclusion, history.is_exclusion_told = told["reason"], True
        yield f"excluded by {actor}: {told['reason']}"


def _include(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_among(told):
        was = f" (was excluded: {history.exclusion})" if history.exclusion else ""
        history.exclusion, history.is_exclusion_told = "", True
        yield f"included again by {actor}{was}"


def _replace(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.example_id in told.get("removed_ids", ()):
        history.is_exclusion_told = history.is_gone = True
        yield f"{REMOVED} by {actor}: another one took its place"
    if history.example_id in told.get("returned_ids", ()):
        history.is_exclusion_told, history.is_gone = True, False
        yield f"in the pool again, by {actor}"


def _adjudicate(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_among(told):
        label = told["labels"][told["ids"].index(history.example_id)]
        history.decided.append((history.event, label))
        word = history.label(label) + (f" ({told['reason']})" if told["reason"] else "")
        before = f", in place of {history.word[0]} by {history.word[1]}" if history.word[0] else ""
        history.word = (word, actor)
        yield f"decided by {actor}: {word}{before}"


def _undo(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_among(told):
        (word, by), history.word = history.word, ("", "")
        yield f"the final word of {by or 'someone'} was taken back by {actor}" + (f": it was {word}" if word else "")


def _gold(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.is_among(told):
        text = told["labels"][told["ids"].index(history.example_id)]
        history.decided.append((history.event, text))
        label = history.label(text)
        before = f", in place of {history.gold}" if history.gold else ""
        history.gold, history.is_gold_told = label, True
        yield f"gold: known to be {label}, by {actor}{before}"


def _remove_gold(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if history.example_id in told["labels"]:
        history.gold, history.is_gold_told = "", True
        yield f"gold no more, by {actor}: it was known to be {history.label(told['labels'][history.example_id])}"


def _untell(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    history.never_stood.update(told.get("never_stood", ()))
    history.stand_again.update(told.get("stand_again", ()))
    for number in told.get("stand_again", ()):
        if history.has(number):
            reason = f": {told['reason']}" if told["reason"] else ""
            yield f"{history.answer(number)} stands again, because {actor} untold {told['file']}{reason}"


def _set(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    if verdict := history.verdict(history.event):
        changed = {name: told["changed"][name] for name in JUDGING if name in told["changed"]}
        words = ", ".join(f"{JUDGING[name]} {old} became {new}" for name, (old, new) in changed.items())
        yield f"{words}, by {actor}{verdict}"


def _names_changed(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    old, new = ("merged", "into") if "merged" in told else ("renamed", "to")
    history.hand_over(told[old], told[new])
    return iter(())


def _given_again(history: ExampleHistory, told: Report, actor: str) -> Iterator[str]:
    for number, before, again in told.get("retimed", ()):
        if history.has(number):
            history.said.setdefault(number, before)
            yield f"{history.answer(number)} was given again, said {time_text(again)}"


_WORDS: dict[str, Callable[[ExampleHistory, Report, str], Iterator[str]]] = {
    "take": _take,
    "release": _release,
    "renew": _renew,
    "assign": _assign,
    "unassign": _unassign,
    "exclude": _exclude,
    "include": _include,
    "replace": _replace,
    "adjudicate": _adjudicate,
    "undo-adjudication": _undo,
    "gold": _gold,
    "remove gold": _remove_gold,
    "set": _set,
    "untell": _untell,
    **dict.fromkeys(OF_NAMES, _names_changed),
    **dict.fromkeys(OF_ANSWERS, _given_again),
}
