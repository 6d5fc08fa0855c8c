"""A campaign in the plainest words: dicts and loops over everything, with nothing of how Ladle does it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

GOOD = ("cat", "dog")


@dataclass
class Model:
    pool: int
    annotators_per_task: int
    budget: int | None
    control: float = 0.0
    order: list[int] = field(default_factory=list)  # of all rows, by chance
    members: dict[int, tuple[int, bool]] = field(default_factory=dict)  # of the control: batch, drawn
    now: float = 0.0
    batches: list[dict] = field(default_factory=list)  # rows, lease_until, key, holder
    holds: dict[int, tuple[int, int]] = field(default_factory=dict)  # row -> the batch that asked last, place
    labels: list[dict] = field(default_factory=list)  # row, annotator, meant, version, status
    leases: dict[tuple[int, str], float] = field(default_factory=dict)
    since: dict[tuple[int, str], float] = field(default_factory=dict)  # when each lease began
    ended: set[tuple[int, str]] = field(default_factory=set)  # leases that ended otherwise than by their time
    excluded: set[int] = field(default_factory=set)
    gold: dict[int, int] = field(default_factory=dict)  # row -> class
    entries: list[tuple[int, object, str, int]] = field(default_factory=list)  # refused: row, word, who, step
    names: dict[str, str] = field(default_factory=dict)  # a name -> the person whose name it is now
    teams: dict[str, str] = field(default_factory=dict)  # person -> team
    final: dict[int, int] = field(default_factory=dict)  # row -> the class of the lead's word
    assigned: set[tuple[int, str]] = field(default_factory=set)  # row, person or team
    bought: dict[tuple[int, str], int] = field(default_factory=dict)  # row, the person as named then -> price in cents
    price: int = 100  # of a label, in cents
    made: set[int] = field(default_factory=set)  # rows that an assignment or a final word made tasks
    disputed_at: dict[int, int] = field(default_factory=dict)  # row -> the step at which it became disputed
    step: int = 0
    people: set[str] = field(default_factory=set)  # names of people, and of those whose work they do
    holders_and_assignees: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.people |= self.teams.keys()

    def knows(self, name: str) -> bool:
        return name in self.people | self.holders_and_assignees | set(self.teams.values())

    def settle(self) -> None:
        """After every change: note which disputes are new."""
        self.step += 1
        for row in range(self.pool):
            if self.is_task(row) and self.state(row) == "disputed":
                self.disputed_at.setdefault(row, self.step)
            else:
                self.disputed_at.pop(row, None)

    # A class is a number for ever. Labels hold the number that their name meant; a merged class is part of another.
    class_names: list[str] = field(default_factory=lambda: list(GOOD))  # of each class, merged and removed ones too
    part_of: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)  # classes that were removed
    meaning: dict[str, int] = field(default_factory=lambda: {name: number for number, name in enumerate(GOOD)})
    for_ever: set[int] = field(default_factory=set)  # merged classes of which another class took a name
    used: dict[tuple[str, int], int] = field(default_factory=dict)  # gold and final words on record -> their class

    def root(self, number: int) -> int:
        while number in self.part_of:
            number = self.part_of[number]
        return number

    @property
    def classes(self) -> list[str]:
        hidden = self.gone | self.part_of.keys()
        return [name for number, name in enumerate(self.class_names) if number not in hidden]

    @property
    def former(self) -> dict[str, str]:
        """The old name of a class -> its name now."""
        now = {name: self.class_names[self.root(number)] for name, number in self.meaning.items()}
        return {name: new for name, new in now.items() if name != new}

    def name(self, label: object) -> object:
        """A label as people see it: its class by its name now."""
        return self.class_names[self.root(label)] if isinstance(label, int) else label

    def add_class(self, name: str) -> None:
        self.meaning[name] = len(self.class_names)
        self.class_names.append(name)

    def rename_class(self, old: str, new: str) -> None:
        number = self.root(self.meaning[old])
        other = self.meaning.get(new)
        while other is not None and other != number:  # a part of this class, which gives its name away
            self.for_ever.add(other)
            other = self.part_of[other]
        self.class_names[number] = new
        self.meaning[new] = number

    def merge_classes(self, old: str, into: str) -> None:
        self.part_of[self.root(self.meaning[old])] = self.root(self.meaning[into])

    def merged(self, name: str) -> int | None:
        """The class of this name that is part of another, and may be one again."""
        number = self.meaning.get(name)
        is_part = number in self.part_of and self.class_names[number] == name
        return number if is_part and number not in self.for_ever else None

    def remove_class(self, name: str) -> None:
        number = self.root(self.meaning[name])
        self.gone.add(number)
        self.meaning = {each: to for each, to in self.meaning.items() if self.root(to) != number}

    def is_used(self, name: str) -> bool:
        numbers = [*(each["meant"] for each in self.labels if each["meant"] != "skip"), *self.used.values()]
        return any(self.name(number) == name for number in numbers)

    def current(self, row: int) -> dict[str, str]:
        """The answers that count, by annotator, in the order told. A skip is an answer without a label."""
        return {
            each["annotator"]: self.name(each["meant"])
            for each in self.labels
            if (each["row"], each["status"]) == (row, "current")
        }

    def state(self, row: int) -> str:
        if row in self.excluded:
            return "excluded"
        if row in self.final:
            return "labelled"
        answers = list(self.current(row).values())
        if len(answers) < self.annotators_per_task:
            return "open"
        counts = Counter(each for each in answers if each != "skip").most_common()
        if sum(count for _, count in counts) < self.annotators_per_task:
            return "disputed"
        return "disputed" if len(counts) > 1 and counts[0][1] == counts[1][1] else "labelled"

    def counted(self, row: int) -> str:
        """Its state in lists and counts: the label of a gold example is known, whoever disagrees on it."""
        return "labelled" if row in self.gold and self.state(row) == "disputed" else self.state(row)

    def is_task(self, row: int) -> bool:
        return row in self.holds or row in self.made or any(each["row"] == row for each in self.labels)

    def names_of(self, person: str) -> list[str]:
        return [person, *(name for name, now in self.names.items() if now == person)]

    def belongs(self, person: str, name: str) -> bool:
        return name in (person, self.teams.get(person))

    def done(self, name: str, row: int) -> bool:
        """Whether a person or all of a team have answered."""
        answered = set(self.current(row))
        members = {person for person, team in self.teams.items() if team == name}
        return name in answered or (bool(members) and members <= answered)

    def assignees(self, row: int) -> list[str]:
        """The people and teams that it is kept for."""
        return [name for assigned, name in self.assigned if assigned == row and not self.done(name, row)]

    def kept_for_others(self, row: int, person: str, share: bool) -> bool:
        if self.assignees(row):
            return not any(self.belongs(person, name) for name in self.assignees(row))
        if share or row not in self.holds or self.leases.get((row, person), 0.0) > self.now:
            return False
        batch = self.batches[self.holds[row][0] - 1]
        if not batch["holder"] or batch["lease_until"] <= self.now or self.belongs(person, batch["holder"]):
            return False
        return not self.done(batch["holder"], row)

    def disputes(self) -> list[int]:
        """The oldest first."""
        rows = [row for row in self.disputed_at if row not in self.gold]
        return sorted(rows, key=lambda row: (self.disputed_at[row], row))

    def out(self, row: int) -> bool:
        """Whether someone has it."""
        if self.assignees(row):
            return True
        held = row in self.holds and self.batches[self.holds[row][0] - 1]["lease_until"] > self.now
        return held or any(until > self.now for (taken, _), until in self.leases.items() if taken == row)

    def free(self) -> set[int]:
        return {
            row
            for row in range(self.pool)
            if row not in self.gold and row not in self.excluded and self.state(row) == "open" and not self.out(row)
        }

    def paid(self) -> int:
        """Labels that were told, whatever became of them: one for each example and annotator; skips cost nothing."""
        return len(self.bought)

    def reserved(self) -> int:
        """Labels that the tasks of batches still lack."""
        lacking = 0
        for row in self.holds:
            if self.counted(row) == "open":
                lacking += self.annotators_per_task - len(self.current(row))
            elif self.counted(row) == "disputed":
                lacking += 1
        return lacking

    def left(self) -> int:
        """Tasks the budget still allows."""
        if self.budget is None:
            return self.pool
        return max(0, self.budget - self.paid() - self.reserved()) // self.annotators_per_task

    def draw(self, size: int) -> list[int]:
        """What the control draws of an ask for this size; its members grow."""
        before = sum(len(batch["rows"]) for batch in self.batches)
        quota = int(self.control * (before + size) + 0.5) - int(self.control * before + 0.5)
        if quota == 0:
            return []
        end = max([self.order.index(row) for row in self.members], default=-1)
        free, drawn, number = self.free(), [], len(self.batches) + 1
        for place, row in enumerate(self.order):
            if place <= end and row in free and len(drawn) < quota:
                drawn.append(row)
                self.members.setdefault(row, (number, True))
            elif place <= end and row not in free | self.excluded:
                self.members.setdefault(row, (number, False))
        steps = quota - len(drawn)
        for row in self.order[end + 1 :]:
            if steps and row not in self.excluded:
                steps -= 1
                self.members[row] = (number, row in free)
                drawn += [row] if row in free else []
        return drawn

    def ask(self, rows: list[int], lease: float, key: str, holder: str) -> int:
        self.holders_and_assignees |= {holder} - {""}
        passed_on = sum(1 for row in rows if row in self.holds and row not in self.gold)
        self.batches.append({"rows": rows, "lease_until": self.now + lease, "key": key, "holder": holder})
        self.batches[-1]["asked_at"] = self.now
        for place, row in enumerate(rows):
            self.holds[row] = (len(self.batches), place)
        return passed_on

    def tell(self, said: list[tuple[int, object, str, float | None]]) -> Counter:
        """said: (row, label or "skip", annotator, when it was given; None for now)."""
        told: Counter = Counter()
        before = {row: self.counted(row) for row in range(self.pool) if self.is_task(row)}
        refused: list[tuple[int, object, str, int]] = []
        for row, word, name, given_at in said:
            annotator, meant = self.names.get(name, name), "skip" if word == "skip" else self.meaning.get(word)
            label = self.name(meant)
            if not 0 <= row < self.pool or meant is None:
                told["quarantined"] += 1
                refused.append((row, word, name, self.step))
                continue
            self.people |= {annotator} - {""}
            mine = [each for each in self.labels if (each["row"], each["annotator"]) == (row, annotator)]
            stands = next((each for each in mine if each["status"] == "current"), None)
            at = self.now if given_at is None else given_at
            if given_at is None and stands:
                at = max(at, stands["told_at"])
            if stands and self.name(stands["meant"]) == label:
                told["repeated"] += 1
                stands["told_at"] = max(stands["told_at"], at if given_at is not None else 0)
                continue
            is_older = stands is not None and at < stands["told_at"]
            same = [each for each in mine if self.name(each["meant"]) == label and each["status"] != "deleted"]
            if is_older and any(each["told_at"] >= at for each in same):
                told["repeated"] += 1
                continue
            if stands and not is_older:
                stands["status"] = "superseded"
            entry = {"row": row, "annotator": annotator, "meant": meant, "version": len(mine) + 1, "told_at": at}
            entry |= {"recorded_at": self.now, "step": self.step}
            self.labels.append(entry | {"status": "superseded" if is_older else "current"})
            if label != "skip" and not any((row, each) in self.bought for each in self.names_of(annotator)):
                self.bought[row, annotator] = self.price
            told["older"] += is_older
            told["skipped" if label == "skip" else "accepted"] += 1
            told["changed"] += len(mine) > 0 and label != "skip" and not is_older
        left = {self.same(each) for each in self.entries if not self.is_answered(each)}
        self.entries += [each for each in refused if self.same(each) not in left]
        told["answered"] = sum(
            1 for each in self.entries if each[0] in {row for row, *_ in said} and self.is_answered(each)
        )
        for row in range(self.pool):
            if self.is_task(row):
                told["unasked"] += row not in before
                for state in ("labelled", "disputed"):
                    told[state] += self.counted(row) == state and before.get(row) != state
        return told

    @property
    def quarantined(self) -> int:
        return len(self.entries)

    def same(self, entry: tuple[int, object, str, int]) -> tuple[int, object, str]:
        """What makes two refused answers one entry."""
        row, word, name, _ = entry
        return row, word, self.names.get(name, name)

    def is_answered(self, entry: tuple[int, object, str, int]) -> bool:
        """Whether its annotator has an answer for the example that came later."""
        row, _, name, step = entry
        mine = [each for each in self.labels if (each["row"], each["annotator"]) == (row, self.names.get(name, name))]
        return any(each["status"] == "current" and each["step"] > step for each in mine)

    def delete(self, rows: set[int] | None, annotator: str | None, since: float = 0.0) -> int:
        gone = [
            each
            for each in self.labels
            if (rows is None or each["row"] in rows)
            and each["status"] == "current"
            and annotator in (None, each["annotator"])
            and each["told_at"] >= since
        ]
        for each in gone:
            each["status"] = "deleted"
        return len(gone)

    def merge(self, old: str, into: str) -> None:
        """All that one name did was done by the other."""
        self.names = {name: into if now == old else now for name, now in self.names.items()} | {old: into}
        for each in self.labels:
            each["annotator"] = into if each["annotator"] == old else each["annotator"]
        for row in range(self.pool):
            mine = [each for each in self.labels if (each["row"], each["annotator"]) == (row, into)]
            standing = [each for each in mine if each["status"] == "current"]
            for version, each in enumerate(mine, start=1):
                each["version"] = version
            for each in standing:
                later = [other for other in standing if other["told_at"] >= each["told_at"]]
                if any(mine.index(other) > mine.index(each) or other["told_at"] > each["told_at"] for other in later):
                    each["status"] = "superseded"
        for (row, name), until in list(self.leases.items()):
            if name == old and until > self.now:
                self.end_lease((row, name))
                self.since.setdefault((row, into), self.since[row, name])
                self.extend_lease((row, into), until)

    def make_gold(self, row: int, word: str) -> None:
        """The same label again changes nothing."""
        if self.name(self.gold.get(row)) != self.name(self.meaning[word]):
            self.gold[row] = self.used["gold", row] = self.meaning[word]

    def adjudicate(self, rows: set[int], word: str) -> int:
        """The same word again changes nothing."""
        changed = [row for row in rows if self.name(self.final.get(row)) != self.name(self.meaning[word])]
        for row in changed:
            self.final[row] = self.used["final", row] = self.meaning[word]
        self.made |= rows
        return len(changed)

    def assign(self, rows: set[int], to: str) -> int:
        self.holders_and_assignees.add(to)
        fresh = {(row, to) for row in rows if not self.done(to, row)} - self.assigned
        self.assigned |= fresh
        self.made |= rows
        for row, _ in fresh:
            others = self.assignees(row)
            for (taken, person), until in list(self.leases.items()):
                has_it = taken == row and until > self.now
                if has_it and others and not any(self.belongs(person, name) for name in others):
                    self.end_lease((taken, person))
        return len(fresh)

    def unassign(self, rows: set[int], to: str | None) -> int:
        ended = {(row, name) for row, name in self.assigned if row in rows and to in (None, name)}
        self.assigned -= ended
        return len(ended)

    def take(self, annotator: str, size: int, lease: float, share: bool, disputed: bool) -> list[int]:
        """What the annotator holds, what is assigned to the annotator, what is due in the order of the lists."""
        listed = sorted(self.holds, key=lambda row: self.holds[row])
        in_order = [*listed, *(row for row in range(self.pool) if row not in self.holds)]

        held = [row for row in in_order if self.leases.get((row, annotator), 0.0) > self.now]
        mine = {row for row, name in self.assigned if self.belongs(annotator, name)}
        lists = [*held, *(row for row in in_order if row in mine), *([] if disputed else listed), *self.disputes()]
        chosen = [row for row in dict.fromkeys(lists) if self.due(row, annotator, share, disputed)][:size]
        self.people |= {annotator} if chosen else set()
        for row in chosen:
            self.begin_lease((row, annotator), self.now + lease)
        return chosen

    def due(self, row: int, annotator: str, share: bool = False, disputed: bool = False) -> bool:
        """Whether the annotator may get it."""
        if annotator in self.current(row) or row in self.excluded:
            return False
        if self.kept_for_others(row, annotator, share):
            return False
        if disputed and (row in self.gold or self.state(row) != "disputed"):
            return False
        if row not in self.gold and self.state(row) not in ("open", "disputed"):
            return False
        return row in self.gold or self.lacking(row, without=annotator) > 0

    def lacking(self, row: int, without: str = "") -> int:
        """The labels it lacks beyond those that are there, and those of people who have it; without: but this one."""
        votes = self.current(row)
        others = {
            name
            for (taken, name), until in self.leases.items()
            if taken == row and until > self.now and name != without and name not in votes
        }
        wanted = len(votes) + 1 if self.state(row) == "disputed" else self.annotators_per_task
        return wanted - len(votes) - len(others)

    def begin_lease(self, key: tuple[int, str], until: float) -> None:
        if self.leases.get(key, 0.0) <= self.now:
            self.since[key] = self.now
        self.extend_lease(key, until)

    def extend_lease(self, key: tuple[int, str], until: float) -> None:
        self.leases[key] = max(self.leases.get(key, 0.0), until)
        self.ended.discard(key)

    def end_lease(self, key: tuple[int, str]) -> None:
        self.leases[key] = min(self.leases[key], self.now)
        self.ended.add(key)

    def overdue(self) -> set[tuple[int, str]]:
        """Rows, and the people of now whose time is over and who still owe a label: who had it last, owes it first."""
        found: set[tuple[int, str]] = set()
        over = sorted(key for key, until in self.leases.items() if until <= self.now and key not in self.ended)
        lacking = {row: self.lacking(row) for row in self.outstanding()}
        for row, name in sorted(over, key=lambda key: -self.since[key]):
            key, person = (row, name), self.names.get(name, name)
            answers = [each for each in self.labels if (each["row"], each["annotator"]) == (row, person)]
            answered = any(each["recorded_at"] >= self.since[key] for each in answers)
            asked_again = row in self.holds and self.batches[self.holds[row][0] - 1]["asked_at"] >= self.leases[key]
            has_it = self.leases.get((row, person), 0.0) > self.now or (row, person) in found
            if lacking.get(row, 0) > 0 and self.due(row, person) and not (answered or asked_again or has_it):
                lacking[row] -= 1
                found.add((row, person))
        return found

    def in_hand(self, annotator: str) -> set[int]:
        """What one has taken and lasts and waits for an answer, be it gold that others know; and what is overdue."""
        mine = {row for (row, name), until in self.leases.items() if name == annotator and until > self.now}
        tests = {row for row in self.gold if self.is_task(row) and self.counted(row) == "labelled"}
        waits = {row for row in mine & (set(self.outstanding()) | tests) if not self.done(annotator, row)}
        return waits | {row for row, name in self.overdue() if name == annotator}

    def release(self, annotator: str) -> int:
        """What is overdue goes back too, once; a lease that ended by its time and owes nothing stays as it is."""
        back = in_hand = self.in_hand(annotator)
        for number, batch in enumerate(self.batches, start=1):
            if batch["holder"] == annotator and not batch.get("ended"):
                asked = {row for row, (last, _) in self.holds.items() if last == number}
                waits = {row for row in asked if self.counted(row) in ("open", "disputed")}
                if batch["lease_until"] > self.now or waits:
                    batch["lease_until"], batch["ended"] = min(batch["lease_until"], self.now), True
                back = back | {row for row in waits if not self.done(annotator, row)}
        for row, name in {key for key in self.leases if self.names.get(key[1], key[1]) == annotator} - self.ended:
            if row in in_hand or self.leases[row, name] > self.now:
                self.end_lease((row, name))
        return len(back)

    def asked_waiting(self) -> list[int]:
        waiting = [row for row in self.holds if self.counted(row) in ("open", "disputed")]
        return sorted(waiting, key=lambda row: self.holds[row])

    def outstanding(self) -> list[int]:
        assigned = sorted({row for row, _ in self.assigned if row not in self.holds})
        others = [row for row in self.disputes() if row not in self.holds and row not in assigned]
        return [*self.asked_waiting(), *(row for row in assigned if self.counted(row) in ("open", "disputed")), *others]

    def resolved(self) -> dict[int, str]:
        found = {}
        for row in range(self.pool):
            if self.state(row) == "labelled" and row not in self.gold:
                votes = [each for each in self.current(row).values() if each != "skip"]
                found[row] = self.name(self.final.get(row)) or Counter(votes).most_common(1)[0][0]
        return found | {row: self.name(meant) for row, meant in self.gold.items() if row not in self.excluded}
