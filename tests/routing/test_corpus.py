"""Our own corpus: complete, correct, written one by one."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from hotline.errors import NotFound, Refused
from routing import corpus
from routing.corpus import Utterance
from tests.routing.conftest import table

HEAD = "id,item,kind,style,text\n"


def test_there_are_enough_utterances_spoken_and_written_of_every_kind(utterances: list[Utterance]) -> None:
    assert len(utterances) >= 600
    styles = Counter(one.style for one in utterances)
    assert styles["spoken"] >= 0.4 * len(utterances)
    kinds = Counter(one.kind for one in utterances)
    assert len(kinds) == 8
    assert min(kinds.values()) >= 10


def test_no_item_is_known_from_a_single_utterance(utterances: list[Utterance]) -> None:
    assert min(Counter(one.item for one in utterances).values()) >= 2


def test_every_unit_that_leads_something_in_the_city_is_spoken_to(utterances: list[Utterance], units: Mapping[str, str]) -> None:
    spoken_to = {units[one.item] for one in utterances}
    departments = {row["code"] for row in table("units") if row["kind"] != "district"}
    leading = {unit for item, unit in units.items()} & departments
    assert len(leading - spoken_to) <= 0.1 * len(leading), sorted(leading - spoken_to)


def test_no_two_utterances_share_more_than_three_fifths_of_their_bigrams(utterances: list[Utterance]) -> None:
    assert [(pair.one.where, pair.other.where, round(pair.share, 2)) for pair in corpus.alike(utterances)] == []


def test_likeness_is_measured_against_the_shorter_one() -> None:
    texts = ("小区停水三天了没人管", "小区停水三天了没有人来管我们", "路灯坏了半个月晚上看不见路")
    pairs = corpus.alike([Utterance(str(place), "090481", "help", "spoken", text, "") for place, text in enumerate(texts)])
    assert [(pair.one.id, pair.other.id) for pair in pairs] == [("0", "1")]
    assert pairs[0].share == pytest.approx(7 / 9)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,090481,help,spoken,停水了\na,090482,help,spoken,停电了\n", "第 2 行、w.csv 第 3 行的编号重复"),
        ("a,090481,help,spoken,停水了\nb,090482,help,spoken,停水了！\n", "第 2 行、w.csv 第 3 行的内容重复"),
        ("a,090481,help,sung,停水了\n", "第 2 行的 style“sung”不认识"),
        ("a,090481,rage,spoken,停水了\n", "第 2 行的诉求类型“rage”不认识"),
        ("a,999999,help,spoken,停水了\n", "第 2 行的事项“999999”不存在"),
        ("a,0904,help,spoken,停水了\n", "第 2 行的事项“0904”不存在"),
        ("a,090481,help,spoken\n", "第 2 行有 4 列"),
    ],
)
def test_a_mistake_in_the_corpus_is_found_with_its_row(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "w.csv").write_text(HEAD + rows, "utf-8")
    with pytest.raises(Refused) as refused:
        corpus.read(tmp_path, items={"090481", "090482"})
    assert said in refused.value.sentence


def test_unknown_columns_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        corpus.read(tmp_path)
    (tmp_path / "w.csv").write_text("id,item,kind,style,text,mood\n", "utf-8")
    with pytest.raises(Refused, match="列应是 id,item,kind,style,text"):
        corpus.read(tmp_path)
