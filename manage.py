"""The command line's door: `./run COMMAND …`. Without a command it is `up`; every reporting command takes --json."""

import sys
from typing import Any

import click

from commands import asr, bench, calls, catalogue, common, keeping, routing, running, time, user
from hotline import log
from hotline.errors import Refusal, Refused


class Chinese(click.Group):
    """A group whose refusals are sentences: Chinese for the person on standard error, exit status 1. Commands in the order of the list."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refusal as problem:
            click.echo(problem.sentence, err=True)
            ctx.exit(1)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise Refused(f"没有命令“{args[0]}”。./run help 列出全部命令。")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=Chinese, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """12345 热线与“办不成事”窗口。不带命令时等于 up：启动整个系统。"""


@click.command("help")
@click.argument("command", required=False)
@click.pass_context
def help_(ctx: click.Context, command: str | None) -> None:
    """说明各个命令；help COMMAND 说明一个命令。"""
    parent = ctx.parent or ctx
    if command is None:
        click.echo(parent.get_help())
        return
    found = main.get_command(parent, command)
    if found is None:
        raise click.UsageError(f"没有命令“{command}”。")
    click.echo(found.get_help(click.Context(found, parent=parent, info_name=command)))


SERVING = {"work", "serve", "listen", "--loop"}
"""What runs as a service: its log goes to standard error, which the supervisor keeps. A command's goes to a file; it speaks to a person."""

for command in (
    running.up,
    calls.call,
    calls.transcribe,
    routing.suggest,
    time.due,
    time.elapsed,
    time.explain,
    time.calendar,
    time.policy,
    bench.bench,
    running.play,
    running.tick,
    running.doctor,
    running.model,
    user.user,
    catalogue.catalogue,
    routing.train,
    routing.evaluate,
    asr.asr,
    running.diagram,
    keeping.replay,
    keeping.chain,
    running.migrate,
    running.work,
    running.serve,
    running.listen,
    help_,
):
    main.add_command(command)


if __name__ == "__main__":
    try:
        log.configure(None if SERVING & set(sys.argv[1:]) else common.settings().data / "logs" / "commands.log")
    except Refusal as problem:  # a setting that makes no sense
        click.echo(problem.sentence, err=True)
        sys.exit(1)
    main(args=sys.argv[1:] or ["up"], prog_name="./run")
