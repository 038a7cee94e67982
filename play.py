"""A hotline's day (演示的一天), played with the real system and limits of seconds: `./run play`.

Calls come in and citizens come to the window; at night everything is read back, built again from its events, and their chain is checked.
It plays in a data folder of its own and touches nothing of the real one.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, zip_longest
from pathlib import Path

import system
from asr import model
from hotline import clock
from hotline.db import Session
from hotline.people import system as the_system
from hotline.settings import Settings
from playing.night import Result, reckoned
from playing.players import Day
from playing.plot import AT_THE_WINDOW, PHONED, Part
from sla import policies, versions

Notice = Callable[[str], None]
Played = list[tuple[str, Part]]


def play(settings: Settings, *, keep: bool, say: Notice) -> Result:
    """Plays the day and returns what the database says of it."""
    settings.data.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="play-", dir=settings.data))
    folder.chmod(0o711)
    own = replace(settings, data=folder, model=settings.model or _model_of(settings))
    if (settings.models / "routing").exists():
        shutil.copytree(settings.models / "routing", own.models / "routing")
    try:
        with system.running(own, progress=say) as running:
            with Session.begin() as s:
                versions.save_policy(s, replace(policies.load("play"), name="policies"), at=clock.now(), by=the_system(s).name)
            day = Day(running, say)
            played = _by_day(day)
            for number, part in played:
                part.evening(day, number)
            return reckoned(day, played)
    finally:
        if keep:
            say(f"这一天的数据在 {folder}。")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _by_day(day: Day) -> Played:
    """A call, then somebody at the window, as long as there are any."""
    day.say("电话打进来，窗口也有人来……")
    played: Played = []
    phoned = zip(day.calls_in(), cycle(PHONED), strict=False)
    for called, came in zip_longest(phoned, AT_THE_WINDOW):
        for number, part in ([called] if called else []) + ([(day.files(came.matter), came)] if came and came.matter else []):
            day.say(f"{number}  {part.name}")
            part.acts(day, number)
            played.append((number, part))
    return played


def _model_of(settings: Settings) -> Path | None:
    """The speech model that the real data folder already has: the day does not fetch another."""
    folder = model.place(settings.models, settings.model)
    return folder if folder.exists() else None
