"""The demo city (演示城市): loads a city's areas, departments, items, responsibilities and people from CSV files."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.people import SYSTEM_ID, Department, Person, new_password, set_password
from tickets.catalogue import Area, Item, Responsibility

DEMO = Path(__file__).parent / "demo"
VALID_FROM = date(2024, 1, 1)


def is_empty(s: Session) -> bool:
    """Whether nobody and nothing has been set up yet."""
    return not s.scalar(select(func.count()).select_from(Area)) and not s.scalar(select(func.count()).where(Person.id != SYSTEM_ID))


def load(s: Session, folder: Path = DEMO) -> None:
    """Loads a city into an empty database. Parents are listed before their children in every file."""
    for row in _rows(folder / "areas.csv"):
        s.add(Area(code=row["code"], name=row["name"], parent_code=row["parent"] or None, level=row["level"], aliases=_list(row["aliases"])))
        s.flush()
    for row in _rows(folder / "units.csv"):
        s.add(
            Department(code=row["code"], name=row["name"], short=row["short"], kind=row["kind"], area_code=row["area"] or None,
                       parent_code=row["parent"] or None, duties=row["duties"])
        )  # fmt: skip
        s.flush()
    for row in sorted(_rows(folder / "items.csv"), key=lambda row: len(row["code"])):
        s.add(Item(code=row["code"], name=row["name"], parent_code=row["parent"] or None, level=int(row["level"]), scope=row["scope"]))
    s.flush()
    for row in _rows(folder / "responsibility.csv"):
        s.add(
            Responsibility(item_code=row["item"], area_code=row["area"] or None, lead=row["lead"], co_handlers=_list(row["co"]), basis=row["basis"],
                           valid_from=VALID_FROM)
        )  # fmt: skip
    for row in _rows(folder / "people.csv"):
        s.add(Person(login=row["login"], name=row["name"], roles=_list(row["roles"]), department_code=row["unit"] or None))
    s.flush()


def hand_out_passwords(s: Session) -> list[tuple[str, str, str]]:
    """Gives one person of each post, and one department, a random password: (post, login, password) to be shown once.

    The others get theirs from `hotline user reset`.
    """
    given = []
    taken: set[str] = set()
    for person in s.scalars(select(Person).where(Person.id != SYSTEM_ID).order_by(Person.id)):
        first = person.roles[0]
        if first not in taken:
            taken.add(first)
            password = new_password()
            set_password(person, password)
            given.append((first, person.login, password))
    return given


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _list(text: str) -> list[str]:
    return [part for part in text.split(";") if part]
