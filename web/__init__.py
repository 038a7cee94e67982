"""The pages: a server-rendered skin over the same verbs. Everything works without JavaScript; htmx and a few small modules make it pleasant."""

from litestar import Router
from litestar.datastructures import CacheControlHeader

from web import (
    accuracy,
    alike,
    department,
    dispatcher,
    filing,
    hotspots,
    live,
    live_microphone,
    merging,
    operator,
    pickers,
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
        live.LiveCalls,
        live_microphone.microphone,
        search.Search,
        ticket.Tickets,
        verbs.Verbs,
        pickers.Pickers,
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
