"""An item's own limits (承诺时限, 法定时限) under a policy: which rules yield to them, and that a clock can be read again from the rule's key."""

from dataclasses import replace

import pytest

from sla.limit import Limit
from sla.policies import load, policy_from, policy_to
from sla.policy import Matter

PROMISED, STATUTORY = Limit.parse("20 workday"), Limit.parse("60 workday")


def test_help_with_an_item_that_promises_is_answered_within_the_promise() -> None:
    found = load("policies").rule_for(Matter("help", promised=PROMISED, statutory=STATUTORY))
    assert str(found.limit("resolve")) == "20 workday" and str(found.statutory["resolve"]) == "60 workday"
    assert str(found.limit("citizen")) == "22 workday"  # the room around the answer stays what the rule gives
    assert load("policies").rule(found.key) == found


@pytest.mark.parametrize("matter", [Matter("complaint", promised=PROMISED), Matter("help", urgency="life", promised=PROMISED)], ids=["complaint", "life"])
def test_a_rule_that_does_not_say_so_keeps_its_own_limit(matter: Matter) -> None:
    policy = load("policies")
    assert policy.rule_for(matter) == policy.rule_for(replace(matter, promised=None))


def test_an_enterprise_is_answered_by_the_item_whatever_the_kind() -> None:
    found = load("policies").rule_for(Matter("complaint", tags=frozenset({"enterprise"}), promised=PROMISED))
    assert found.key == "complaint+enterprise@20 workday" and load("policies").rule(found.key) == found


def test_a_promise_in_another_unit_is_the_citizens_limit_too() -> None:
    found = load("policies").rule_for(Matter("help", promised=Limit.parse("当日")))
    assert str(found.limit("resolve")) == "sameday" and found.limit("citizen") is None


def test_a_policy_that_was_stored_before_items_had_limits_goes_on_without_them() -> None:
    data = policy_to(load("policies"))
    for rule in data["rule"]:
        del rule["by_item"]
    assert str(policy_from(data).rule_for(Matter("help", promised=PROMISED)).limit("resolve")) == "5 workday"
