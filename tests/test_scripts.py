"""./run and ./test set themselves up: once, from the lock, saying what to type where they cannot. Installers are stand-ins; .ci/run uses the real ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("cut", "dirname", "flock", "grep", "id", "ln", "mkdir", "readlink", "rm", "sha256sum", "tail")

LIB = f"python{sys.version_info.major}.{sys.version_info.minor}"
MANAGE = """
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "data": os.environ.get("HOTLINE_DATA")}))
"""
# A uv that makes an environment with this Python in it and remembers what it was asked for.
UV = """#!/bin/sh
echo "uv $*" >>"$CALLS"
echo "chatter on stdout"
case $1 in
    venv) for last; do :; done; mkdir -p "$last/bin" "$last/lib/$REAL_LIB"; ln -sf "$REAL_PYTHON" "$last/bin/python" ;;
    pip) exit "${UV_STATUS:-0}" ;;
esac
"""
OLD_PYTHON = """#!/bin/sh
case $2 in *version_info*print*|*print*) echo 3.9 ;; *) exit 1 ;; esac
"""
NO_VENV_PYTHON = """#!/bin/sh
case $2 in *ensurepip*) echo "No module named ensurepip" >&2; exit 1 ;; esac
exec "$REAL_PYTHON" "$@"
"""

NO_NETWORK_PYTHON = """#!/bin/sh
case "$2 $3" in
    "pip --version") exit 0 ;;
    "pip install") echo "Collecting x"; echo "no network" >&2; exit 1 ;;
esac
exec "$REAL_PYTHON" "$@"
"""


class Checkout:
    """A copy of the scripts in an empty folder, with a PATH on which nothing is but what the test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout with space"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.bin.mkdir(parents=True)
        self.folder.mkdir()
        for name in ("run", "test", "setup.sh", "requirements.lock", "requirements-dev.lock"):
            shutil.copy(ROOT / name, self.folder)
        (self.folder / "manage.py").write_text(MANAGE)
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.bin / tool).symlink_to(found)

    def offer(self, name: str, script: str) -> None:
        """Puts a program on the PATH."""
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def offer_python(self) -> None:
        self.offer("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')

    def run(self, *words: str, script: str | Path | None = None, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": str(self.bin), "CALLS": str(self.calls), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        given |= {"REAL_PYTHON": sys.executable, "REAL_LIB": LIB}
        argv = ["/bin/sh", str(script or self.folder / "run"), *words]
        return subprocess.run(argv, cwd=cwd or self.folder, env=given | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def installs(self) -> int:
        return self.calls.read_text().count("uv pip install") if self.calls.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def with_uv(checkout: Checkout) -> Checkout:
    checkout.offer_python()
    checkout.offer("uv", UV)
    return checkout


def test_a_machine_without_python_is_told_what_to_type(checkout: Checkout) -> None:
    done = checkout.run()
    assert done.returncode == 1
    assert "apt-get install -y python3 python3-venv" in done.stderr
    assert done.stdout == ""


def test_a_machine_with_too_old_a_python_is_told_what_to_type(checkout: Checkout) -> None:
    checkout.offer("python3", OLD_PYTHON)
    checkout.offer("apt-cache", "#!/bin/sh\n")
    done = checkout.run()
    assert done.returncode == 1
    assert "3.11" in done.stderr
    assert "apt-get install -y python3.11 python3.11-venv" in done.stderr


def test_a_python_without_venv_is_told_what_to_type(checkout: Checkout) -> None:
    checkout.offer("python3", NO_VENV_PYTHON)
    done = checkout.run()
    assert done.returncode == 1
    assert "venv" in done.stderr
    assert "apt-get install -y python3" in done.stderr
    assert done.stdout == ""


def test_the_first_start_installs_and_the_second_does_not(with_uv: Checkout) -> None:
    first = with_uv.run()
    assert first.returncode == 0, first.stderr
    assert with_uv.installs() == 1
    second = with_uv.run()
    assert with_uv.installs() == 1
    assert second.stderr == ""


def test_a_changed_lock_is_installed_again(with_uv: Checkout) -> None:
    with_uv.run()
    with (with_uv.folder / "requirements.lock").open("a") as lock:
        lock.write("# newer\n")
    with_uv.run()
    assert with_uv.installs() == 2


def test_an_environment_that_a_departed_uv_made_without_pip_is_made_anew(with_uv: Checkout) -> None:
    with_uv.run()
    (with_uv.folder / ".venv" / ".installed").unlink()
    (with_uv.bin / "uv").unlink()
    with_uv.offer("python3", NO_VENV_PYTHON)
    (with_uv.folder / ".venv" / "bin" / "python").unlink()
    with_uv.offer("../checkout with space/.venv/bin/python", '#!/bin/sh\n[ "$2" = pip ] && exit 1\nexec "$REAL_PYTHON" "$@"\n')
    assert "apt-get install" in with_uv.run().stderr


def test_a_replaced_python_gets_a_new_environment(with_uv: Checkout) -> None:
    with_uv.run()
    (with_uv.folder / ".venv" / "bin" / "python").unlink()
    done = with_uv.run()
    assert done.returncode == 0, done.stderr
    assert with_uv.installs() == 2


def test_the_development_lock_serves_the_product_too(with_uv: Checkout) -> None:
    with_uv.run(script=with_uv.folder / "test")
    assert with_uv.installs() == 1
    with_uv.run()
    assert with_uv.installs() == 1


def test_an_installation_that_failed_is_said_and_tried_again(with_uv: Checkout) -> None:
    done = with_uv.run(UV_STATUS="2")
    assert done.returncode == 1
    assert "没有装好" in done.stderr
    assert with_uv.run().returncode == 0


def test_a_failing_pip_is_noticed_too(checkout: Checkout) -> None:
    """The status of pip must come through the progress bar."""
    venv = checkout.folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "lib" / LIB).mkdir(parents=True)
    (venv / "bin" / "python").write_text(NO_NETWORK_PYTHON)
    (venv / "bin" / "python").chmod(0o755)
    done = checkout.run()
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert "没有装好" in done.stderr
    assert not (checkout.folder / ".venv" / ".installed").exists()


def test_only_the_command_writes_on_standard_output(with_uv: Checkout, tmp_path: Path) -> None:
    done = with_uv.run("suggest", "停水 三天", "--json")
    expected = f'{{"argv": ["suggest", "\\u505c\\u6c34 \\u4e09\\u5929", "--json"], "data": "{with_uv.folder}/var"}}\n'
    assert done.stdout == expected
    assert "chatter" in done.stderr


def test_without_a_command_everything_is_started(with_uv: Checkout) -> None:
    assert '"argv": ["up"]' in with_uv.run().stdout


def test_it_can_be_called_from_anywhere_and_through_a_link(with_uv: Checkout, tmp_path: Path) -> None:
    (tmp_path / "hotline").symlink_to(with_uv.folder / "run")
    done = with_uv.run("due", script=tmp_path / "hotline", cwd=tmp_path, HOTLINE_DATA="elsewhere")
    assert done.stdout == '{"argv": ["due"], "data": "elsewhere"}\n'


def test_nothing_is_written_outside_the_checkout(with_uv: Checkout, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if with_uv.folder not in path.parents}
    with_uv.run()
    after = {path for path in tmp_path.rglob("*") if with_uv.folder not in path.parents}
    assert after - before == {with_uv.calls}


@pytest.mark.parametrize("script", ["run", "test", "setup.sh"])
def test_the_scripts_are_plain_posix_shell(script: str) -> None:
    for shell in ("dash", "busybox"):
        if found := shutil.which(shell):
            argv = [found, "sh", "-n"] if shell == "busybox" else [found, "-n"]
            assert subprocess.run([*argv, ROOT / script], capture_output=True).returncode == 0


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_name_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--find-links" not in text
    for requirement in text.replace("\\\n", " ").splitlines():
        if requirement and not requirement.lstrip().startswith("#"):
            assert " --hash=sha256:" in requirement, requirement


def test_the_development_lock_holds_every_line_of_the_other() -> None:
    ours, developers = (set((ROOT / lock).read_text().splitlines()) for lock in ("requirements.lock", "requirements-dev.lock"))
    assert not {line for line in ours - developers if "==" in line or "--hash" in line}


def test_the_scripts_that_are_run_may_be_run() -> None:
    assert all(os.access(ROOT / name, os.X_OK) for name in ("run", "test", ".ci/run"))


