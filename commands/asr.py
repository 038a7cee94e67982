"""asr: the speech model learns the city's own words, and is measured."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from commands.common import JSON, notice, print_json, settings
from hotline import clock
from hotline.errors import NotFound, Refused

if TYPE_CHECKING:
    from asr.evaluate import Spoken

STAGES = {"learn": "读模型、学文本……", "write": "写新模型……", "try": "试听、比较……"}


@click.group("asr")
def asr() -> None:
    """语音模型：学本市的话（adapt），测字错误率（evaluate）。"""


@asr.command()
@click.argument("texts", nargs=-1, type=click.Path(path_type=Path))
@click.option("--names", type=click.Path(path_type=Path), help="名称文件：一行一个，可加“,地名”“,单位”“,事项”；不给则用系统里的。")
@click.option("--from-tickets", is_flag=True, help="再加上本市自己已办结的工单。")
@click.option("--manifest", type=click.Path(path_type=Path), help="评测录音清单（录音<TAB>原话）：字错误率下降才启用。")
@click.option("--back", is_flag=True, help="退回上一个模型。")
@JSON
def adapt(texts: Sequence[Path], names: Path | None, from_tickets: bool, manifest: Path | None, back: bool, as_json: bool) -> None:
    """让语音模型学会本市的话：给出文本（.txt、.csv、.csv.gz），训练、试听、比较，更好才启用。"""
    if back:
        _back(as_json)
        return
    from asr import adapt as learning
    from asr import lm_names
    from asr.evaluate import manifest as read_manifest
    from commands.adapting import own_material

    spoken = read_manifest(manifest) if manifest else ()
    given = [text for path in texts for text in read(path)]
    known = lm_names.read(names) if names else None
    if from_tickets or known is None:
        closed, city = _from_database(tickets=from_tickets)
        given += closed
        known = known or city
    report = learning.adapt(_model(), own_material(given, known), at=clock.now(), spoken=spoken, told=lambda stage: notice(STAGES[stage]))
    if as_json:
        print_json(report.as_dict())
        return
    click.echo("已启用。" if report.installed else f"未启用：{report.reason}。原来的照用。")
    click.echo(f"学了 {report.words} 个词，用时 {report.seconds} 秒，内存最多 {report.peak_mb:.0f} MB。")
    click.echo(f"困惑度 {report.perplexity_before} → {report.perplexity}（越小越好）")
    if report.cer is not None and report.cer_before is not None:
        click.echo(f"字错误率 {report.cer_before:.2%} → {report.cer:.2%}")
    if report.unspeakable:
        shown = "、".join(report.unspeakable[:10])
        click.echo(
            f"{len(report.unspeakable)} 个名称里有模型不会写的字，转写后按读音改正：{shown}{' 等' if len(report.unspeakable) > 10 else ''}"
        )


@asr.command("evaluate")
@click.argument("manifest", required=False, type=click.Path(path_type=Path))
@JSON
def evaluate_(manifest: Path | None, as_json: bool) -> None:
    """测字错误率：清单每行“录音<TAB>原话”；不给清单则用话务员改正过的通话。"""
    from asr.evaluate import evaluate
    from asr.evaluate import manifest as read_manifest

    with TemporaryDirectory() as scratch:
        score = evaluate(_model(), read_manifest(manifest) if manifest else _corrected(Path(scratch)))
    if as_json:
        print_json(score.as_dict())
        return
    click.echo(
        f"{score.n} 段录音，{score.characters} 字：字错误率 {score.cer:.2%}，只用出厂模型 {score.cer_bare:.2%}，每秒声音用时 {score.rtf:.2f} 秒。"
    )


@asr.command("setup", hidden=True)
def setup() -> None:
    """首次启动时用项目自带的语料和演示城市的名称适应一次；已适应过则什么也不做。"""
    from commands import adapting

    adapting.once(settings())


def read(path: Path) -> Iterator[str]:
    """The texts of a file: .txt a line each, else CSV with `text` or `title` and `detail`, as routing reads it. Raises NotFound, Refused."""
    from routing import examples

    if ".txt" in path.suffixes:
        yield from _lines(path)
        return
    for where, row in examples.rows(path):
        columns = ("text",) if "text" in row else ("title", "detail")
        if any(column not in row for column in columns):
            raise Refused(f"{where}：需要 text 列，或 title 和 detail 两列。", field="text")
        yield "。".join(row[column] for column in columns)


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        raise NotFound(f"找不到文件 {path}。", field="text")
    unpack = gzip.open if path.suffix == ".gz" else open
    try:
        with unpack(path, "rt", encoding="utf-8-sig") as lines:
            yield from (line.strip() for line in lines)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise Refused(f"{path.name} 不是 UTF-8 编码的文本。", field="text") from error


def _model() -> Path:
    """The folder of the speech model, whole."""
    from asr import model

    own = settings()
    folder = model.place(own.models, own.model)
    model.check(folder)
    return folder


def _back(as_json: bool) -> None:
    from asr import graphs

    now = graphs.back(_model())
    if now is None:
        raise Refused("没有可以退回的模型：现在用的就是出厂的。")
    if as_json:
        print_json({"graph": now.name or None, "shipped": not now.name})
    else:
        click.echo(f"已退回{'出厂的模型' if not now.name else '上一个模型 ' + now.name}。")


def _from_database(*, tickets: bool) -> tuple[list[str], Any]:
    """What closed tickets say, where asked for, and what the city calls things."""
    import system
    from commands import adapting
    from hotline.db import Session

    with system.running(settings(), progress=notice, jobs=False), Session() as s:
        return (list(adapting.closed_texts(s)) if tickets else []), adapting.city_names(s)


def _corrected(scratch: Path) -> "list[Spoken]":
    """The utterances that operators corrected, each cut out of its recording."""
    import system
    from asr.evaluate import Spoken
    from asr.excerpt import excerpt
    from hotline.db import Session
    from tickets import correcting

    own = settings()
    with system.running(own, progress=notice, jobs=False), Session() as s:
        pairs = [pair for pair in correcting.pairs(s) if (own.recordings / pair.sha256).is_file()]
    if not pairs:
        raise Refused("还没有话务员改正过的通话。请给出清单：./run asr evaluate 清单.tsv", field="manifest")
    return [
        Spoken(
            excerpt(
                own.recordings / pair.sha256,
                scratch / f"{number}.wav",
                declared=pair.declared,
                channel=pair.channel,
                start=pair.start,
                end=pair.end,
            ),
            pair.corrected,
        )
        for number, pair in enumerate(pairs)
    ]
