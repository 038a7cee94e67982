"""The JSON skin over the verbs, under /api/v1."""

from litestar import Router

from api import calls, catalogue, discipline, merging, routing, sign_ins, suggestions, tickets, verbs, views
from api.deps import PROVIDED
from api.problems import HANDLERS

router = Router(
    path="/api/v1",
    route_handlers=[
        sign_ins.SignIns,
        calls.Calls,
        tickets.Tickets,
        views.Views,
        verbs.Verbs,
        merging.Merging,
        suggestions.Suggestions,
        routing.Routing,
        catalogue.Catalogue,
        discipline.Discipline,
    ],
    dependencies=PROVIDED,
    exception_handlers=HANDLERS,
    security=[{"token": []}],
)
