"""The demo city (演示城市) as data: what its CSV files promise each other, read without a database."""

import csv
import re
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from hotline.roles import Role
from sla.limit import Limit
from tickets.catalogue_files import read

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "tickets" / "demo"
STANDARD = ROOT.parent / "shared" / "data" / "db44t2479" / "items.csv"
KINDS = {"department", "district", "utility", "centre", "discipline"}
LEAD_NOTHING = {"jijian"}
# The standard numbers its own items 00-79 and 99 within a parent; the city's additions take 81-89, and branch 90 is all its own.
OWN_CODE = re.compile(r"90.*|\d{4}8\d")
COPIED = 6  # so many characters in a row shared with a remark of the standard would be its sentence, not ours


def rows(name: str) -> list[dict[str, str]]:
    with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


AREAS = {row["code"]: row for row in rows("areas")}
UNITS = {row["code"]: row for row in rows("units")}
ITEMS = {row["code"]: row for row in rows("items")}
PEOPLE = {row["login"]: row for row in rows("people")}
RESPONSIBILITY = rows("responsibility")
RULES = {(row["item"], row["area"]): row for row in RESPONSIBILITY}
LEAVES = [code for code in ITEMS if len(code) == 6]
STREETS = [code for code, row in AREAS.items() if row["level"] == "street"]
DISTRICTS = [code for code, row in AREAS.items() if row["level"] == "district"]


def parts(text: str) -> list[str]:
    return [part for part in text.split(";") if part]


def area_line(area: str) -> list[str]:
    """The area and all above it, smallest first, then '' for the whole city."""
    line = []
    while area:
        line.append(area)
        area = AREAS[area]["parent"]
    return [*line, ""]


def item_line(item: str) -> list[str]:
    return [item, item[:4], item[:2]]


def answers(item: str, area: str = "") -> dict[str, str]:
    """The row that decides: the longest item code first, then the smallest area."""
    return next(RULES[i, a] for i in item_line(item) for a in area_line(area) if (i, a) in RULES)


def test_every_code_stands_once_and_after_its_parent() -> None:
    for name in ("areas", "units", "items"):
        seen: set[str] = {""}
        for row in rows(name):
            assert row["code"] not in seen, row
            assert row["parent"] in seen, row
            assert row["name"].strip() == row["name"] != "", row
            seen.add(row["code"])
    assert len(RULES) == len(RESPONSIBILITY)
    assert len(PEOPLE) == len(rows("people"))


def test_the_city_has_seven_districts_of_five_to_eight_streets() -> None:
    assert [AREAS[code]["level"] for code in AREAS].count("city") == 1
    assert len(DISTRICTS) == 7
    for district in DISTRICTS:
        assert 5 <= sum(AREAS[street]["parent"] == district for street in STREETS) <= 8
    for code, row in AREAS.items():
        if row["level"] == "street":
            assert re.fullmatch(r"\d{9}", code)
            assert code[:6] == row["parent"]
        else:
            assert re.fullmatch(r"9901\d\d", code)


def test_a_place_name_means_one_place() -> None:
    """A name may be part of another only up or down the same line (翠湖 in 翠湖花园); elsewhere a text would find two places."""
    names = [(name, code) for code, row in AREAS.items() for name in [row["name"], *parts(row["aliases"])]]
    assert [name for name, n in Counter(name for name, _ in names).items() if n > 1] == []
    assert all(len(name) >= 2 for name, _ in names)
    clashes = [
        (name, code, longer, other)
        for name, code in names
        for longer, other in names
        if name in longer and code not in area_line(other) and other not in area_line(code)
    ]
    assert clashes == []


def test_every_street_is_known_by_its_landmarks() -> None:
    assert [code for code in STREETS if len(parts(AREAS[code]["aliases"])) < 5] == []


def test_units_are_complete_and_of_a_known_kind() -> None:
    assert {row["kind"] for row in UNITS.values()} == KINDS
    for code, row in UNITS.items():
        assert re.fullmatch(r"[a-z]+", code), code
        assert all((row["short"], row["duties"])), row
        assert row["area"] in AREAS, row
        assert (row["kind"] == "district") == (row["area"] in DISTRICTS), row
    assert sorted(row["area"] for row in UNITS.values() if row["kind"] == "district") == sorted(DISTRICTS)
    assert len({row["short"] for row in UNITS.values()}) == len(UNITS)


def test_item_codes_grow_by_two_digits_a_level() -> None:
    for code, row in ITEMS.items():
        assert re.fullmatch(r"(\d\d){1,3}", code), row
        assert (row["parent"], int(row["level"])) == (code[:-2], len(code) // 2), row
    official = Counter(len(code) // 2 for code in ITEMS if not OWN_CODE.fullmatch(code))
    assert official == {1: 14, 2: 99, 3: 514}  # the standard prints 515 lines, one code twice


def test_every_branch_says_what_belongs_to_it() -> None:
    for code, row in ITEMS.items():
        if len(code) < 6 or OWN_CODE.fullmatch(code):
            assert row["scope"], code
        assert not row["scope"] or 10 <= len(row["scope"]) <= 40, row
    assert sum(bool(ITEMS[code]["scope"]) for code in LEAVES) >= 160


@pytest.mark.skipif(not STANDARD.exists(), reason="the standard is not part of the project")
def test_codes_and_names_are_the_standards_and_scopes_are_ours() -> None:
    with STANDARD.open(encoding="utf-8", newline="") as file:
        printed = list(csv.DictReader(file))
    expected: dict[str, str] = {}
    for line in printed:
        for level in "123":
            expected.setdefault(line[f"level_{level}_code"], line[f"level_{level}_name"] or line["level_2_name"])
    assert {code: row["name"] for code, row in ITEMS.items() if not OWN_CODE.fullmatch(code)} == expected
    copied = []
    for line in printed:
        ours, theirs = ITEMS[line["level_3_code"]]["scope"], line["remark"]
        if SequenceMatcher(None, ours, theirs, autojunk=False).find_longest_match().size >= COPIED:
            copied.append((line["level_3_code"], ours, theirs))
    assert copied == []


def test_responsibility_names_what_exists() -> None:
    for row in RESPONSIBILITY:
        helpers = parts(row["co"])
        assert row["item"] in ITEMS, row
        assert row["area"] in {"", *AREAS}, row
        assert {row["lead"], *helpers} <= set(UNITS), row
        assert len({row["lead"], *helpers}) == 1 + len(helpers), row
        assert row["basis"], row
        assert "〔" not in row["basis"], row  # kinds of basis, no document numbers


def test_every_item_is_answered_everywhere_by_one_lead() -> None:
    for item in LEAVES:
        for area in ("", *AREAS):
            assert answers(item, area)["lead"] in UNITS


def test_a_row_of_an_area_has_a_city_wide_row_to_fall_back_on() -> None:
    """Of the same branch, so that reading area before item, or item before area, gives the same unit."""
    for item, area in RULES:
        assert any((i, "") in RULES for i in item_line(item)), (item, area)
    for item in LEAVES:
        for area in AREAS:
            by_area = next(RULES[i, a] for a in area_line(area) for i in item_line(item) if (i, a) in RULES)
            assert by_area == answers(item, area), (item, area)


def test_a_district_leads_only_in_its_own_area() -> None:
    for row in RESPONSIBILITY:
        if UNITS[row["lead"]]["kind"] == "district":
            assert UNITS[row["lead"]]["area"] == row["area"], row


def test_street_matters_go_to_the_district_of_the_place() -> None:
    for item in ("030701", "030303", "030608", "090305", "900101"):
        assert {answers(item, district)["lead"] for district in DISTRICTS} == {
            code for code, row in UNITS.items() if row["kind"] == "district"
        }
        assert UNITS[answers(item)["lead"]]["kind"] != "district"


def test_every_unit_leads_something_but_discipline_answers_nothing() -> None:
    leads = {answers(item, area)["lead"] for item in LEAVES for area in ("", *DISTRICTS)}
    assert set(UNITS) - leads == LEAD_NOTHING
    helpers = {helper for row in RESPONSIBILITY for helper in parts(row["co"])}
    assert not helpers & LEAD_NOTHING


def test_each_utility_has_an_item_of_its_own() -> None:
    """The standard has one item for water, power, gas and heat together; the unit must follow from the item."""
    assert [answers(item)["lead"] for item in ("090481", "090482", "090483", "090484", "030581")] == [
        "gongshui", "gongdian", "ranqi", "reli", "paishui",
    ]  # fmt: skip


def test_there_are_people_for_every_post() -> None:
    posts = Counter(role for row in PEOPLE.values() for role in parts(row["roles"]))
    assert set(posts) == {role.value for role in Role if role is not Role.SYSTEM}
    for role in ("operator", "dispatcher", "revisitor", "supervisor"):
        assert posts[role] >= 2, role
    for row in PEOPLE.values():
        assert re.fullmatch(r"[a-z]+\d", row["login"]), row
        assert row["unit"] in UNITS, row
    assert len({row["name"] for row in PEOPLE.values()}) == len(PEOPLE)


def test_every_answering_unit_has_a_clerk() -> None:
    with_clerk = {row["unit"] for row in PEOPLE.values() if "clerk" in parts(row["roles"])}
    assert with_clerk == set(UNITS) - LEAD_NOTHING
    assert sum("chief" in parts(row["roles"]) for row in PEOPLE.values()) >= 10


def test_nobody_checks_their_own_work() -> None:
    """Who revisits never takes calls or dispatches (盲访), and discipline stands outside every answering unit."""
    for row in PEOPLE.values():
        roles = set(parts(row["roles"]))
        assert not ("revisitor" in roles and roles & {"operator", "dispatcher", "clerk", "chief"}), row
        assert ("discipline" in roles) == (UNITS[row["unit"]]["kind"] == "discipline"), row


def test_items_of_the_service_halls_promise_no_more_than_the_law_gives() -> None:
    promising = [row for row in ITEMS.values() if row["promised"]]
    assert len(promising) >= 15 and {row["mode"] for row in promising} == {"single", "joint"}
    for row in promising:
        promised = Limit.parse(row["promised"])
        assert (row["piece"] == "instant") == (promised.unit == "sameday"), row
        if row["statutory"] and (statutory := Limit.parse(row["statutory"])).unit == promised.unit:
            assert promised.amount <= statutory.amount, row


@pytest.mark.parametrize("name", ["items", "responsibility", "units", "people"])
def test_the_demo_files_are_files_that_the_city_can_import(name: str) -> None:
    (table,) = read((DEMO / f"{name}.csv").read_bytes(), f"{name}.csv")
    assert table.sheet.key == name and len(table.rows) == len(rows(name))
