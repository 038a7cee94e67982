"""The buttons of a ticket's page: for each move that is open, a form of its own under web/templates/moves/."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline.people import Person
from tickets import access, deadlines, excluding
from tickets.bad_rating import VERDICTS
from tickets.drafts import Saved
from tickets.lifecycle import Verb, label
from tickets.resolving import results_of
from tickets.returning import REASONS
from tickets.revisiting import MISSED, SATISFIED, SOLVED
from tickets.ticket import Ticket
from tickets.tracks import OBSTACLES, SHOULD
from web import choices
from web.form import NOTHING, Form
from web.ticket_view import TicketView


@dataclass(frozen=True)
class Asked:
    """How a move is asked for. path: the resource it is posted to, below the ticket. tone: which of the buttons is the expected next step."""

    path: str
    form: str
    tone: str = ""


ASKED = {  # in the order of the page; a revisit that fails or brings the ticket back is asked for on the same form as one that closes it
    Verb.SIGN: Asked("signature", "sign", "main"),
    Verb.RESOLVE: Asked("reply", "resolve", "main"),
    Verb.CONTACT: Asked("contacts", "contact"),
    Verb.DISPATCH: Asked("dispatch", "dispatch", "main"),
    Verb.PASS_REVIEW: Asked("review", "pass_review", "main"),
    Verb.REJECT_REVIEW: Asked("review", "reject_review"),
    Verb.CLOSE: Asked("revisits", "revisit", "main"),
    Verb.TRIAGE: Asked("triage", "triage"),
    Verb.APPROVE_RETURN: Asked("return-ruling", "approve_return", "main"),
    Verb.REFUSE_RETURN: Asked("return-ruling", "refuse_return"),
    Verb.APPROVE_TERMINATION: Asked("termination-requests/approval", "approve_termination", "main"),
    Verb.TERMINATE: Asked("termination", "terminate", "main"),
    Verb.REFUSE_TERMINATION: Asked("termination-requests/refusal", "refuse_termination"),
    Verb.APPROVE_EXCLUSION: Asked("exclusion-requests/approval", "approve_exclusion", "main"),
    Verb.EXCLUDE: Asked("exclusion", "exclude", "main"),
    Verb.REFUSE_EXCLUSION: Asked("exclusion-requests/refusal", "refuse_exclusion"),
    Verb.OPINE: Asked("opinions", "opine", "main"),
    Verb.ANSWER: Asked("answer", "answer"),
    Verb.REDISPATCH: Asked("redispatch", "redispatch"),
    Verb.ADD_CO_HANDLER: Asked("co-handlers", "add_co_handler"),
    Verb.NOTIFY: Asked("notices", "notify"),
    Verb.HAND_OVER: Asked("owner", "hand_over"),
    Verb.ASK_RETURN: Asked("return-request", "ask_return"),
    Verb.ASK_EXTENSION: Asked("extension-requests", "ask_extension"),
    Verb.ASK_PAUSE: Asked("pause-requests", "ask_pause"),
    Verb.ASK_TERMINATION: Asked("termination-requests", "ask_termination"),
    Verb.ASK_EXCLUSION: Asked("exclusion-requests", "ask_exclusion"),
    Verb.CONCLUDE_CONSULT: Asked("consultations/conclusion", "conclude_consult"),
    Verb.CONSULT: Asked("consultations", "consult"),
    Verb.INSTRUCT: Asked("instructions", "instruct"),
    Verb.MERGE: Asked("merge", "merge"),
    Verb.UNMERGE: Asked("unmerge", "unmerge"),
    Verb.WITHDRAW: Asked("withdrawal", "withdraw"),
    Verb.ARCHIVE: Asked("archive", "archive"),
    Verb.SUPERVISE: Asked("supervisions", "supervise"),
    Verb.URGE: Asked("urges", "urge"),
    Verb.EXTEND: Asked("extensions", "extend"),
    Verb.REFUSE_EXTENSION: Asked("extension-requests/refusal", "refuse_extension"),
    Verb.PAUSE: Asked("pauses", "pause"),
    Verb.REFUSE_PAUSE: Asked("pause-requests/refusal", "refuse_pause"),
    Verb.RESUME: Asked("resumptions", "resume"),
    Verb.ATTACH: Asked("attachments", "attach"),
}
DRAFTED = frozenset({
    Verb.RESOLVE, Verb.ASK_RETURN, Verb.REJECT_REVIEW, Verb.CONSULT, Verb.CONCLUDE_CONSULT, Verb.NOTIFY, Verb.ASK_TERMINATION, Verb.ASK_EXTENSION,
    Verb.ASK_EXCLUSION, Verb.TRIAGE, Verb.SUPERVISE, Verb.INSTRUCT,
})  # fmt: skip
"""What takes some writing, and may be put aside."""

CARRIES = DRAFTED | {
    Verb.ATTACH, Verb.CONTACT, Verb.ASK_PAUSE, Verb.OPINE, Verb.URGE, Verb.WITHDRAW, Verb.EXTEND, Verb.PAUSE, Verb.RESUME, Verb.REFUSE_RETURN,
    Verb.REFUSE_EXTENSION, Verb.REFUSE_PAUSE, Verb.REFUSE_TERMINATION, Verb.REFUSE_EXCLUSION, Verb.ANSWER, Verb.ADD_CO_HANDLER, Verb.MERGE, Verb.UNMERGE,
}  # fmt: skip
"""What has something to show: its form takes files (附件)."""


@dataclass(frozen=True)
class Tried:
    """A move that was refused: what was typed, and what is wrong with it. seen: the version that was looked at, where the ticket has moved on."""

    verb: str
    form: Form
    sentence: str
    field: str | None
    seen: int | None = None


@dataclass(frozen=True)
class Button:
    """One move open to this person. typed: what was typed into it before it was refused, or before it was left.

    place: where it is kept while it is not sent (暂存); drafted: whether it has a button for that; left: when it was, and changed: a version ago.
    carries: whether it takes files.
    """

    verb: Verb
    label: str
    path: str
    form: str
    tone: str
    open: bool
    typed: Form
    place: str
    drafted: bool
    carries: bool
    left: datetime | None
    changed: bool


def buttons(view: TicketView, tried: Tried | None, left: Mapping[str, Saved]) -> list[Button]:
    """The buttons for what the person may do with this ticket now. left: what they typed before and did not send."""
    return [_button(view, verb, asked, tried, left.get(f"ticket:{view.number}:{verb}")) for verb, asked in ASKED.items() if verb in view.verbs]


def _button(view: TicketView, verb: Verb, asked: Asked, tried: Tried | None, left: Saved | None) -> Button:
    refused = tried is not None and tried.verb == verb
    kept = left if left is not None and not refused else None
    return Button(
        verb=verb,
        label="回访" if verb is Verb.CLOSE else label(verb),
        path=f"{view.url}/{asked.path}",
        form=f"moves/{asked.form}.html",
        tone=asked.tone,
        open=refused or (kept is not None and tried is None),
        typed=tried.form if tried and refused else Form(kept.fields) if kept else NOTHING,
        place=f"ticket:{view.number}:{verb}",
        drafted=verb in DRAFTED,
        carries=verb in CARRIES,
        left=kept.at if kept else None,
        changed=kept is not None and kept.fields.get("version") != [str(view.version)],
    )


def offered(s: Session, ticket: Ticket, view: TicketView, me: Person, at: datetime) -> dict[str, Any]:
    """What the selects of those forms offer; only what is needed is read."""
    given: dict[str, Any] = {"reasons": REASONS, "results": results_of(ticket.kind), "missed": MISSED, "solved": SOLVED, "satisfied": SATISFIED}
    verbs = set(view.verbs)
    if verbs & {Verb.DISPATCH, Verb.REDISPATCH, Verb.ADD_CO_HANDLER, Verb.ASK_RETURN}:
        given["departments"] = []
    if Verb.DISPATCH in verbs:
        proposal = choices.proposal(s, ticket, at)
        given |= {"proposal": proposal, "areas": choices.areas(s, ticket.area_code), "helpers": [(code, "") for code in proposal.co_handlers]}
        given["departments"] = choices.departments(s, proposal.department, *proposal.co_handlers)
    if Verb.TRIAGE in verbs:
        given |= {"shoulds": SHOULD, "obstacles": OBSTACLES, "verdicts": VERDICTS}
    if Verb.ASK_EXCLUSION in verbs:
        given["exclusions"] = excluding.REASONS
    if verbs & {Verb.PAUSE, Verb.ASK_PAUSE}:
        given["pauses"] = deadlines.policy_of(s, ticket).pauses
    if Verb.ASK_RETURN in verbs:
        leg = access.leg_of(ticket, me)
        given["too_late"] = leg.return_until if leg and leg.return_until and at > leg.return_until else None
    if verbs & {Verb.SIGN, Verb.HAND_OVER}:
        given["colleagues"] = choices.colleagues(s, ticket, me, at)
    return given
