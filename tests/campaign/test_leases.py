"""Who may take what: the lease of a named holder, the lists that are taken from, how long a lease has lasted."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ladle
from ladle.campaign.status import status
from ladle.errors import ArgumentError, MismatchError
from ladle.labelling import MemoryStore, Store
from ladle.labelling.contract.events import Act, Effects, next_number, record
from ladle.labelling.contract.tables import EventTable, LeaseTable, PersonTable
from tests.campaign.made import HOUR, Clock, begun, enrol, ids_of, margins


def asked_for_vendor(store: Store, folder: Path, **settings: object) -> ladle.Campaign:
    """A batch of five for vendorA."""
    campaign = begun(store, folder, **settings)  # type: ignore[arg-type]
    campaign.ask(5, margins=margins(), holder="vendorA")
    return campaign


def test_a_batch_with_a_holder_is_left_to_its_holder(store: Store, tmp_path: Path) -> None:
    campaign = asked_for_vendor(store, tmp_path)
    assert campaign.take("ann", 5).ids.tolist() == []
    second = campaign.ask(3, margins=margins())
    assert campaign.take("ann", 5).ids.tolist() == second.ids.tolist(), "only what nobody holds"
    assert campaign.take("vendorA", 9).ids.tolist() == ids_of(5), "the holder takes its own"
    campaign.tell(ids_of(5), ["cat"] * 5, annotator="vendorA")
    assert campaign.progress().disputed == 0


def test_share_hands_it_out_on_purpose(store: Store, tmp_path: Path) -> None:
    campaign = asked_for_vendor(store, tmp_path)
    assert campaign.take("ann", 2, share=True).ids.tolist() == ids_of(2)
    assert campaign.take("ann", 9).ids.tolist() == ids_of(2), "what she has taken stays hers"
    assert campaign.take("vendorA", 9).ids.tolist() == ids_of(5)[2:], "and no third person gets it"
    assert campaign.audit()[-3].details["size"] == 2


def test_the_team_of_the_holder_gets_it(store: Store, tmp_path: Path) -> None:
    campaign = asked_for_vendor(store, tmp_path)
    enrol(store, "ann", "vendorA")
    assert campaign.take(" ann ", 2).ids.tolist() == ids_of(2), "a name is trimmed"
    assert campaign.take("bob", 9).ids.tolist() == []
    assert campaign.take("vendorA", 9).ids.tolist() == ids_of(5)[2:]


@pytest.mark.parametrize("end", ["expired", "released", "taken over"])
def test_a_lease_that_has_ended_holds_nothing(store: Store, end: str, tmp_path: Path) -> None:
    clock = Clock()
    campaign = asked_for_vendor(store, tmp_path, clock=clock)
    if end == "released":
        assert campaign.release(" vendorA") == 5
    else:
        clock.now += HOUR
    if end == "taken over":
        campaign.ask(5, margins=margins(), holder="bob")
        assert campaign.take("ann", 5).ids.tolist() == campaign.take("vendorA", 5).ids.tolist() == []
        assert campaign.take("bob", 5).ids.tolist() == ids_of(5)
    else:
        assert campaign.take("ann", 5).ids.tolist() == ids_of(5)
        assert campaign.take("vendorA", 5).ids.tolist() == [], "now they are hers"


def test_a_name_that_was_merged_is_the_holder_still(store: Store, tmp_path: Path) -> None:
    campaign = asked_for_vendor(store, tmp_path)
    enrol(store, "Vendor A", "")
    enrol(store, "vendorA", "")
    with store.writing("birds") as writer:
        people, event = writer.read(PersonTable), next_number(writer, EventTable)
        people.merged_into[1] = 1
        record(writer, Act("merge", 1_000_000, "lead"), Effects(changed=(people,), report={"event": event}))
    assert campaign.take("vendorA", 2).annotator == "Vendor A"
    assert campaign.take("Vendor A", 9).renewed == 2
    assert campaign.release("vendorA") == 5
    assert campaign.take("ann", 9).ids.tolist() == ids_of(5)


def test_a_renewed_ask_leaves_what_others_have_taken(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(4, margins=margins(), holder="vendorA", key="monday")
    clock.now += HOUR
    campaign.take("ann", 2)
    assert campaign.ask(4, margins=margins(), holder="vendorA", key="monday").renewed
    assert campaign.take("ann", 4).ids.tolist() == ids_of(2), "hers stays hers, and the rest is the holder's again"
    assert campaign.take("vendorA", 4).ids.tolist() == ids_of(4)[2:]


def test_gold_in_a_held_batch_is_held_too(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.add_gold(ids_of(40)[-1:], ["cat"])
    campaign.ask(2, margins=margins(), gold=1, holder="bob")
    assert len(campaign.take("ann", 9)) == 0
    assert len(campaign.take("bob", 9)) == 3
    campaign.tell(ids_of(40)[-1:], ["cat"], annotator="bob")
    assert campaign.take("ann", 9).ids.tolist() == ids_of(40)[-1:], "gold is for everyone once its holder has seen it"


def test_gold_that_has_its_labels_is_seen_with_who_has_it(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.add_gold(ids_of(40)[-1:], ["cat"])
    campaign.ask(1, margins=margins(), gold=1)
    campaign.tell(ids_of(40)[-1:], ["cat"], annotator="bob")
    assert set(campaign.take("eve", 2).ids.tolist()) == {ids_of(1)[0], ids_of(40)[-1]}
    assert campaign.take("ann", 1).ids.tolist() == ids_of(40)[-1:]
    until = datetime.fromtimestamp(clock.now + HOUR, UTC)
    found = [(row.who, row.how, row.tasks, row.until, row.ended) for row in campaign.holdings()]
    assert found == [(who, how, 1, until, False) for who, how in (("eve", "taken"), ("ann", "gold"), ("eve", "gold"))]
    assert [row.id for row in campaign.outstanding()] == ids_of(1), "it waits for nobody else"
    assert campaign.release("ann") == 1
    assert [row.who for row in campaign.holdings()] == ["eve"] * 2
    assert campaign.release("ann") == 0
    assert campaign.take("ann", 1).ids.tolist() == ids_of(40)[-1:]
    campaign.tell(ids_of(40)[-1:], ["dog"], annotator="ann")
    assert [row.who for row in campaign.holdings()] == ["eve"] * 2
    assert campaign.release("ann") == 0
    assert campaign.release("eve") == 2
    assert campaign.verify().ok


def test_a_holder_who_has_answered_keeps_nobody_from_the_rest(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    campaign.ask(3, margins=margins(), holder="bob")
    campaign.tell(ids_of(2), ["cat", "dog"], annotator="bob")
    assert [row.held_since is None for row in campaign.outstanding()] == [True, True, False]
    assert campaign.holdings()["tasks"].tolist() == [1]
    assert campaign.take("ann", 9).ids.tolist() == ids_of(2), "the second label of two people"
    campaign.tell(ids_of(2), ["dog", "dog"], annotator="ann")
    assert campaign.take("cy", 9, disputed=True).ids.tolist() == ids_of(1), "the third, of a dispute"


def test_a_team_keeps_a_dispute_while_one_of_it_can_settle_it(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    for person in ("ann", "bob", "cy"):
        enrol(store, person, "red")
    campaign.ask(1, margins=margins(), holder="red")
    campaign.tell(ids_of(1) * 2, ["cat", "dog"], annotator=["ann", "bob"])
    assert len(campaign.take("dora", 9)) == 0
    assert len(campaign.take("dora", 9, disputed=True)) == 0
    assert campaign.take("cy", 9).ids.tolist() == ids_of(1)
    campaign.release("cy")
    campaign.tell(ids_of(1), ["emu"], annotator="cy")
    assert campaign.take("dora", 9).ids.tolist() == ids_of(1), "all of the team disagree"


def test_an_ask_leaves_what_people_have_taken_from_a_lapsed_batch(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = asked_for_vendor(store, tmp_path, clock=clock)
    clock.now += HOUR
    campaign.take("ann", 3)
    assert campaign.ask(4, margins=margins()).ids.tolist() == ids_of(7)[3:]


def test_a_lease_taken_again_after_its_end_begins_anew(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(2, margins=margins())

    def since() -> list[int]:
        with store.reading("birds") as view:
            return view.read(LeaseTable).since.tolist()

    began = round(clock.now * 1e6)
    campaign.take("ann", 1)
    clock.now += HOUR / 2
    campaign.take("ann", 1)
    assert since() == [began], "renewed, it began when it began"
    clock.now += HOUR
    campaign.take("ann", 1)
    assert since() == [round(clock.now * 1e6)]
    campaign.release("ann")
    clock.now += 60
    campaign.take("ann", 1)
    assert since() == [round(clock.now * 1e6)]


def test_disputes_that_no_ask_chose_are_on_the_list(store: Store, tmp_path: Path) -> None:
    """The labels of two files disagree on examples that nobody had asked for."""
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    late, early = ids_of(40)[30:32], ids_of(40)[35:37]
    campaign.tell(early, ["cat", "cat"], annotator="one.csv")
    campaign.tell(late, ["cat", "cat"], annotator="one.csv")
    campaign.tell(early, ["dog", "dog"], annotator="two.csv")
    campaign.tell(late, ["dog", "dog"], annotator="two.csv")
    batch = campaign.ask(3, margins=margins())
    assert campaign.disputes()["id"].tolist() == [*early, *late], "the oldest dispute first"
    assert campaign.take("ann", 9).ids.tolist() == [*batch.ids.tolist(), *early, *late], "after the batches"
    assert campaign.take("bob", 9).ids.tolist() == [], "a third is enough"
    campaign.tell(early, ["cat", "dog"], annotator="ann")
    assert campaign.disputes()["id"].tolist() == late
    assert campaign.progress().disputed == 2


def test_the_list_of_disputes_alone(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(4, margins=margins())
    unasked = ids_of(40)[-2:]
    campaign.tell(unasked * 2, ["cat", "cat", "dog", "dog"], annotator=["b", "b", "c", "c"])
    campaign.tell(ids_of(1) * 2, ["cat", "dog"], annotator=["b", "c"])
    taken = campaign.take("ann", 2, disputed=True)
    assert taken.ids.tolist() == unasked
    assert campaign.take("ann", 9, disputed=True).ids.tolist() == [*unasked, *ids_of(1)]
    assert campaign.take("ann", 9, disputed=True).renewed == 3
    assert campaign.take("dora", 9, disputed=True).ids.tolist() == []
    assert campaign.outstanding()["taken_by"].tolist() == ["ann", "", "", "", "ann", "ann"]
    clock.now += HOUR
    assert campaign.take("dora", 1, disputed=True).passed_on == 1


def test_a_long_list_of_disputes_is_taken_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.campaign.work.leases.PAGE_ROWS", 3)
    campaign = begun(MemoryStore(), tmp_path)
    ids = ids_of(40)[10:30]
    campaign.tell(ids, ["cat"] * 20, annotator="one")
    for example in ids:
        campaign.tell([example], ["dog"], annotator="two")
    campaign.add_gold(ids[4:5], ["dog"])
    wanted = [*ids[:4], *ids[5:]]
    assert campaign.take("ann", 99).ids.tolist() == wanted
    assert campaign.take("ann", 99, disputed=True).ids.tolist() == sorted(wanted, key=ids_of(40).index)


def test_excluded_disputes_are_given_to_nobody(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell(ids_of(2) * 2, ["cat", "cat", "dog", "dog"], annotator=["b", "b", "c", "c"])
    campaign.exclude(ids_of(1), reason="blurred")
    assert campaign.take("ann", 9).ids.tolist() == ids_of(2)[1:]
    assert campaign.disputes()["id"].tolist() == ids_of(2)[1:]


def test_switches_of_a_take_are_switches(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path)
    for option in ({"share": "yes"}, {"disputed": 1.5}):
        with pytest.raises(ArgumentError, match=next(iter(option))):
            campaign.take("ann", 1, **option)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="annotator"):
        campaign.take("  ", 1)


def test_who_has_what_since_when(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = asked_for_vendor(store, tmp_path, clock=clock, annotators_per_task=2)
    began = campaign.batch().asked_at
    campaign.ask(2, margins=margins())
    clock.now += 60
    campaign.take("ann", 1)
    clock.now += 60
    campaign.take("bob", 2)
    rows = list(campaign.outstanding())
    assert [row.holder for row in rows] == ["vendorA"] * 5 + [""] * 2
    assert [row.held_since for row in rows] == [began] * 5 + [None] * 2
    assert [row.held_until for row in rows] == [began + timedelta(hours=1)] * 5 + [None] * 2
    assert [row.taken_by for row in rows] == [""] * 5 + ["ann, bob", "bob"]
    minute = timedelta(minutes=1)
    assert [row.taken_since for row in rows] == [None] * 5 + [began + minute, began + 2 * minute]
    assert [row.lease_until for row in rows[4:]] == [began + timedelta(hours=1)] + [
        began + timedelta(hours=1) + 2 * minute
    ] * 2
    told = [(row.who, row.how, row.tasks, row.since, row.ended) for row in campaign.holdings()]
    assert told == [
        ("vendorA", "batch 1", 5, began, False),
        ("ann", "taken", 1, began + minute, False),
        ("bob", "taken", 2, began + 2 * minute, False),
    ]
    campaign.tell(ids_of(7)[5:], ["cat"] * 2, annotator="bob")
    assert "bob" not in campaign.holdings()["who"].tolist(), "what is labelled waits for bob no more"
    assert campaign.outstanding()["taken_by"].tolist()[5:] == ["ann", ""]
    clock.now += HOUR
    assert [(row.who, row.ended) for row in campaign.holdings()] == [("vendorA", True), ("ann", True)]
    assert campaign.outstanding()["taken_by"].tolist() == [""] * 7


def test_outstanding_of_nothing(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path)
    assert len(campaign.outstanding()) == len(campaign.holdings()) == len(campaign.disputes()) == 0


def test_a_dispute_is_with_nobody_who_has_answered(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    campaign.ask(1, margins=margins())
    for annotator, label in (("ann", "cat"), ("bob", "dog")):
        (example,) = campaign.take(annotator, 1).ids.tolist()
        campaign.tell([example], [label], annotator=annotator)
    (dispute,) = campaign.disputes()
    assert (dispute.taken_by, dispute.assigned_to) == ("", "")
    campaign.take("cy", 1, disputed=True)
    assert campaign.disputes()["taken_by"].tolist() == ["cy"]


def test_a_release_counts_what_goes_back(store: Store, tmp_path: Path) -> None:
    """Tasks of a batch whose holder gives it back, and none that others have labelled meanwhile."""
    campaign = begun(store, tmp_path)
    batch = campaign.ask(5, margins=margins(), holder="acme")
    campaign.tell(batch.ids[:1], ["cat"], annotator="acme")
    assert campaign.release("acme") == 4
    assert campaign.release("acme") == 0
    taken = campaign.take("cy", 3)
    campaign.tell(taken.ids[:2], ["cat", "dog"], annotator="eve")
    assert campaign.release("cy") == 1


def test_an_ask_repeated_for_another_holder_is_refused(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    first = campaign.ask(5, margins=margins(), holder="vendr", key="k")
    with pytest.raises(MismatchError, match="the same ask for vendor; vendr has it"):
        campaign.ask(5, margins=margins(), holder="vendor", key="k")
    assert campaign.ask(5, margins=margins(), holder=" vendr ", key="k").renewed
    assert campaign.ask(5, margins=margins(), key="k").ids.tolist() == first.ids.tolist()
    campaign.ask(5, margins=margins(), key="nobody")
    with pytest.raises(MismatchError, match="nobody has it by name"):
        campaign.ask(5, margins=margins(), holder="vendor", key="nobody")


@pytest.mark.parametrize("end", ["lasts", "is over"])
def test_what_is_given_back_is_the_same_in_every_place(store: Store, end: str, tmp_path: Path) -> None:
    """One count for work, work that is done or decided, and gold in hand: whatever list, record or story it is from."""
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, by="lea", labels=["cat", "dog"])
    gold = ids_of(40)[-1]
    campaign.add_gold([gold], ["cat"])
    first, second, third, fourth = (each for each in campaign.ask(4, margins=margins(), gold=1).ids if each != gold)
    campaign.tell([gold], ["cat"], annotator="bob")
    assert len(campaign.take("ann", 5)) == 5
    campaign.tell([first], ["cat"], annotator="ann")
    campaign.tell([second], ["dog"], annotator="bob")
    campaign.adjudicate([third], "dog")
    in_hand = [fourth] + [gold] * (end == "lasts")
    clock.now += HOUR if end == "is over" else 0
    assert sum(row.tasks for row in campaign.holdings() if row.who == "ann") == len(in_hand)
    assert campaign.release("ann") == len(in_hand)
    details = campaign.audit()[-1].details
    assert (details["released"], sorted(details["ids"])) == (len(in_hand), sorted(in_hand))
    told = [each for each in (first, second, third, fourth, gold) if "given back by ann" in str(campaign.story(each))]
    assert sorted(told) == sorted(in_hand)
    before = campaign.last_event()
    assert (campaign.release("ann"), campaign.last_event()) == (0, before), "a release of nothing is no event"
    assert campaign.verify().ok


def test_gold_that_has_its_labels_is_not_told_of_with_its_batch(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    known, other = ids_of(40)[-2:]
    campaign.add_gold([known, other], ["cat", "cat"])
    campaign.ask(1, margins=margins(), gold=2, holder="max")
    campaign.tell([known], ["cat"], annotator="ann")
    assert campaign.holdings()["tasks"].tolist() == [2]
    assert campaign.release("max") == 2
    back = [each for each in (ids_of(1)[0], known, other) if "given back by max" in str(campaign.story(each))]
    assert back == [ids_of(1)[0], other]


def test_what_is_taken_after_a_release_is_taken_anew(store: Store, tmp_path: Path) -> None:
    """Also where the release gave nothing back, because the task had its label."""
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    (one,) = campaign.ask(1, margins=margins()).ids.tolist()
    campaign.take("ann", 1)
    campaign.tell([one], ["cat"], annotator="ann")
    assert campaign.release("ann") == 0
    campaign.delete_labels([one], reason="a slip")
    campaign.take("ann", 1)
    assert "kept by" not in str(campaign.story(one))


def test_what_one_had_for_too_long_another_may_take(store: Store, tmp_path: Path) -> None:
    """Enough people have a task while their leases last; once these have ended it is free, first for nobody else."""
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    batch = campaign.ask(3, margins=margins())
    assert campaign.take("ann", 3).ids.tolist() == batch.ids.tolist()
    assert len(campaign.take("bob", 3)) == 0
    clock.now += 2 * HOUR
    taken = campaign.take("bob", 3)
    assert (taken.ids.tolist(), taken.passed_on) == (batch.ids.tolist(), 3)


def overdue(campaign: ladle.Campaign) -> list[tuple[str, str, int]]:
    """Who has what that is overdue, by every list and count that speaks of it."""
    found = [(row.who, row.how, row.tasks) for row in campaign.holdings() if row.ended]
    named = [each for each in status(campaign).facts.overdue if not each.startswith("batch ")]
    assert [f"{who}: {tasks:,} ({how})" for who, how, tasks in found] == named
    by_task = Counter(name for row in campaign.outstanding() for name in row.overdue_by.split(", ") if name)
    assert by_task == {who: tasks for who, how, tasks in found if how == "taken"}
    return found


def test_what_people_have_taken_is_overdue_after_its_time(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(6, margins=margins(), lease_seconds=100 * HOUR)
    campaign.take("ann", 4)
    began = campaign.audit()[-1].at
    assert overdue(campaign) == []
    clock.now += HOUR
    campaign.take("ann", 1)
    assert overdue(campaign) == [("ann", "taken", 3)], "what ann has taken anew is in time"
    both = [(row.who, row.tasks, row.since, row.ended) for row in campaign.holdings()]
    assert both == [("ann", 1, began + timedelta(hours=1), False), ("ann", 3, began, True)]
    assert campaign.take("bob", 2).ids.tolist() == ids_of(3)[1:], "others get them"
    assert overdue(campaign) == [("ann", "taken", 1)], "what was handed on is not ann's any more"
    clock.now += HOUR
    assert overdue(campaign) == [("ann", "taken", 2), ("bob", "taken", 2)], (
        "of one task the last one to take it is late"
    )
    assert campaign.verify().ok


@pytest.mark.parametrize(
    "end",
    ["released", "released late", "answered", "answered and deleted", "skipped", "labelled", "decided", "excluded",
     "assigned", "asked again"],
)  # fmt: skip
def test_nothing_is_overdue_that_is_done_with(store: Store, end: str, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, annotators_per_task=2)
    campaign.ask(2, margins=margins())
    first = campaign.take("ann", 2).ids[0]
    if end == "released":
        campaign.release("ann", [first])
    elif end.startswith("answered"):
        campaign.tell([first], ["cat"], annotator="ann")
    if end == "answered and deleted":
        campaign.delete_labels([first], reason="a slip")
    clock.now += HOUR
    if end == "skipped":
        campaign.skip([first], annotator="ann", reason="too dark")
    elif end == "released late":
        assert overdue(campaign)[0] == ("ann", "taken", 2)
        assert campaign.release("ann", [first]) == 1
        assert campaign.release("ann", [first]) == 0, "it went back before"
    elif end == "labelled":
        campaign.tell([first] * 2, ["cat"] * 2, annotator=["bob", "cy"])
    elif end == "decided":
        campaign.adjudicate([first], "cat")
    elif end == "excluded":
        campaign.exclude([first], reason="dark")
    elif end == "assigned":
        campaign.assign([first], to="bob")
    elif end == "asked again":
        campaign.ask(1, margins=margins(), holder="vendor")
        clock.now += HOUR
    assert [row for row in overdue(campaign) if row[0] == "ann"] == [("ann", "taken", 1)]
    campaign.release("ann")
    assert "ann" not in [who for who, _, _ in overdue(campaign)]
    assert campaign.verify().ok


def test_what_a_merged_name_owes_is_released_under_the_name_now(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(3, margins=margins())
    taken = campaign.take("ann", 1)
    campaign.tell(taken.ids, ["cat"], annotator="ann")
    campaign.take("Ann", 2)
    clock.now += HOUR
    campaign.people.merge("Ann", "ann")
    assert overdue(campaign) == [("ann", "taken", 2)]
    assert campaign.release("ann") == 2
    assert (overdue(campaign), campaign.release("ann")) == ([], 0)


def test_a_holder_who_has_released_is_not_overdue(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = asked_for_vendor(store, tmp_path, clock=clock)
    clock.now += HOUR
    assert overdue(campaign) == [("vendorA", "batch 1", 5)]
    assert campaign.release("vendorA") == 5
    assert campaign.release("vendorA") == 0
    assert (overdue(campaign), status(campaign).facts.overdue) == ([], ())
    assert [row.held_since for row in campaign.outstanding()] == [None] * 5
    asked = campaign.ask(5, margins=margins(), holder="vendorB")
    campaign.release("vendorB")
    assert overdue(campaign) == [], "in time too"
    campaign.tell(asked.ids, ["cat"] * 5, annotator="vendorB")
    assert campaign.verify().ok


def test_what_is_done_with_is_not_released(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = asked_for_vendor(store, tmp_path, clock=clock)
    campaign.take("vendorA", 5)
    campaign.tell(ids_of(5), ["cat"] * 5, annotator="vendorA")
    clock.now += HOUR
    before = campaign.last_event()
    assert campaign.release("vendorA") == 0
    assert campaign.last_event() == before, "a release of nothing is no event"


def test_a_person_of_two_names_is_overdue_once(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, annotators_per_task=3)
    campaign.ask(3, margins=margins(), lease_seconds=100 * HOUR)
    campaign.take("Ann", 2)
    clock.now += HOUR
    campaign.take("ann", 3)
    clock.now += HOUR
    campaign.people.merge("Ann", "ann")
    assert overdue(campaign) == [("ann", "taken", 3)]
    campaign.tell(ids_of(1), ["cat"], annotator="Ann")
    assert overdue(campaign) == [("ann", "taken", 2)]


def test_what_is_released_has_no_holder(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(4, margins=margins(), holder="vend")
    assert set(campaign.outstanding()["holder"].tolist()) == {"vend"}
    campaign.release("vend")
    tasks = campaign.outstanding()
    assert len(tasks) == 4
    assert set(tasks["holder"].tolist()) == {""}
    assert len(campaign.holdings()) == 0


def test_leases_that_last_long_enough_are_left_as_they_are(store: Store, tmp_path: Path) -> None:
    """No row and no event is written; what is short, new or given away is taken as ever."""
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(6, margins=margins())

    def take(size: int) -> tuple[list[object], datetime, int]:
        taken = campaign.take("ann", size, lease_seconds=HOUR, renew_below_seconds=HOUR / 2)
        return taken.ids.tolist(), taken.lease_until, campaign.last_event()

    ids, until, event = take(4)
    clock.now += HOUR / 2 - 1
    assert take(3) == (ids[:3], until, event)
    assert take(4) == (ids, until, event)
    later = take(5)  # one more than she has
    assert (later[0][:4], later[2]) == (ids, event + 1)
    assert later[1] == until + timedelta(seconds=HOUR / 2 - 1)
    clock.now += HOUR / 2
    again = take(5)
    assert (again[0], again[2]) == (later[0], event + 2)
    assert again[1] == later[1] + timedelta(seconds=HOUR / 2)
    campaign.release("ann", again[0][:1])
    assert take(5)[2] == campaign.last_event() == event + 4
    assert campaign.take("ann", 5, lease_seconds=HOUR).lease_until > until
    assert campaign.last_event() == event + 5, "without the option every take renews"
    assert campaign.verify() is not False
