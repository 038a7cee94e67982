"""How every handler of the API is declared: sync, in a thread of its own, and documented with the ways it says no."""

from functools import partial

import litestar

from api.problems import PROBLEMS

get = partial(litestar.get, sync_to_thread=True, responses=PROBLEMS)
post = partial(litestar.post, sync_to_thread=True, responses=PROBLEMS)
delete = partial(litestar.delete, sync_to_thread=True, responses=PROBLEMS)
