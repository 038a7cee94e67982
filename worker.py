"""The worker's door: every consequence of every event, on one screen (SUBSCRIBERS), and the jobs that carry them out."""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from asr import model as speech_model
from asr.errors import AudioRefused, Cancelled, ModelDamaged, ModelMissing, SpeechError, SpeechFailed
from asr.pool import SpeechPool
from asr.protocol import Recogniser
from hotline import clock
from hotline.db import Session
from hotline.errors import Refused
from hotline.jobs import Job, job
from hotline.outbox import Event, claim, claimed
from hotline.people import system
from hotline.settings import Settings
from routing.protocol import Classifier
from tickets import (
    access,
    announcing,
    bad_rating,
    calls,
    co_handling,
    dispatching,
    hearing,
    hotspots,
    learning,
    merging,
    revisiting,
    triggers,
)
from tickets.call import Announced, AnnouncedState, Call, CallState
from tickets.classifier import Current
from tickets.fetching import Allowed, Unreachable, fetch
from tickets.lifecycle import State
from tickets.suggesting import advise
from tickets.ticket import Ticket
from transcribing import Keeper

log = structlog.get_logger("hotline.worker")


@dataclass
class Tools:
    """What jobs work with; the door that starts a worker sets it."""

    recordings: Path
    recogniser: Recogniser
    classifier: Classifier
    pbx: Allowed = field(default_factory=Allowed)


_tools: Tools | None = None


def equip(tools: Tools) -> None:
    """Gives the jobs of this process their tools."""
    global _tools
    _tools = tools


def equipment(settings: Settings) -> Tools:
    """The real tools for these settings."""
    pool = SpeechPool(speech_model.place(settings.models, settings.model), size=settings.speech_workers)
    pbx = Allowed(settings.pbx_folder, settings.pbx_hosts)
    return Tools(recordings=settings.recordings, recogniser=pool, classifier=Current(settings.models / "routing"), pbx=pbx)


def tools() -> Tools:
    """This process's tools."""
    if _tools is None:
        raise RuntimeError("worker.equip() has not been called")
    return _tools


@job(queue="speech")
def transcribe_call(event_id: int) -> None:
    """转写. Long work: it looks first, works outside any transaction, and claims in the one that keeps the result."""
    with Session.begin() as s:
        event = s.get_one(Event, event_id)
        if claimed(s, event_id, "transcribe_call"):
            return
        call = s.get_one(Call, event.subject_id)
        if not hearing.wanted(call):
            return
        earlier = hearing.known(hearing.so_far(s, call))
        path, declared, names, call_id = tools().recordings / call.sha256, call.declared, call.channels, call.id
    keeper = Keeper(call_id)
    try:
        transcript = tools().recogniser.transcribe(
            path, declared=declared, names=names, since=earlier, on_utterance=keeper.hear, on_progress=keeper.progress, cancel=keeper.cancel
        )
    except Cancelled:
        log.info("transcription stopped", call=call_id)
    except (ModelMissing, ModelDamaged) as problem:
        log.warning("call waits for the speech model", call=call_id, code=problem.code)
        with _once(event_id, "transcribe_call") as s:
            if s is not None:
                calls.waits(s, calls.find(s, call_id, lock=True), problem, problem.code)
    except AudioRefused as problem:
        log.warning("recording refused", call=call_id, code=problem.code)
        _give_up(event_id, call_id, problem)
    except SpeechFailed as problem:
        log.warning("speech process failed", call=call_id, code=problem.code)
        if not _try_again(call_id):
            _give_up(event_id, call_id, problem)
            return
        raise
    else:
        with _once(event_id, "transcribe_call") as s:
            if s is not None:
                calls.transcribed(s, calls.find(s, call_id, lock=True), transcript, at=clock.now())
                log.info("call transcribed", call=call_id, seconds=round(transcript.duration, 1))


@job(queue="speech")
def fetch_recording(event_id: int) -> None:
    """取录音 that a PBX announced. Like transcribing: the long work outside any transaction, the claim in the one that keeps the result."""
    with Session.begin() as s:
        told = s.get_one(Announced, s.get_one(Event, event_id).subject_id)
        if claimed(s, event_id, "fetch_recording") or told.state is not AnnouncedState.WAITING:
            return
        source, told_id = told.source, told.id
    try:
        sha256, size = fetch(source, tools().pbx, tools().recordings)
    except Unreachable as problem:
        with Session.begin() as s:
            again = announcing.not_yet(s, s.get_one(Announced, told_id, with_for_update=True), problem.sentence)
        log.warning("announced recording not had", announced=told_id, again=again)
        if again:
            raise
    except Refused as problem:
        log.warning("announced recording refused", announced=told_id)
        with _once(event_id, "fetch_recording") as s:
            if s is not None:
                announcing.failed(s, s.get_one(Announced, told_id, with_for_update=True), problem.sentence)
    else:
        with _once(event_id, "fetch_recording") as s:
            if s is not None:
                announcing.taken(s, s.get_one(Announced, told_id, with_for_update=True), sha256=sha256, size=size, at=clock.now())
                log.info("announced recording taken", announced=told_id, size=size)


@job()
def file_call(event_id: int) -> None:
    """登记: a transcribed call becomes a ticket, unless an operator wants to do it."""
    with _once(event_id, "file_call") as s:
        if s is None:
            return
        call = calls.find(s, s.get_one(Event, event_id).subject_id, lock=True)
        if call.state is not CallState.TRANSCRIBED or not call.auto:
            return
        at = clock.now()
        advice = advise(s, tools().classifier, calls.said_by_citizen(call), at=at)
        ticket = calls.file_from(s, call, advice, at=at)
        log.info("call filed", call=call.id, ticket=ticket.number)


@job()
def dispatch_ticket(event_id: int) -> None:
    """派单 by the classifier where it is sure; otherwise the ticket stays with the dispatchers."""
    with _once(event_id, "dispatch_ticket") as s:
        if s is not None:
            ticket_id = s.get_one(Event, event_id).subject_id
            leg = dispatching.dispatch_as_suggested(s, ticket_id, at=clock.now())
            log.info("ticket routed", ticket=ticket_id, department=leg.department_code if leg else None)


@job()
def check_triggers(event_id: int) -> None:
    """非时限触发: returns, redos, urges and supervisions may move a ticket up the ladder."""
    with _once(event_id, "check_triggers") as s:
        if s is not None:
            event = s.get_one(Event, event_id)
            fired = triggers.check(s, event.subject_id, at=clock.now(), after=event.kind)
            log.info("triggers checked", ticket=event.subject_id, fired=[trigger.key for trigger in fired])


@job()
def skip_revisit(event_id: int) -> None:
    """未抽中回访: an answer that passed review and was not drawn for a revisit is closed."""
    with _once(event_id, "skip_revisit") as s:
        if s is None:
            return
        event = s.get_one(Event, event_id)
        if event.data.get("revisit", {}).get("asked", True):
            return
        ticket = access.find(s, s.get_one(Ticket, event.subject_id).number, system(s), lock=True)
        if ticket.state is State.REVISITING and ticket.round == event.data["round"]:
            revisiting.skip_revisit(s, ticket, by=system(s), at=clock.now())
            log.info("revisit skipped", ticket=ticket.number)


@job()
def open_bad_rating(event_id: int) -> None:
    """差评: a bad rating becomes a matter of its own."""
    with _once(event_id, "open_bad_rating") as s:
        if s is not None:
            ticket = bad_rating.open_for(s, s.get_one(Event, event_id), at=clock.now())
            log.info("rating looked at", matter=ticket.number if ticket else None)


@job()
def remember_ticket(event_id: int) -> None:
    """相似, 热点 and 样例: what is kept beside the tickets so that nobody has to read them all."""
    with _once(event_id, "remember_ticket") as s:
        if s is not None:
            ticket_id = s.get_one(Event, event_id).subject_id
            hotspots.follow(s, ticket_id)
            learning.learn(s, ticket_id)


def _together(*tables: Mapping[str, Sequence[Job]]) -> Mapping[str, Sequence[Job]]:
    """One table of several: an event may have consequences from more than one."""
    kinds = dict.fromkeys(kind for table in tables for kind in table)
    return {kind: tuple(follower for table in tables for follower in table.get(kind, ())) for kind in kinds}


@job()
def follow_master(event_id: int) -> None:
    """并单: what became of a ticket concerns those that were merged into it."""
    with _once(event_id, "follow_master") as s:
        if s is not None:
            event = s.get_one(Event, event_id)
            log.info("followers told", ticket=event.subject_id, followers=merging.follow_master(s, event, at=clock.now()))


@job()
def start_co_handler(event_id: int) -> None:
    """顺序协办: where one has answered or left, the next one begins."""
    with _once(event_id, "start_co_handler") as s:
        if s is not None:
            ticket_id = s.get_one(Event, event_id).subject_id
            leg = co_handling.start_next(s, ticket_id, at=clock.now())
            log.info("co-handlers' turns looked at", ticket=ticket_id, department=leg.department_code if leg else None)


SUBSCRIBERS: Mapping[str, Sequence[Job]] = _together(
    {
        "recording.announced": (fetch_recording,),
        "call.received": (transcribe_call,),
        "call.requeued": (transcribe_call,),
        "call.transcribed": (file_call,),
        "ticket.filed": (dispatch_ticket,),
    },
    dict.fromkeys(triggers.EVENTS, (check_triggers,)),
    dict.fromkeys(bad_rating.EVENTS, (open_bad_rating,)),
    {"ticket.review_passed": (skip_revisit,)},
    dict.fromkeys(learning.EVENTS, (remember_ticket,)),
    dict.fromkeys(merging.EVENTS, (follow_master,)),
    dict.fromkeys(co_handling.EVENTS, (start_co_handler,)),
)


@contextmanager
def _once(event_id: int, name: str) -> Any:
    """A transaction that holds the claim of (event, job), or None when somebody has already done it."""
    with Session.begin() as s:
        yield s if claim(s, event_id, name) else None


def _give_up(event_id: int, call_id: int, problem: SpeechError) -> None:
    with _once(event_id, "transcribe_call") as s:
        if s is not None:
            calls.failed(s, calls.find(s, call_id, lock=True), problem, problem.code, at=clock.now())


def _try_again(call_id: int) -> bool:
    """Counts a try whose speech process failed; False when there were enough."""
    with Session.begin() as s:
        call = calls.find(s, call_id, lock=True)
        call.tries += 1
        return call.tries < calls.MOST_TRIES
