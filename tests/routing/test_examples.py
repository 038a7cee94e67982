"""Examples from CSV files: every way a file can be wrong is refused with its row."""

import gzip
from pathlib import Path

import pytest

from hotline.errors import NotFound, Refused
from routing import examples
from routing.examples import Example


def put(folder: Path, content: str, name: str = "样例.csv") -> Path:
    path = folder / name
    path.write_text(content, "utf-8")
    return path


def test_the_three_shapes_of_a_file_are_read(tmp_path: Path) -> None:
    assert [(one.label, one.text) for one in examples.read(put(tmp_path, "label,text\n供水,停水了\n"))] == [("供水", "停水了")]
    assert examples.read(put(tmp_path, 'label,title,detail\n供水,停水,"三天,了"\n'))[0].text == "停水 三天,了"
    own = examples.read(put(tmp_path, "id,item,kind,style,text\na-1,090481,help,spoken,停水了\n"))
    assert own == [Example("090481", "停水了", "help", True, "样例.csv 第 2 行")]


def test_gzip_and_byte_order_mark_are_read(tmp_path: Path) -> None:
    packed = tmp_path / "样例.csv.gz"
    packed.write_bytes(gzip.compress("\ufefflabel,text\n供水,停水了\n".encode()))
    assert examples.read(packed)[0].label == "供水"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text\n停水\n", "第 1 行缺少列：label"),
        ("label,title\n供水,停水\n", "第 1 行缺少列：detail"),
        ("label,text\n供水,停水\n,停水\n", "第 3 行没有填 label"),
        ("label,text\n供水,停水\n供水, \n", "第 3 行没有内容"),
        ("label,text\n供水,停水,多一列\n", "第 2 行有 3 列，表头有 2 列"),
        ("label,text\n供水\n", "第 2 行有 1 列，表头有 2 列"),
        ("label,text,kind\n供水,停水,骂人\n", "第 2 行的诉求类型“骂人”不认识"),
        ('label,text\n供水,"停水\n', "不合 CSV 格式"),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        examples.read(put(tmp_path, content))
    assert said in refused.value.sentence


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes("label,text\n供水,停水\n".encode("gbk"))
    (tmp_path / "坏.csv.gz").write_bytes(b"no gzip")
    (tmp_path / "断.csv.gz").write_bytes(gzip.compress("label,text\n供水,停水了\n".encode() * 100)[:-12])
    for name, said in (("gbk.csv", "UTF-8"), ("坏.csv.gz", "gzip"), ("断.csv.gz", "gzip")):
        with pytest.raises(Refused, match=said):
            examples.read(tmp_path / name)
    with pytest.raises(NotFound):
        examples.read(tmp_path / "没有.csv")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "没有样例"),
        ("供水,停水\n供水,没水\n", "都是同一类“供水”"),
        ("供水,停水\n供水,没水\n供电,停电\n", "第 4 行的“供电”只有这一条样例"),
    ],
)
def test_too_little_to_train_on_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        examples.check(examples.read(put(tmp_path, "label,text\n" + rows)))
    assert said in refused.value.sentence
