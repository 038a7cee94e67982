"""Policies: which rule a matter gets, what is refused when a policy is made, the ladder's moments, and the triggers beside time."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hotline.errors import NotFound, Refused
from sla.calendars import SHIPPED, allday, standard
from sla.ladder import Rung, Span, moment_shape, steps, warn_at
from sla.light import Light, light
from sla.limit import Limit
from sla.pauses import ANSWERED, Extension, Pause, due_after
from sla.policies import load, policy_from, policy_to
from sla.policy import CLOCKS, Matter, Policy, area_prefix
from sla.triggers import FACTS, Trigger, triggered
from sla.worktime import add

When = Callable[[str], datetime]
RUNG = {"level": 3, "action": "overdue", "title": "超期", "when": "due", "clocks": ["resolve"]}


def data(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    every = {"key": "every", "title": "兜底", "limits": {"resolve": "5 workday"}}
    return {"name": "test", "title": "试", "rule": [every, *rules], "ladder": {"standard": [RUNG]}, **more}


def rule(key: str, **choices: Any) -> dict[str, Any]:
    return {"key": key, "title": f"规则{key}", **choices}


def tags(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("matter", "key", "resolve"),
    [
        (Matter("inquiry"), "inquiry", "3 workday"),
        (Matter("help"), "help", "5 workday"),
        (Matter("complaint"), "complaint", "5 workday"),
        (Matter("report"), "report", "15 workday"),
        (Matter("suggestion"), "suggestion", "15 workday"),
        (Matter("praise"), "praise", "5 workday"),
        (Matter("stuck"), "stuck", "5 workday"),
        (Matter("stuck", tags=tags("simple")), "stuck_simple", "sameday"),
        (Matter("stuck", tags=tags("special")), "stuck_special", "15 workday"),
        (Matter("stuck", tags=tags("human")), "stuck_human", "3 workday"),
        (Matter("fault"), "fault", "5 workday"),
        (Matter("help", item="090483"), "utilities", "24 hour"),
        (Matter("inquiry", item="090483"), "inquiry", "3 workday"),
        (Matter("help", tags=tags("utilities")), "utilities_tagged", "24 hour"),
        (Matter("help", item="090483", urgency="life"), "urgent_life", "2 hour"),
        (Matter("complaint", tags=tags("seven_days")), "beijing_general", "7 day"),
        (Matter("complaint", tags=tags("fifteen_days")), "beijing_complex", "15 day"),
        (Matter("help", tags=tags("single")), "single_item", "3 workday"),
        (Matter("help", tags=tags("joint")), "joint_item", "10 workday"),
        (Matter("bad_rating"), "bad_rating", "5 workday"),
        (Matter("promise"), "promise", "5 workday"),
        (Matter("agency"), "agency", "5 workday"),
        (Matter("stuck", tags=tags("explain")), "stuck_explain", "3 workday"),
        (Matter("complaint", tags=tags("redo")), "redo", "3 workday"),
        (Matter("complaint", item="030402"), "long_cycle", "30 day"),
        (Matter("help", tags=tags("long_cycle")), "long_cycle_tagged", "30 day"),
        (Matter("complaint", tags=tags("enterprise")), "complaint+enterprise", "5 workday"),
        (Matter("whatever"), "general", "5 workday"),
    ],
)
def test_every_preset_reaches_the_matters_it_is_for(matter: Matter, key: str, resolve: str) -> None:
    found = load("policies").rule_for(matter)
    assert (found.key, str(found.limit("resolve"))) == (key, resolve)
    assert load("policies").rule(key) == found
    assert found.calendar in SHIPPED


def test_what_threatens_life_runs_around_the_clock_and_cannot_be_returned() -> None:
    found = load("policies").rule_for(Matter("help", urgency="life"))
    assert {clock: str(found.limit(clock)) for clock in ("sign", "first_contact", "resolve", "revisit")} == {
        "sign": "15 minute",
        "first_contact": "30 minute",
        "resolve": "2 hour",
        "revisit": "24 hour",
    }
    assert found.calendar == "allday"
    assert not found.returnable
    assert load("policies").rule_for(Matter("help")).returnable


def test_an_overlay_adds_to_the_rule_that_matches() -> None:
    found = load("policies").rule_for(Matter("inquiry", tags=tags("enterprise")))
    assert found.title == "咨询·企业"
    assert str(found.limit("first_contact")) == "sameday"
    assert str(found.limit("resolve")) == "3 workday"
    assert found.revisit_share == 1
    assert load("policies").rule_for(Matter("inquiry")).revisit_share == Decimal("0.2")


def test_of_two_overlays_the_more_specific_lies_on_top() -> None:
    policy = policy_from(
        data(
            rule("city", overlay=True, tags="x", limits={"sign": "1 hour", "dispatch": "1 hour"}, statutory={"resolve": "60 workday"}),
            rule("strict", overlay=True, tags=["x", "y"], limits={"sign": "2 hour"}, revisit_share=0.5),
        )
    )
    found = policy.rule_for(Matter("help", tags=tags("x", "y")))
    assert found.key == "every+city+strict"
    assert {clock: str(limit) for clock, limit in found.limits.items()} == {"resolve": "5 workday", "sign": "2 hour", "dispatch": "1 hour"}
    assert str(found.statutory["resolve"]) == "60 workday"
    assert policy.rule_for(Matter("help", tags=tags("x"))).key == "every+city"


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ({}, {"kind": "help"}),
        ({"kind": "help"}, {"area": "990100"}),
        ({"area": "990100"}, {"area": "990102"}),
        ({"area": "990102"}, {"area": "990102001"}),
        ({"area": "990102001"}, {"item": "09"}),
        ({"item": "09"}, {"item": "0904"}),
        ({"item": "0904"}, {"item": "090483"}),
        ({"item": "090483"}, {"tags": ["a"]}),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}),
        ({"tags": ["a", "b"]}, {"urgency": "life"}),
        ({"urgency": "life"}, {"priority": 1}),
    ],
)
@pytest.mark.parametrize("swap", [False, True])
def test_the_more_specific_rule_wins_whatever_the_order_of_rows(weaker: dict[str, Any], stronger: dict[str, Any], swap: bool) -> None:
    rows = [rule("strong", **stronger)] + ([rule("weak", **weaker)] if weaker else [])
    policy = policy_from(data(*(reversed(rows) if swap else rows)))
    assert policy.rule_for(Matter("help", "090483", "990102001", "life", tags("a", "b"))).key == "strong"


@pytest.mark.parametrize(
    ("choices", "matter"),
    [
        ({"kind": "help"}, Matter("complaint")),
        ({"item": "0904"}, Matter("help", item="0905")),
        ({"area": "990102"}, Matter("help", area="990103")),
        ({"urgency": "life"}, Matter("help")),
        ({"tags": ["a", "b"]}, Matter("help", tags=tags("a"))),
    ],
)
def test_a_rule_that_does_not_match_is_passed_over(choices: dict[str, Any], matter: Matter) -> None:
    assert policy_from(data(rule("other", **choices))).rule_for(matter).key == "every"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"kind": "help"}, {"kind": ["complaint", "help"]}),
        ({"item": ["09", "14"]}, {"item": "14"}),
        ({"area": "990100"}, {"area": "990100000"}),
        ({"tags": ["a"]}, {"tags": ["b"]}),
        ({"urgency": "life", "kind": "help"}, {"urgency": "life", "kind": "help"}),
        ({"priority": 3}, {"priority": 3}),
        ({"overlay": True, "tags": ["a"]}, {"overlay": True, "tags": ["b"]}),
    ],
)
def test_two_rules_that_match_equally_well_are_refused_by_name(one: dict[str, Any], other: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"规则one.*规则two.*一样贴切") as refusal:
        policy_from(data(rule("one", **({"priority": 9} if not one else {}), **one), rule("two", **({"priority": 9} if not other else {}), **other)))
    assert refusal.value.field == "rule"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"kind": "help"}, {"kind": "complaint"}),
        ({"item": "09"}, {"item": "0904"}),
        ({"item": "0904"}, {"item": "0905"}),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}),
        ({"tags": ["a"]}, {"tags": ["b"], "priority": 1}),
        ({"tags": ["a"], "kind": "help"}, {"tags": ["a"], "overlay": True, "kind": "help"}),
    ],
)
def test_rules_that_can_be_told_apart_are_accepted(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert len(policy_from(data(rule("one", **one), rule("two", **other))).rules) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rule": [rule("a", kind="help")]}, "兜底"),
        ({"rule": [rule("a", overlay=True)]}, "兜底"),
        ({"rule": [rule("a"), rule("a", kind="help")]}, "重复"),
        ({"rule": [rule("a+b")]}, "含有“\\+”"),
        ({"rule": [rule("a", ladder="steep")]}, "没有定义的督办阶梯“steep”"),
        ({"rule": [rule("a", color="red")]}, "不认识的项：color"),
        ({"rule": [rule("a", limits={"sleep": "1 day"})]}, "不认识的项：sleep"),
        ({"rule": [rule("a", limits={"resolve": "5 moons"})]}, "moons"),
        ({"rule": [rule("a", limits={"resolve": "-5 day"})]}, "大于零"),
        ({"rule": [rule("a", revisit_share=1.1)]}, "0 到 1"),
        ({"rule": [rule("a", revisit_share=-0.1)]}, "0 到 1"),
        ({"rule": [rule("a", ends_at="noon")]}, "24:00"),
        ({"rule": [rule("a", kind=[5])]}, "应是文字"),
        ({"rule": [rule("a", kind="")]}, "应是文字"),
        ({"rule": [{"title": "无名"}]}, "缺少内容"),
        ({"rule": 5}, "缺少内容"),
        ({"colour": 1}, "不认识的项：colour"),
        ({"ladder": {"standard": [RUNG | {"level": 8}]}}, "1 到 7"),
        ({"ladder": {"standard": [RUNG | {"level": 0}]}}, "1 到 7"),
        ({"ladder": {"standard": [RUNG | {"when": []}]}}, "何时触发"),
        ({"ladder": {"standard": [RUNG | {"when": "soon"}]}}, "看不懂触发时间"),
        ({"ladder": {"standard": [RUNG | {"when": "after 5 moons"}]}}, "moons"),
        ({"trigger": [{"key": "t", "title": "试", "level": 4, "action": "x", "when": {"luck": 1}}]}, "不认识的事实：luck"),
        ({"trigger": [{"key": "t", "title": "试", "level": 4, "action": "x", "when": {}}]}, "至少一个条件"),
        ({"trigger": [{"key": "t", "title": "试", "level": 4, "action": "x", "when": {"returns": 0}}]}, "1 以上"),
        ({"trigger": [{"key": "t", "title": "试", "level": 4, "action": "x", "when": {"returns": True}}]}, "1 以上"),
        ({"trigger": [{"key": "t", "title": "试", "level": 9, "action": "x", "when": {"returns": 1}}]}, "0 到 7"),
        ({"pause": [{"reason": "x", "title": "x", "approver": "x", "colour": 1}]}, "不认识的项：colour"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_the_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refusal:
        policy_from(data() | change)
    assert refusal.value.field
    with pytest.raises(Refused):
        policy_from([])


@pytest.mark.parametrize(
    ("change", "sentence", "field"),
    [
        ({"rule": [rule("a", kind="help")]}, "必须有一条不带任何条件的兜底规则。", "rule"),
        ({"rule": [rule("a"), rule("a", kind="help")]}, "规则名“a”重复，或含有“+”“@”。", "key"),
        ({"rule": [rule("a", ladder="steep")]}, "规则“规则a”（a）用了没有定义的督办阶梯“steep”。", "ladder"),
        (
            {"rule": [rule("a"), rule("b")]},
            "规则“规则a”（a）和“规则b”（b）会对同样的工单一样贴切，无法决定用哪一条；请给其中一条更具体的条件，或写明先后（priority）。",
            "rule",
        ),
    ],
)
def test_a_refused_policy_says_in_whole_sentences_what_to_change(change: dict[str, Any], sentence: str, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        policy_from(data() | change)
    assert (refusal.value.sentence, refusal.value.field) == (sentence, field)


@pytest.mark.parametrize("name", ["policies", "play"])
def test_a_policy_written_out_is_read_back(name: str) -> None:
    assert policy_from(deepcopy(policy_to(load(name)))) == load(name)
    assert hash(load(name)) == hash(policy_from(policy_to(load(name))))
    assert hash(load("policies")) != hash(load("play"))


def test_defaults_hold_unless_a_rule_says_otherwise_and_never_reach_an_overlay() -> None:
    policy = policy_from(
        data(
            rule("none", kind="help", limits={"sign": "none"}, ladder="standard"),
            rule("late", kind="report", ends_at="24:00", roll_if_holiday=True, calendar="allday", statutory={"resolve": "60 workday"}),
            rule("over", overlay=True, tags="x"),
            defaults={"limits": {"sign": "1 workday"}, "calendar": "summer", "revisit_share": 0.3, "extensions": [{"count": 1, "each": "1 day"}]},
        )
    )
    assert policy.rule("every").limits == {"sign": Limit.parse("1 workday"), "resolve": Limit.parse("5 workday")}
    assert policy.rule("every").calendar == "summer"
    assert policy.rule("every").revisit_share == Decimal("0.3")
    assert policy.rule("every").extensions[0].count == 1
    assert policy.rule("every").close_of_business
    assert policy.rule("none").limit("sign") is None
    assert not policy.rule("late").close_of_business
    assert policy.rule("late").roll_if_holiday
    assert policy.rule("late").statutory == {"resolve": Limit.parse("60 workday")}
    assert policy.rule("over").limits == {}
    assert policy.rule("over").revisit_share == 0


def test_unknown_names_are_not_found(tmp_path: Path) -> None:
    policy = load("policies")
    with pytest.raises(NotFound, match="没有名为“nope”的时限规则") as unknown:
        policy.rule("nope")
    assert unknown.value.field == "rule"
    with pytest.raises(NotFound):
        policy.rule("complaint+nope")
    with pytest.raises(NotFound, match="没有“nap”这种时限。可用：dispatch、sign、") as unknown:
        policy.rule("complaint").limit("nap")
    assert unknown.value.field == "clock"
    with pytest.raises(NotFound):
        load("no-such-policy")
    bad = tmp_path / "bad.toml"
    bad.write_text("name = ")
    with pytest.raises(Refused, match="TOML"):
        load(str(bad))
    good = tmp_path / "good.toml"
    good.write_text(
        'name = "g"\n[[rule]]\nkey="a"\ntitle="甲"\n[[ladder.standard]]\nlevel=3\naction="overdue"\ntitle="超期"\nwhen="due"\nclocks=["resolve"]\n'
    )
    assert load(good).title == "g"


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("990100", "9901"), ("990102", "990102"), ("990100000", "9901"), ("990102000", "990102"), ("990102001", "990102001"), ("990000", "99"), ("", "")],
)
def test_an_area_covers_what_lies_inside_it(code: str, prefix: str) -> None:
    assert area_prefix(code) == prefix


@pytest.mark.parametrize(
    ("taken", "asked", "allowed"),
    [
        ([], "3 workday", True),
        ([], "4 workday", True),
        ([], "10 workday", True),
        ([], "11 workday", False),
        (["3 workday"], "3 workday", True),
        (["3 workday", "3 workday"], "3 workday", True),
        (["3 workday", "3 workday", "3 workday"], "3 workday", False),
        (["3 workday"], "4 workday", False),
        (["10 workday"], "1 workday", False),
        ([], "1 hour", False),
    ],
)
def test_extensions_are_allowed_three_times_three_days_or_once_ten(taken: list[str], asked: str, allowed: bool) -> None:
    found = load("policies").rule("complaint")
    wanted = [Limit.parse(text) for text in taken]
    if allowed:
        found.check_extension(wanted, Limit.parse(asked))
    else:
        with pytest.raises(Refused, match="最多 3 次、每次不超过 3个工作日，或最多 1 次、每次不超过 10个工作日") as refusal:
            found.check_extension(wanted, Limit.parse(asked))
        assert refusal.value.field == "limit"


def test_a_redo_cannot_be_extended() -> None:
    with pytest.raises(Refused, match="“重办”不可延期") as refusal:
        load("policies").rule("redo").check_extension([], Limit.parse("1 workday"))
    assert refusal.value.field == "limit"


def test_a_pause_needs_a_listed_reason() -> None:
    policy = load("policies")
    assert str(policy.pause("waiting_citizen").cap) == "5 workday"
    assert policy.pause("force_majeure").cap is None
    assert policy.pause("appraisal").approver == "supervisor"
    with pytest.raises(Refused, match="可用的理由：等待市民补充、不可抗力、进入司法或行政复议程序、鉴定、检测、评审") as refusal:
        policy.pause("lunch")
    assert refusal.value.field == "reason"
    with pytest.raises(Refused, match="可用的理由：无"):
        policy_from(data()).pause("lunch")


# The ladder.


def span(start: datetime, text: str) -> Span:
    limit = Limit.parse(text)
    return Span(standard(), limit, start, add(standard(), start, limit).due)


def rungs(policy: Policy, clock: str = "resolve") -> tuple[Rung, ...]:
    return policy.rungs(policy.rule("complaint"), clock)


def test_each_clock_has_its_own_part_of_the_ladder() -> None:
    policy = load("policies")
    assert [rung.level for rung in rungs(policy)] == [1, 2, 3, 4, 5, 6, 7]
    assert [rung.level for rung in rungs(policy, "sign")] == [2, 3]
    assert rungs(policy, "return_window") == ()
    assert [rung.when for rung in policy.rungs(policy.rule("urgent_life"), "resolve")][3] == ("after 2 hour",)
    assert all(set(rung.clocks) <= set(CLOCKS) for ladder in policy.ladders.values() for rung in ladder)
    assert [rung.timed for rung in rungs(policy)] == [True] * 6 + [False]


@pytest.mark.parametrize(
    ("start", "text", "moments"),
    [
        ("2026-02-13 16:00", "5 workday", ["02-25 13:00", "02-26 16:48", "02-27 17:00", "02-28 17:00", "03-05 17:00", "03-12 17:00"]),
        ("2026-02-13 16:00", "1 workday", ["02-14 13:00", "02-14 15:24", "02-14 17:00", "02-24 17:00", "02-28 17:00", "03-06 17:00"]),
        ("2026-11-16 10:00", "10 workday", ["11-23 14:00", "11-26 15:48", "11-30 17:00", "12-01 17:00", "12-07 17:00", "12-14 17:00"]),
        ("2026-11-16 10:00", "2 hour", ["11-16 11:00", "11-16 11:36", "11-16 12:00", "11-17 17:00", "11-23 17:00", "11-30 17:00"]),
        ("2026-11-16 10:00", "0.5 workday", ["11-16 11:45", "11-16 13:48", "11-16 14:30", "11-17 17:00", "11-23 17:00", "11-30 17:00"]),
    ],
)
def test_the_ladder_stands_where_the_law_puts_it(moment: When, start: str, text: str, moments: list[str]) -> None:
    found = steps(rungs(load("policies")), span(moment(start), text))
    assert [f"{step.at:%m-%d %H:%M}" for step in found] == moments
    assert [step.action for step in found] == ["remind", "warn", "overdue", "supervise", "interview", "propose_transfer"]


def test_the_light_turns_amber_with_the_warning_even_at_night(moment: When) -> None:
    seven = span(moment("2026-11-16 20:00"), "7 day")
    found = rungs(load("policies"))
    assert warn_at(found, seven) < moment("2026-11-22 20:00")
    assert [step.at for step in steps(found, seven)][:2] == [moment("2026-11-20 09:00"), moment("2026-11-23 09:00")]
    assert steps(found, seven, quiet_hours=False)[0].at == moment("2026-11-20 08:00")
    assert warn_at((), seven) == seven.due


def test_a_reminder_does_not_wait_beyond_the_deadline(moment: When) -> None:
    evening = span(moment("2026-11-16 16:30"), "4 hour")
    assert [step.at for step in steps(rungs(load("policies")), evening)][:3] == [moment("2026-11-16 20:30")] * 3


def test_a_lower_step_never_comes_after_a_higher_one(moment: When) -> None:
    odd = [Rung.from_data(RUNG | {"level": 1, "when": "left 1%"}), Rung.from_data(RUNG | {"level": 2, "when": "used 50%"}), Rung.from_data(RUNG)]
    found = steps(odd, span(moment("2026-11-16 10:00"), "5 workday"))
    assert [step.level for step in found] == [1, 2, 3]
    assert found[0].at == found[1].at < found[2].at


def test_time_that_was_paused_is_not_used_up(moment: When) -> None:
    start, limit = moment("2026-11-16 09:00"), Limit.parse("420 workminute")
    pause = (moment("2026-11-16 10:00"), moment("2026-11-17 10:00"))
    paused = Span(standard(), limit, start, moment("2026-11-17 17:00"), True, (pause,))
    found = steps(rungs(load("policies")), paused, quiet_hours=False)
    assert found[0].at == moment("2026-11-17 13:30")


def test_a_reminder_due_during_a_pause_comes_when_the_clock_runs_on(moment: When) -> None:
    pause = (moment("2026-11-18 10:00"), moment("2026-11-20 10:00"))
    five = Span(standard(), Limit.parse("5 workday"), moment("2026-11-13 10:00"), moment("2026-11-20 17:00"), True, (pause,))
    before = [Rung.from_data(RUNG | {"level": 2, "when": "before 1 workday"}), Rung.from_data(RUNG | {"level": 4, "when": "before 1 workday"})]
    assert [step.at for step in steps(before[:1], five)] == [moment("2026-11-20 10:00")]
    assert [step.at for step in steps(before[1:], five)] == [moment("2026-11-19 17:00")]


def test_before_and_after_count_in_their_own_unit(moment: When) -> None:
    five = span(moment("2026-11-16 10:00"), "5 workday")
    at = {
        when: steps([Rung.from_data(RUNG | {"when": when})], five)[0].at
        for when in ("before 60 workminute", "before 2 hour", "after 2 hour", "after 60 workminute", "used 0%", "left 0%")
    }
    assert at["before 60 workminute"] == moment("2026-11-23 16:00")
    assert at["before 2 hour"] == moment("2026-11-23 15:00")
    assert at["after 2 hour"] == moment("2026-11-23 19:00")
    assert at["after 60 workminute"] == moment("2026-11-24 10:00")
    assert at["used 0%"] == moment("2026-11-16 10:00")
    assert at["left 0%"] == moment("2026-11-23 17:00")
    assert moment_shape("due") == ("due", None)


def test_a_ladder_that_ends_at_midnight_counts_midnights(moment: When) -> None:
    five = Span(standard(), Limit.parse("5 workday"), moment("2026-11-16 10:00"), moment("2026-11-24 00:00"), False)
    found = steps(rungs(load("policies")), five)
    assert [step.at for step in found][2:5] == [moment("2026-11-24 00:00"), moment("2026-11-25 00:00"), moment("2026-12-01 00:00")]


# The light.


def test_red_amber_and_green_are_read_from_the_clock(moment: When) -> None:
    due, warn = moment("2026-11-20 17:00"), moment("2026-11-19 17:00")

    def seen(at: str, **more: Any) -> Light:
        return light(moment(at), due=due, warn=warn, **more)

    assert seen("2026-11-19 16:59:59") is Light.GREEN
    assert seen("2026-11-19 17:00") is Light.AMBER
    assert seen("2026-11-20 17:00") is Light.AMBER
    assert seen("2026-11-20 17:00:01") is Light.RED
    assert seen("2026-12-20 17:00", paused=moment("2026-11-19 10:00")) is Light.BLUE
    assert seen("2026-12-20 17:00", paused=moment("2026-11-21 10:00")) is Light.RED
    assert seen("2026-12-20 17:00", stopped=due) is Light.GREY
    assert seen("2026-12-20 17:00", stopped=due + timedelta(seconds=1)) is Light.RED
    assert [each.word for each in Light] == ["正常", "将到期", "超期", "挂起", "已停"]


# Pauses and extensions.


def test_a_pause_is_counted_in_the_unit_of_the_limit(moment: When) -> None:
    start, at = moment("2026-11-16 10:00"), moment("2026-12-30 10:00")
    pause = Pause(moment("2026-11-17 16:00"), moment("2026-11-18 10:00"), "waiting_citizen")

    def due(text: str) -> datetime:
        return due_after(standard(), start, Limit.parse(text), at=at, pauses=[pause]).due

    assert due("5 workday") == moment("2026-11-24 17:00")
    assert due("1260 workminute") == moment("2026-11-19 12:00")  # Three days, and the two hours of work.
    assert due("48 hour") == moment("2026-11-19 04:00")  # And the eighteen hours on the wall.
    assert due("7 day") == moment("2026-11-24 04:00")
    assert due("2.5 workday") == moment("2026-11-18 16:30")
    assert due("当日") == moment("2026-11-16 17:00")


def test_a_pause_in_which_nobody_would_have_worked_moves_nothing(moment: When) -> None:
    night = Pause(moment("2026-11-17 18:00"), moment("2026-11-18 08:00"), "waiting_citizen")
    for text in ("5 workday", "840 workminute", "2.5 workday"):
        plain = add(standard(), moment("2026-11-16 10:00"), Limit.parse(text)).due
        moved = due_after(standard(), moment("2026-11-16 10:00"), Limit.parse(text), at=moment("2026-12-01 10:00"), pauses=[night])
        assert moved.due == moved.original == plain
        assert moved.moves == ()


def test_a_pause_ends_with_its_cap_and_an_open_one_lasts_till_now(moment: When) -> None:
    start, five = moment("2026-11-16 10:00"), Limit.parse("5 workday")
    capped = Pause(moment("2026-11-17 10:00"), moment("2026-11-30 10:00"), "waiting_citizen", moment("2026-11-19 17:00"))
    assert due_after(standard(), start, five, at=moment("2026-12-01 10:00"), pauses=[capped]).due == moment("2026-11-25 17:00")
    open_ = Pause(moment("2026-11-17 10:00"), None, "judicial")
    assert due_after(standard(), start, five, at=moment("2026-11-18 18:00"), pauses=[open_]).due == moment("2026-11-25 17:00")
    assert due_after(standard(), start, five, at=moment("2026-11-16 18:00"), pauses=[open_]).due == moment("2026-11-23 17:00")


def test_what_is_overdue_cannot_be_paused_away(moment: When) -> None:
    late = Pause(moment("2026-11-23 17:01"), moment("2026-12-23 10:00"), "judicial")
    found = due_after(standard(), moment("2026-11-16 10:00"), Limit.parse("5 workday"), at=moment("2026-12-30 10:00"), pauses=[late])
    assert found.due == moment("2026-11-23 17:00")


def test_extensions_and_pauses_count_in_the_order_they_happened_and_say_so(moment: When) -> None:
    found = due_after(
        standard(),
        moment("2026-11-16 10:00"),
        Limit.parse("5 workday"),
        at=moment("2026-12-30 10:00"),
        pauses=[Pause(moment("2026-11-25 10:00"), moment("2026-11-26 10:00"), ANSWERED)],
        extensions=[Extension(Limit.parse("3 workday"), moment("2026-11-20 10:00"))],
    )
    assert found.due == moment("2026-11-27 17:00")
    assert found.original == moment("2026-11-23 17:00")
    assert found.steps[-2:] == [
        "2026年11月20日（周五）10:00 批准延期 3个工作日，截止时间移至 2026年11月26日（周四）17:00。",
        "2026年11月25日（周三）10:00 至 2026年11月26日（周四）10:00 答复待审（后被退回），期间不计时，截止时间移至 2026年11月27日（周五）17:00。",
    ]


def test_an_extension_may_be_of_another_unit_and_may_reach_an_unpublished_year(moment: When) -> None:
    def found(start: str, text: str, more: str, **how: Any) -> Any:
        extension = Extension(Limit.parse(more), moment(start))
        return due_after(standard(), moment(start), Limit.parse(text), at=moment("2026-12-31 23:00"), extensions=[extension], **how)

    assert found("2026-11-16 10:00", "2 hour", "3 workday").due == moment("2026-11-19 17:00")
    assert found("2026-11-16 10:00", "5 workday", "24 hour").due == moment("2026-11-24 17:00")
    assert found("2026-11-16 10:00", "5 workday", "3 workday", close_of_business=False).due == moment("2026-11-27 00:00")
    assert not found("2026-11-16 10:00", "5 workday", "3 workday").provisional
    far = found("2026-12-28 10:00", "3 workday", "3 workday")
    assert far.due == moment("2027-01-06 17:00")
    assert far.provisional
    assert far.steps[-1].startswith("2027 年的放假调休安排尚未公布")
    assert not found("2026-12-28 10:00", "3 day", "3 day").provisional
    assert found("2026-12-28 10:00", "3 day", "3 workday").provisional


def test_a_pause_never_brings_a_deadline_forward(moment: When) -> None:
    for text in ("5 workday", "0.5 workday", "300 workminute", "30 hour", "3 day", "当日"):
        plain = add(standard(), moment("2026-11-16 10:00"), Limit.parse(text)).due
        for hours in range(0, 200, 7):
            pause = Pause(moment("2026-11-16 10:00"), moment("2026-11-16 10:00") + timedelta(hours=hours), "judicial")
            assert due_after(standard(), moment("2026-11-16 10:00"), Limit.parse(text), at=moment("2026-12-30 10:00"), pauses=[pause]).due >= plain


def test_a_pause_around_the_clock_is_given_back_to_the_second(moment: When) -> None:
    pause = Pause(moment("2026-11-16 10:00:10"), moment("2026-11-16 10:00:25"), "judicial")
    start = moment("2026-11-16 10:00")
    assert due_after(allday(), start, Limit.parse("60 second"), at=start, pauses=[pause]).due == moment("2026-11-16 10:01:15")


# Triggers beside time.


@pytest.mark.parametrize(
    ("facts", "keys"),
    [
        ({}, []),
        ({"returns": 1}, []),
        ({"returns": 2}, ["ruling"]),
        ({"returns": 3}, ["returned_often", "ruling"]),
        ({"returns": 4, "returning_units": 2}, ["returned_often", "ruling"]),
        ({"returns": 4, "returning_units": 3}, ["ping_pong", "returned_often", "ruling"]),
        ({"repeats": 3}, []),
        ({"repeats": 3, "unsatisfied": 1}, ["repeated"]),
        ({"reworks": 2}, ["redone_twice"]),
        ({"reworks": 3}, ["redone_thrice", "redone_twice"]),
        ({"reworks": 5}, ["redone_often", "redone_thrice", "redone_twice"]),
        ({"supervised": 5}, ["supervised_often"]),
        ({"extensions": 3}, []),
        ({"extensions": 3, "overdue": 1}, ["extended_overdue"]),
        ({"bad_ratings": 2}, ["second_bad_rating"]),
        ({"human_refusal": 1}, ["human_refusal"]),
        ({"leak": 1}, ["leak"]),
        ({"leader_instruction": 1}, ["leader"]),
        ({"bottom_months": 2}, ["bottom_two_months"]),
        ({"false_busy": 1}, ["false_busy"]),
    ],
)
def test_the_triggers_beside_time_are_rows(facts: dict[str, int], keys: list[str]) -> None:
    assert [trigger.key for trigger in load("policies").triggered(facts)] == keys


def test_a_trigger_can_be_switched_off_and_an_unknown_fact_is_refused() -> None:
    row = {"key": "t", "title": "试", "level": 4, "action": "x", "when": {"returns": 1}, "enabled": False}
    assert triggered([Trigger.from_data(row)], {"returns": 5}) == []
    assert Trigger.from_data(Trigger.from_data(row).to_data()) == Trigger.from_data(row)
    with pytest.raises(Refused, match="不认识的事实：luck"):
        triggered([], {"luck": 1})
    assert all(set(trigger.when) <= set(FACTS) for trigger in load("policies").triggers)
