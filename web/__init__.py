"""The pages: a server-rendered skin over the same verbs. Everything works without JavaScript; htmx and a few small modules make it pleasant."""

from litestar import Router
from litestar.datastructures import CacheControlHeader

from web import (
    accuracy,
    alike,
    catalogue,
    department,
    dispatcher,
    filing,
    hotspots,
    knowledge,
    live,
    live_microphone,
    me,
    merging,
    operator,
    organisation,
    pickers,
    reception,
    reviewing,
    revisiting,
    search,
    sign_in,
    supervision,
    ticket,
    verbs,
)
from web.deps import PROVIDED
from web.refusals import HANDLERS

router = Router(
    path="/",
    route_handlers=[
        sign_in.SignIns,
        operator.Operator,
        filing.Filing,
        reception.Receptions,
        reception.Callers,
        knowledge.Knowledge,
        live.LiveCalls,
        live_microphone.microphone,
        search.Search,
        ticket.Tickets,
        verbs.Verbs,
        pickers.Pickers,
        catalogue.Catalogue,
        organisation.Organisation,
        organisation.People,
        me.Mine,
        merging.Merging,
        dispatcher.Dispatcher,
        department.Inbox,
        reviewing.Reviewing,
        revisiting.Revisiting,
        revisiting.Outcome,
        supervision.Supervision,
        alike.AlikeTickets,
        hotspots.HotSpots,
        accuracy.Accuracy,
    ],
    dependencies=PROVIDED,
    exception_handlers=HANDLERS,
    cache_control=CacheControlHeader(private=True, no_store=True),
    include_in_schema=False,
)
