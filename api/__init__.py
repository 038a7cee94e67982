"""The JSON skin over the verbs, under /api/v1."""

from litestar import Router

from api import (
    attachments,
    calls,
    catalogue,
    desk,
    discipline,
    knowledge,
    live_calls,
    merging,
    reception,
    requests,
    routing,
    sign_ins,
    suggestions,
    tickets,
    verbs,
    views,
    webhooks,
)
from api.deps import PROVIDED
from api.problems import HANDLERS

router = Router(
    path="/api/v1",
    route_handlers=[
        sign_ins.SignIns,
        calls.Calls,
        live_calls.LiveCalls,
        webhooks.Webhooks,
        tickets.Tickets,
        views.Views,
        verbs.Verbs,
        attachments.Uploads,
        attachments.Attachments,
        merging.Merging,
        requests.Requests,
        requests.Records,
        desk.Desk,
        suggestions.Suggestions,
        reception.Receptions,
        knowledge.Knowledge,
        routing.Routing,
        catalogue.Catalogue,
        catalogue.CatalogueFiles,
        discipline.Discipline,
    ],
    dependencies=PROVIDED,
    exception_handlers=HANDLERS,
    security=[{"token": []}],
)
