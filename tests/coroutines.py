"""A coroutine to its end, in a thread of its own: where a browser is driven in this process, the thread of the tests has a loop already."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def to_its_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What it returns, or raises."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
