"""What has to be there before anything runs: the tables, the key, a city, the classifier and the speech model.

Like the other root files it stands above every package and is imported by none of them.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from asr import graphs
from asr import model as speech_model
from asr.errors import SpeechError
from hotline import chain, clock, privacy
from hotline.db import Session, bind
from hotline.errors import NotFound
from hotline.migrate import migrate
from hotline.people import SYSTEM_ID, Person
from hotline.settings import Settings
from routing import store
from sla import versions
from tickets import baseline, setup
from tickets.catalogue import Item, responsible

MANAGE = Path(__file__).with_name("manage.py")
Progress = Callable[[str, float, float], None]
Notice = Callable[[str], None]


def prepare(settings: Settings, url: str, *, empty: bool = False, progress: Progress | None = None, hand_out: bool = False) -> list[tuple[str, str, str]]:
    """Migrates, unlocks the key, loads the demo city into an empty database unless told not to, trains the classifier where there is none.

    Returns the logins (post, login, password) that were handed out just now, or (post, login, "") for those that already exist.
    """
    settings.data.mkdir(mode=0o711, parents=True, exist_ok=True)
    settings.inbox.mkdir(exist_ok=True)
    engine = bind(url)
    migrate(engine)
    privacy.unlock(settings.key)
    logins: list[tuple[str, str, str]] = []
    with Session.begin() as s:
        s.execute(text("SELECT pg_advisory_xact_lock(hashtext('hotline setup'))"))
        chain.adopt(s)
        baseline.write(s, at=clock.now())
        versions.seed(s, at=clock.now())
        if not empty and setup.is_empty(s):
            setup.load(s)
        elif not empty:
            setup.complete(s, at=clock.now())
        if hand_out:
            logins = _logins(s, new=not s.scalar(select(Person.id).where(Person.password_hash.is_not(None)).limit(1)))
    try:
        store.load(settings.models / "routing")
    except NotFound:
        train(settings, None, None, progress=progress)
    return logins


def get_model(settings: Settings, *, progress: Progress | None = None, say: Notice) -> None:
    """The speech model, fetched if it is not there. Without one the system still runs: calls wait, and the pages say why."""
    folder = speech_model.place(settings.models, settings.model)
    try:
        speech_model.check(folder)
    except SpeechError:
        try:
            speech_model.fetch(settings.models, settings.model, progress=progress)
        except SpeechError as problem:
            say(f"{problem.sentence}\n系统照常运行，通话先等待；有了模型（./run model）会自动转写。")
            return
    learn_hotline_words(settings, progress=progress)


def learn_hotline_words(settings: Settings, *, progress: Progress | None = None) -> None:
    """首次适应: the speech model learns the project's own texts, once, in a process of its own; without them it hears as it was shipped."""
    if graphs.standing(speech_model.place(settings.models, settings.model)) is not None:
        return
    told = progress or (lambda stage, done, total: None)
    told("adapt", 0, 1)
    env = {**os.environ, "HOTLINE_DATA": str(settings.data), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    env |= {"HOTLINE_MODEL": str(settings.model)} if settings.model else {}
    subprocess.run([sys.executable, str(MANAGE), "asr", "setup"], env=env, stdin=subprocess.DEVNULL, check=False)
    told("adapt", 1, 1)


def train(settings: Settings, file: Path | None, out: Path | None, *, progress: Progress | None = None) -> dict[str, Any]:
    """Trains the classifier: on the project's own corpus for the city's items, or on a CSV into a folder of its own."""
    from routing import corpus, examples  # with scikit-learn: a second of every start that does not train
    from routing import train as training

    folder = out or settings.models / "routing"
    moved = (lambda stage, share: progress("train", share, 1.0)) if progress else None
    if file is not None:
        return asdict(training.train(examples.read(file), folder, at=clock.now(), progress=moved))
    units, scopes = city_of_corpus()
    return asdict(training.train(corpus.as_examples(corpus.read()), folder, at=clock.now(), units=units, scopes=scopes, progress=moved))


def city_of_corpus() -> tuple[dict[str, str], dict[str, str]]:
    """What the city says of the items of the project's own corpus: who leads each, and its name and scope in words."""
    from routing import corpus

    codes = {utterance.item for utterance in corpus.read()}
    with Session() as s:
        items = s.scalars(select(Item).where(Item.code.in_(codes))).all()
        rows = {item.code: responsible(s, item=item.code, area=None, on=clock.local(clock.now()).date()) for item in items}
    return {code: row.lead for code, row in rows.items() if row is not None}, {item.code: f"{item.name}，{item.scope}" for item in items}


def _logins(s: Any, *, new: bool) -> list[tuple[str, str, str]]:
    if new:
        return setup.hand_out_passwords(s)
    people = s.scalars(select(Person).where(Person.id != SYSTEM_ID, Person.password_hash.is_not(None), Person.active).order_by(Person.id).limit(12))
    return [(person.roles[0], person.login, "") for person in people]


