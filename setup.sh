# shellcheck shell=sh
# Sourced by ./run and ./test: makes .venv from a hashed lock file, and again whenever the lock or the Python changes.
# Writes nothing outside the checkout. Everything it says goes to stderr: stdout belongs to the command.

: "${root:?}"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

# ensure LOCKFILE: .venv holds exactly what the lock says, or the script ends with what the person should type.
ensure() {
    python=$root/.venv/bin/python
    wanted=$(digest "$1")
    grep -qsxF "$wanted $(version "$python")" "$root/.venv/.installed" && return 0
    # One set-up at a time; the script itself is the lock, so that no file is made for it.
    exec 9<"$root/setup.sh"
    if command -v flock >/dev/null; then flock 9; fi
    grep -qsxF "$wanted $(version "$python")" "$root/.venv/.installed" || install "$1"
    exec 9<&-
}

install() {
    is_usable || make_venv
    rm -f "$root/.venv/.installed"
    tenth=0
    total=$(grep -c '^[a-z0-9].*==' "$root/$1")
    say "正在安装依赖包（约 $total 个，首次约一分钟）……"
    if command -v uv >/dev/null; then
        with_uv pip install --require-hashes --python "$python" -r "$root/$1" || failed=$?
    else
        with_pip "$1" || failed=$?
    fi
    [ "${failed:-0}" -eq 0 ] || fail "依赖包没有装好（原因见上）。请检查网络或 pip 的镜像设置，然后再运行一次；已下载的部分不会影响重试。"
    # The development lock holds every line of the other one, at the same versions.
    for lock in requirements.lock "$1"; do
        printf '%s %s\n' "$(digest "$lock")" "$(version "$python")"
    done >"$root/.venv/.installed"
    say "依赖包已就绪。"
}

# An environment may have lost its Python to an upgrade of the system, or have been made by a uv that is gone, without pip.
is_usable() {
    [ -d "$root/.venv/lib/python$(version "$python")" ] || return 1
    command -v uv >/dev/null || "$python" -m pip --version >/dev/null 2>&1
}

make_venv() {
    base=$(find_python) || fail "需要 Python 3.11 或更新的版本，本机没有。请运行：$(as_root)apt-get update && $(as_root)apt-get install -y $(python_packages)"
    rm -rf "$root/.venv"
    if command -v uv >/dev/null; then
        with_uv venv --quiet --no-cache --python "$base" "$root/.venv" && return 0
    fi
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        fail "本机的 Python 缺少 venv 模块。请运行：$(as_root)apt-get update && $(as_root)apt-get install -y $(venv_package "$base")"
    fi
    "$base" -m venv "$root/.venv" >&2 || fail "没能在 $root/.venv 建立 Python 环境（原因见上）。"
}

# A cache beside the packages, so that files can be linked and nothing is written to the home folder.
with_uv() { UV_CACHE_DIR=${UV_CACHE_DIR:-$root/.venv/.cache} UV_PYTHON_DOWNLOADS=never uv "$@" >&2; }

# pip tells of one package a line; from them comes a bar for the whole, which pip has not.
with_pip() {
    {
        if "$python" -m pip install --no-cache-dir --disable-pip-version-check --no-input --progress-bar off \
            --require-hashes -r "$root/$1" 2>"$root/.venv/.pip.log"; then
            echo Finished
        fi
    } | {
        seen=0 status=1
        while read -r first second _; do
            case $first in
                Collecting | Processing | Requirement) seen=$((seen < total ? seen + 1 : total)) && show $((80 * seen / total)) "${second##*/}" ;;
                Installing) show 85 "" ;;
                Finished) show 100 "" && status=0 ;;
            esac
        done
        if [ -t 2 ]; then say; fi
        [ "$status" -eq 0 ] || tail -n 20 "$root/.venv/.pip.log" >&2
        exit "$status"
    }
}

# show PERCENT WHAT: a moving bar on a terminal, a line every tenth in a log.
show() {
    if [ -t 2 ]; then
        printf '\r[%-25.*s] %3d%% %-40.40s' $(($1 / 4)) '#########################' "$1" "$2" >&2
    elif [ $(($1 / 10)) -gt "$tenth" ]; then
        tenth=$(($1 / 10))
        say "$((tenth * 10))%"
    fi
}

# digest LOCKFILE, without its path: the same lock in another checkout is the same.
digest() { sha256sum <"$root/$1" | cut -d ' ' -f 1; }

# The version of an interpreter that works; nothing for one that does not.
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# Ubuntu 22.04's python3 is too old, but it has a newer one under its own name.
python_packages() {
    if command -v apt-cache >/dev/null && version python3 >/dev/null; then echo "python3.11 python3.11-venv"; else echo "python3 python3-venv"; fi
}

venv_package() {
    if [ "$(version "$1")" = "$(version /usr/bin/python3)" ]; then echo python3-venv; else echo "python$(version "$1")-venv"; fi
}

as_root() { [ "$(id -u)" -eq 0 ] || printf 'sudo '; }
