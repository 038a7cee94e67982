"""Disturbing a text the way a recogniser of telephone speech does."""

from random import Random

from routing.disturb import disturb
from routing.text import fold

TEXT = "小区停水三天了没人管，物业电话打不通，家里有老人小孩，请帮忙催一下供水公司。" * 20


def test_about_the_wanted_share_of_characters_changes_and_nothing_else() -> None:
    assert disturb(TEXT, 0.0, Random(1)) == TEXT
    assert disturb("ABC 123，。！", 1.0, Random(1)) == "ABC 123，。！"
    heard = disturb(TEXT, 0.2, Random(1))
    assert heard.count("，") == TEXT.count("，")
    changed = len(set(enumerate(TEXT)) - set(enumerate(heard)))
    assert changed > 0


def test_the_same_chance_hears_the_same() -> None:
    assert disturb(TEXT, 0.2, Random(7)) == disturb(TEXT, 0.2, Random(7)) != disturb(TEXT, 0.2, Random(8))


def test_most_wrong_characters_sound_right() -> None:
    kept = same = 0
    for seed in range(200):
        heard = disturb("水", 1.0, Random(seed))
        kept += len(heard) == 1
        same += len(heard) == 1 and fold(heard).sounds[0] == fold("水").sounds[0]
    assert kept > 150
    assert same > kept / 2
