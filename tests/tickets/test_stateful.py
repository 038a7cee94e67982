"""Whatever people do to tickets, in whatever order: what must always hold, holds. On a real PostgreSQL, rolled back after every run."""

import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from hotline.errors import Refusal
from hotline.outbox import Event
from hotline.people import Person, system
from sla import timers, versions
from sla.timers import Timer
from sla.worktime import elapsed
from tests.tickets.conftest import Cast, populated
from tickets import (
    access,
    attaching,
    co_handling,
    consulting,
    contacting,
    dispatching,
    easing,
    excluding,
    filing,
    handing_over,
    instructing,
    merging,
    noticing,
    resolving,
    returning,
    revisiting,
    signing,
    terminating,
    triaging,
    urging,
    withdrawing,
)  # fmt: skip
from tickets.application import Ask
from tickets.applying import refuse
from tickets.attachment import Upload
from tickets.lifecycle import MOVES, OPEN, OUT, State, Verb
from tickets.replay import replay
from tickets.ticket import Leg, Ticket

UNITS = ("gongshui", "zhujian", "linhu")
SAID = {"contacted": True, "solved": "yes", "satisfied": 5}
Act = Callable[["Lives", Ticket, Person], object]


def _asked(kind: Ask) -> Act:
    return lambda lives, ticket, by: refuse(lives.s, ticket, kind, reason="依据不足", by=by, at=lives.at)


def _department(lives: "Lives", ticket: Ticket) -> str:
    return UNITS[lives.dice % len(UNITS)]


def _attach(lives: "Lives", ticket: Ticket, by: Person) -> None:
    upload = Upload(sha256=f"{lives.dice:064x}", name="现场.jpg", size=1, media="image/jpeg", by_id=by.id, at=lives.at)
    lives.s.add(upload)
    lives.s.flush()
    attaching.bring(lives.s, ticket, [upload.id], by=by, at=lives.at)
    attaching.attach(lives.s, ticket, by=by, at=lives.at)


ACTS: Mapping[Verb, Act] = {
    Verb.DISPATCH: lambda v, t, by: dispatching.dispatch(
        v.s, t, department=_department(v, t), co_handlers=[UNITS[(v.dice + 1) % 3]] if v.dice % 2 else [], by=by, at=v.at
    ),
    Verb.ANSWER: lambda v, t, by: revisiting.answer(v.s, t, reply="当场答复", by=by, at=v.at),
    Verb.REDISPATCH: lambda v, t, by: dispatching.redispatch(v.s, t, department=_department(v, t), reason="派错了", by=by, at=v.at),
    Verb.ADD_CO_HANDLER: lambda v, t, by: co_handling.add_co_handler(v.s, t, department=_department(v, t), reason="需要协助", by=by, at=v.at),
    Verb.SIGN: lambda v, t, by: signing.sign(v.s, t, by=by, at=v.at),
    Verb.CONTACT: lambda v, t, by: contacting.contact(v.s, t, text="已电话联系", by=by, at=v.at),
    Verb.ASK_RETURN: lambda v, t, by: returning.ask_return(v.s, t, reason="duty", basis="三定方案", suggests=_department(v, t), by=by, at=v.at),
    Verb.APPROVE_RETURN: lambda v, t, by: returning.approve_return(v.s, t, by=by, at=v.at),
    Verb.REFUSE_RETURN: lambda v, t, by: returning.refuse_return(v.s, t, reason="职责明确", by=by, at=v.at),
    Verb.RESOLVE: lambda v, t, by: resolving.resolve(v.s, t, result="solved", reply="已办好", contacted_at=v.at, by=by, at=v.at),
    Verb.PASS_REVIEW: lambda v, t, by: resolving.pass_review(v.s, t, by=by, at=v.at),
    Verb.REJECT_REVIEW: lambda v, t, by: resolving.reject_review(v.s, t, reason="没有答到点上", by=by, at=v.at),
    Verb.MISS_REVISIT: lambda v, t, by: revisiting.miss_revisit(v.s, t, outcome="no_answer", by=by, at=v.at),
    Verb.CLOSE: lambda v, t, by: revisiting.close(v.s, t, by=by, at=v.at, **SAID),
    Verb.REDO: lambda v, t, by: revisiting.redo(v.s, t, contacted=True, solved="no", satisfied=1 + v.dice % 3, reason="没办成", by=by, at=v.at),
    Verb.ARCHIVE: lambda v, t, by: revisiting.archive(v.s, t, by=by, at=v.at),
    Verb.HAND_OVER: lambda v, t, by: handing_over.hand_over(v.s, t, owner=by.id, by=by, at=v.at),
    Verb.NOTIFY: lambda v, t, by: noticing.notify(v.s, t, missing=["身份证复印件"], by=by, at=v.at),
    Verb.MERGE: lambda v, t, by: merging.merge(v.s, t, master=v.another(t), reason="同一件事", by=by, at=v.at),
    Verb.UNMERGE: lambda v, t, by: merging.unmerge(v.s, t, reason="不是一件事", by=by, at=v.at),
    Verb.WITHDRAW: lambda v, t, by: withdrawing.withdraw(v.s, t, checked=t.query_code, reason="不需要了", by=by, at=v.at),
    Verb.ASK_TERMINATION: lambda v, t, by: terminating.ask_termination(
        v.s, t, reason="诉求不合理且已解释", evidence="会议纪要", reply="最终答复", by=by, at=v.at
    ),
    Verb.APPROVE_TERMINATION: lambda v, t, by: terminating.approve_termination(v.s, t, by=by, at=v.at),
    Verb.TERMINATE: lambda v, t, by: terminating.terminate(v.s, t, by=by, at=v.at),
    Verb.REFUSE_TERMINATION: _asked(Ask.TERMINATION),
    Verb.URGE: lambda v, t, by: urging.urge(v.s, t, text="请快办", by=by, at=v.at),
    Verb.ATTACH: _attach,
    Verb.SUPERVISE: lambda v, t, by: urging.supervise(v.s, t, text="限期办结", by=by, at=v.at),
    Verb.INSTRUCT: lambda v, t, by: instructing.instruct(v.s, t, leader="王市长", text="请尽快解决", by=by, at=v.at),
    Verb.TRIAGE: lambda v, t, by: triaging.triage(v.s, t, should="yes", obstacle="none", by=by, at=v.at),
    Verb.CONSULT: lambda v, t, by: consulting.consult(v.s, t, units=[_department(v, t)], text="由谁办", by=by, at=v.at),
    Verb.CONCLUDE_CONSULT: lambda v, t, by: consulting.conclude_consult(v.s, t, text="由住建局办", by=by, at=v.at),
    Verb.OPINE: lambda v, t, by: consulting.opine(v.s, t, text="我方意见", by=by, at=v.at),
    Verb.ASK_EXTENSION: lambda v, t, by: easing.ask_extension(v.s, t, limit="1 workday", reason="管道老旧", by=by, at=v.at),
    Verb.EXTEND: lambda v, t, by: easing.extend(v.s, t, limit="1 workday", reason="管道老旧", by=by, at=v.at),
    Verb.REFUSE_EXTENSION: _asked(Ask.EXTENSION),
    Verb.ASK_PAUSE: lambda v, t, by: easing.ask_pause(v.s, t, reason="waiting_citizen", text="等诉求人回家", by=by, at=v.at),
    Verb.PAUSE: lambda v, t, by: easing.pause(v.s, t, reason="waiting_citizen", text="等诉求人回家", by=by, at=v.at),
    Verb.REFUSE_PAUSE: _asked(Ask.PAUSE),
    Verb.RESUME: lambda v, t, by: easing.resume(v.s, t, text="诉求人已到家", by=by, at=v.at),
    Verb.ASK_EXCLUSION: lambda v, t, by: excluding.ask_exclusion(v.s, t, reason="force_majeure", evidence="台风", by=by, at=v.at),
    Verb.APPROVE_EXCLUSION: lambda v, t, by: excluding.approve_exclusion(v.s, t, by=by, at=v.at),
    Verb.EXCLUDE: lambda v, t, by: excluding.exclude(v.s, t, by=by, at=v.at),
    Verb.REFUSE_EXCLUSION: _asked(Ask.EXCLUSION),
}
BRIEF = [phase for phase in Phase if phase is not Phase.shrink]
"""Making a failure smaller takes minutes on a database: for that, add the phase by hand."""
BY_THE_SYSTEM = {Verb.FILE, Verb.SKIP_REVISIT, Verb.FOLLOW, Verb.START_CO_HANDLER}
"""What no person does: filing has a rule of its own, the others follow from what people did."""


class Lives(RuleBasedStateMachine):
    """Up to four tickets and the whole cast; every step is one move that is open to one person, at a later moment."""

    def __init__(self, engine: Engine, cast: Callable[[Session], Cast], at: datetime) -> None:
        super().__init__()
        self.connection = engine.connect()
        self.outer = self.connection.begin()
        self.s = Session(bind=self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        self.cast = cast(self.s)
        self.people = [person for person in vars(self.cast).values() if isinstance(person, Person)]
        self.at, self.dice = at, 0
        self.numbers: list[str] = []
        self.read: list[Ticket] | None = None
        self.by_system = 0

    def teardown(self) -> None:
        self.s.close()
        self.outer.rollback()
        self.connection.close()

    @initialize(kind=st.sampled_from(["complaint", "help", "stuck"]))
    def first(self, kind: str) -> None:
        self.file(kind)

    @precondition(lambda self: len(self.numbers) < 4)
    @rule(kind=st.sampled_from(["complaint", "inquiry", "stuck"]))
    def file(self, kind: str) -> None:
        matter = filing.Matter(body="小区停水三天了没人管", kind=kind, item="050101", phone="13800001234")
        self.numbers.append(filing.file(self.s, matter, by=self.cast.operator, at=self.at).number)
        self.s.commit()
        self.read = None

    @rule(which=st.integers(0, 3), who=st.integers(0, 30), what=st.integers(0, 60), dice=st.integers(0, 11), minutes=st.sampled_from([1, 20, 300, 1500]))
    def act(self, which: int, who: int, what: int, dice: int, minutes: int) -> None:
        """One person takes one of the moves that this ticket offers; a refusal changes nothing and tells nothing."""
        self.at, self.dice, self.read = self.at + timedelta(minutes=minutes), dice, None
        number = self.numbers[which % len(self.numbers)]
        people = [person for person in self.people[who % len(self.people) :] + self.people[: who % len(self.people)]]
        offers = next(([(person, move.verb) for move in moves] for person in people if (moves := self._moves(number, person))), None)
        if offers is None:
            return
        person, verb = offers[what % len(offers)]
        before, due = self._events(), self._deadline(number)
        try:
            self._now(verb, access.find(self.s, number, person, lock=True), person)
        except Refusal:
            self.s.rollback()
            assert self._events() == before
            return
        self.s.commit()
        followed = self._follow(before)
        assert self._events() == before + 1 + followed, f"{verb} told {self._events() - before - followed} events"
        if verb in (Verb.PAUSE, Verb.RESUME) and due is not None:
            later = self._deadline(number)
            assert later is not None and later >= due

    def another(self, ticket: Ticket) -> str:
        """Some ticket to merge into, maybe the same."""
        return self.numbers[self.dice % len(self.numbers)]

    @invariant()
    def every_open_ticket_has_exactly_one_owner(self) -> None:
        for ticket in self._tickets():
            leads = [leg for leg in ticket.legs if leg.lead and leg.ended_at is None]
            assert len(leads) == (ticket.state in OUT), f"{ticket.state}: {len(leads)} leads"
            assert (ticket.lead_code is not None) or ticket.state not in OUT
            if ticket.state in OUT:
                assert ticket.lead_code == leads[0].department_code and ticket.state is leads[0].state
            if ticket.state is State.MERGED:
                master = merging.master_of(self.s, ticket)
                assert master is not None and master.state in OPEN and master.state is not State.MERGED

    @invariant()
    def lead_legs_never_overlap(self) -> None:
        for ticket in self._tickets():
            leads = sorted((leg for leg in ticket.legs if leg.lead), key=lambda leg: leg.id)
            for one, next_ in itertools.pairwise(leads):
                assert one.ended_at is not None and one.ended_at <= next_.dispatched_at

    @invariant()
    def working_time_is_the_legs_and_the_waits_between_them(self) -> None:
        """Σ承办时间 + Σ待派单、回访 = the working time that passed, in the calendar of the ticket."""
        for ticket in self._tickets():
            calendar = versions.current_calendar(self.s, "standard")[1]
            cuts = sorted({ticket.filed_at, self.at, *(moment for leg in ticket.legs if leg.lead for moment in (leg.dispatched_at, leg.ended_at or self.at))})
            parts = sum(elapsed(calendar, one, next_) for one, next_ in itertools.pairwise(cuts))
            assert parts == elapsed(calendar, ticket.filed_at, self.at)

    @invariant()
    def what_a_clock_counted_and_its_pauses_are_the_time_that_passed(self) -> None:
        """Σ计时 + Σ挂起 = the working time from a clock's start to its stop or now; pauses lie inside, one after the other."""
        calendar = versions.current_calendar(self.s, "standard")[1]
        for timer in self.s.scalars(select(Timer)):
            last = timer.stopped_at or self.at
            pauses = [(pause.start, pause.end or last) for pause in timer.all_pauses()]
            cuts = [timer.started_at, *(moment for pause in pauses for moment in pause), max([last, *(end for _, end in pauses)])]
            assert cuts == sorted(cuts)
            counted = sum(elapsed(calendar, start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=True))
            assert counted + sum(elapsed(calendar, *pause) for pause in pauses) == elapsed(calendar, cuts[0], cuts[-1])

    @invariant()
    def a_closed_ticket_has_a_reply(self) -> None:
        replies = select(func.count()).where(
            Event.subject_kind == "ticket", Event.kind.in_(["ticket.resolved", "ticket.answered", "ticket.followed", "ticket.terminated"])
        )
        for ticket in self._tickets():
            if ticket.closed_at and ticket.state is not State.WITHDRAWN and not self._told(ticket, "ticket.withdrawn"):
                assert self.s.scalar(replies.where(Event.subject_id == ticket.id)), ticket.state

    @invariant()
    def nothing_runs_once_it_has_ended(self) -> None:
        for ticket in self._tickets():
            if ticket.state not in OPEN:
                subjects = [f"ticket:{ticket.id}", *(f"leg:{leg.id}" for leg in ticket.legs)]
                assert self.s.scalars(select(Timer.clock).where(Timer.subject.in_(subjects), Timer.stopped_at.is_(None))).all() == []

    @invariant()
    def the_events_give_the_rows_again(self) -> None:
        assert replay(self.s, self._tickets()) == []

    def _tickets(self) -> list[Ticket]:
        """Read once after each step: every invariant looks at the same rows."""
        if self.read is None:
            self.read = self._read()
        return self.read

    def _read(self) -> list[Ticket]:
        return list(self.s.scalars(select(Ticket).where(Ticket.number.in_(self.numbers)).options(*access.FULL).execution_options(populate_existing=True)))

    def _moves(self, number: str, person: Person) -> list[Any]:
        try:
            return access.moves_for(access.find(self.s, number, person), person)
        except Refusal:
            return []

    def _now(self, verb: Verb, ticket: Ticket, person: Person) -> None:
        ACTS[verb](self, ticket, person)
        self.s.flush()

    def _events(self) -> int:
        return self.s.scalar(select(func.count()).select_from(Event).where(Event.subject_kind == "ticket")) or 0

    def _told(self, ticket: Ticket, kind: str) -> bool:
        return bool(self.s.scalar(select(func.count()).where(Event.subject_kind == "ticket", Event.subject_id == ticket.id, Event.kind == kind)))

    def _deadline(self, number: str) -> datetime | None:
        leg = self.s.scalar(select(Leg).join(Ticket).where(Ticket.number == number, Leg.lead, Leg.ended_at.is_(None)))
        timer = timers.find(self.s, f"leg:{leg.id}", "resolve") if leg else None
        return timer.due_at if timer else None

    def _follow(self, before: int) -> int:
        """What the subscriber would do: merged tickets follow their master. How many events the system told of its own accord."""
        for event in self.s.scalars(select(Event).where(Event.kind.in_(merging.EVENTS)).order_by(Event.id.desc()).limit(1)).all():
            merging.follow_master(self.s, event, at=self.at)
        self.s.commit()
        its_own = (Event.subject_kind == "ticket", Event.by_id == system(self.s).id)
        told = self.s.scalar(select(func.count()).where(*its_own)) or 0
        own, self.by_system = told - self.by_system, told
        return own


def test_every_verb_that_a_person_may_do_is_done_here() -> None:
    assert {move.verb for move in MOVES} - BY_THE_SYSTEM == set(ACTS)


@pytest.mark.slow
def test_whatever_people_do_what_must_hold_holds(engine: Engine, at: datetime) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Lives(engine, lambda s: populated(s, at), at),
        settings=settings(max_examples=8, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, phases=BRIEF),
    )


