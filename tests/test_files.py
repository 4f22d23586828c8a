"""Files that appear whole or not at all: names, links, modes, failures and signals."""

import os
import re
import secrets
import signal
import socket
import stat
import subprocess
import sys
import threading

import pytest

from aeanomaly.files import (
    TEMPORARY_MARK,
    atomic_file,
    locked_folder,
    obstacle_at,
    remove_orphans,
)

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has none of this")


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    return path


def replace(path, text="new"):
    with atomic_file(path) as temporary:
        temporary.write_text(text)
    return path


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


# All or nothing


def test_the_older_file_stays_until_the_block_ends(old):
    with atomic_file(old) as temporary:
        temporary.write_text("new")
        assert old.read_text() == "old"
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_older_file_and_nothing_else(old, error):
    def fail_half_way():
        with atomic_file(old) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail_half_way()
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_the_file_is_on_the_disk_before_it_is_renamed_and_the_folder_after(
    old, monkeypatch
):
    steps = []
    fsync, rename = os.fsync, os.replace

    def spy_fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("sync folder" if is_folder else "sync file")
        fsync(descriptor)

    def spy_rename(source, target):
        steps.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "replace", spy_rename)
    replace(old)
    folder = [] if os.name == "nt" else ["sync folder"]
    assert steps == ["sync file", "rename", *folder]


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    path = tmp_path / "gone" / "out.csv"
    with pytest.raises(FileNotFoundError) as caught:
        replace(path)
    assert caught.value.filename == os.path.realpath(path)


# The temporary name


@pytest.mark.parametrize(
    ("name", "suffixes"),
    [
        ("out.csv", ".csv"),
        ("out.2024.csv.gz", ".csv.gz"),
        ("model.AEA", ".AEA"),
        ("rows of 1. January.parquet", ".parquet"),
        ("plain", ""),
    ],
)
def test_a_temporary_name_is_hidden_and_keeps_the_suffixes(tmp_path, name, suffixes):
    with atomic_file(tmp_path / name) as temporary:
        start, end = re.escape(f".{name}."), re.escape(f".{TEMPORARY_MARK}{suffixes}")
        assert re.fullmatch(f"{start}[0-9a-f]{{8}}{end}", temporary.name)
        assert temporary.parent == tmp_path


def test_a_temporary_name_is_random(old, monkeypatch):
    def name():
        with atomic_file(old) as temporary:
            return temporary.name

    assert len({name() for _ in range(5)}) == 5
    monkeypatch.setattr(secrets, "token_hex", lambda n_bytes: "5a" * n_bytes)
    assert ".5a5a5a5a." in name()


def test_the_longest_names_can_be_written(tmp_path):
    for name in ["x" * 251 + ".csv", "é" * 120 + ".parquet", "x" * 100 + "." * 150]:
        assert replace(tmp_path / name).read_text() == "new"


@posix
def test_a_planted_link_is_not_followed(old, tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "token_hex", lambda n_bytes: "5a" * n_bytes)
    with atomic_file(old) as temporary:
        pass
    victim = tmp_path / "victim"
    victim.write_text("precious")
    temporary.symlink_to(victim)
    with pytest.raises(FileExistsError):
        replace(old)
    assert victim.read_text() == "precious"


# What is replaced


@posix
def test_a_link_stays_and_its_target_is_replaced(old, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "link.csv"
    link.symlink_to(old)
    with atomic_file(link) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_text("new")
    assert link.is_symlink()
    assert old.read_text() == "new"
    assert list(folder.iterdir()) == [link]


@posix
def test_a_link_to_nothing_brings_its_target_into_being(tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "target.csv")
    replace(link)
    assert link.is_symlink()
    assert (tmp_path / "target.csv").read_text() == "new"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o444])
def test_the_mode_of_the_replaced_file_stays(old, mode):
    old.chmod(mode)
    assert mode_of(replace(old)) == mode


@posix
def test_nobody_reads_the_half_of_a_file_whose_whole_is_closed_to_them(old):
    old.chmod(0o600)
    with atomic_file(old) as temporary:
        assert mode_of(temporary) == 0o600


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        assert mode_of(replace(tmp_path / "new.csv")) == mode
    finally:
        os.umask(before)


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="needs root")
def test_a_file_that_root_replaces_stays_its_owners(old):
    os.chown(old, 12_345, 23_456)
    replace(old)
    assert (old.stat().st_uid, old.stat().st_gid) == (12_345, 23_456)


@pytest.fixture
def terminal():
    """A device that even root cannot replace, should the code under test try it."""
    ends = os.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


def make_obstacle(kind, path, device):
    if kind == "a folder":
        path.mkdir()
    elif kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path.symlink_to(device)


@posix
@pytest.mark.parametrize(
    "kind", ["a folder", "a named pipe", "a socket", "a device"], ids=str.split
)
def test_only_a_regular_file_is_replaced(tmp_path, monkeypatch, terminal, kind):
    # A socket's path may have a hundred characters only.
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "out"
    make_obstacle(kind, path.relative_to(tmp_path), terminal)
    before = path.stat()
    message = f"is {kind}, and only a regular file can be replaced. Pass the name of a"
    with pytest.raises(OSError, match=message):
        replace(path)
    assert message in obstacle_at(path)
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_pipe_that_came_meanwhile_is_not_replaced(tmp_path):
    path = tmp_path / "out.csv"

    def write_for_hours():
        with atomic_file(path):
            os.mkfifo(path)

    with pytest.raises(OSError, match="is a named pipe"):
        write_for_hours()
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_stands_in_the_way_of_a_file_or_of_none(old):
    assert obstacle_at(old) is None
    assert obstacle_at(old.with_name("gone.csv")) is None


# Signals

# A program started by `nohup` or in the background inherits that signals are ignored.
PREPARE = """
import os, signal, sys, threading, time
from aeanomaly.files import atomic_file
for name in ("SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
path = sys.argv[1]
def wait():
    print("ready", flush=True)
    # A signal just before a sleep begins does not wake it.
    for _ in range(600):
        time.sleep(0.1)
"""
HALF_WAY = """
with atomic_file(path) as temporary:
    temporary.write_text("half")
    wait()
"""


def end_half_way(path, number, program=HALF_WAY):
    """Send a signal to a program that writes; return its exit status."""
    command = [sys.executable, "-c", PREPARE + program, str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        assert len(list(path.parent.iterdir())) > 1
        process.send_signal(number)
        return process.wait(timeout=60)


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_ends_the_program_and_leaves_the_older_file_only(old, name):
    number = getattr(signal, name)
    assert end_half_way(old, number) == -number
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


@posix
def test_a_handler_of_the_programs_own_is_left_alone(old):
    own = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))"
    assert end_half_way(old, signal.SIGTERM, own + HALF_WAY) == 3
    assert list(old.parent.iterdir()) == [old]


@posix
def test_files_of_other_threads_go_with_those_of_the_main_thread(old):
    program = """
def write():
    with atomic_file(path + ".thread"):
        written.set()
        time.sleep(60)
written = threading.Event()
threading.Thread(target=write, daemon=True).start()
written.wait()
"""
    assert end_half_way(old, signal.SIGTERM, program + HALF_WAY) == -signal.SIGTERM
    assert list(old.parent.iterdir()) == [old]


@posix
def test_a_forked_process_that_is_ended_leaves_its_parents_file(old):
    program = """
with atomic_file(path) as temporary:
    temporary.write_text("new")
    awake, alarm = os.pipe()
    child = os.fork()
    if not child:
        os.write(alarm, b".")
        time.sleep(60)
        os._exit(1)
    os.read(awake, 1)
    os.kill(child, signal.SIGTERM)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM
with atomic_file(path + ".second"):
    wait()
"""
    assert end_half_way(old, signal.SIGTERM, program) == -signal.SIGTERM
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


@pytest.fixture
def default_sigterm():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("default_sigterm")
def test_handlers_are_set_while_files_are_open_only(tmp_path):
    first, second = atomic_file(tmp_path / "1"), atomic_file(tmp_path / "2")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    second.__exit__(None, None, None)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.usefixtures("default_sigterm")
def test_a_handler_set_within_the_block_stays(tmp_path):
    with atomic_file(tmp_path / "out"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


@pytest.mark.usefixtures("default_sigterm")
def test_another_thread_writes_without_handlers(tmp_path):
    seen = []

    def write():
        with atomic_file(tmp_path / "out") as temporary:
            seen.append(signal.getsignal(signal.SIGTERM))
            temporary.write_text("new")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]
    assert (tmp_path / "out").read_text() == "new"


@posix
@pytest.mark.usefixtures("default_sigterm")
def test_process_1_which_survives_a_signal_ends_with_its_status(old, monkeypatch):
    monkeypatch.setattr(os, "kill", lambda process, number: None)

    def end_half_way():
        with atomic_file(old):
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as caught:
        end_half_way()
    assert caught.value.code == 128 + signal.SIGTERM
    assert list(old.parent.iterdir()) == [old]


# What a killed run leaves behind

KILLED = """
import os, signal, sys
from aeanomaly.files import atomic_file
with atomic_file(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@posix
def test_the_next_run_removes_what_a_killed_one_left(old):
    other = old.with_name("other.csv")
    for path in (old, old, other):
        subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    # The second one removed what the first one had left.
    assert len(list(old.parent.iterdir())) == 3
    replace(old)
    (left,) = set(old.parent.iterdir()) - {old}
    assert left.name.startswith(".other.csv.")
    assert TEMPORARY_MARK in left.name
    replace(other)
    assert sorted(old.parent.iterdir()) == [other, old]


@posix
def test_what_another_run_is_writing_is_left_alone(old):
    with atomic_file(old) as first:
        first.write_text("first")
        replace(old, "second")
        assert first.exists()
    assert old.read_text() == "first"


@posix
def test_a_planted_link_of_an_orphans_name_is_left_alone(old, tmp_path):
    target = tmp_path / "target.txt"
    target.write_text("kept")
    link = tmp_path / f".out.csv.0123abcd.{TEMPORARY_MARK}.csv"
    link.symlink_to(target)
    replace(old)
    assert target.read_text() == "kept"


@posix
def test_orphans_of_all_files_of_a_folder_go_but_nothing_else(old):
    others = [
        old.with_name(name) for name in ("rows of 1. May.csv.gz", "plain", "x" * 99)
    ]
    for path in others:
        subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    kept = old.with_name(f"of.the.user.{TEMPORARY_MARK}.csv")
    kept.touch()
    with atomic_file(others[0]) as temporary:
        remove_orphans(old.parent)
        assert set(old.parent.iterdir()) == {temporary, old, kept}
    remove_orphans(old.parent / "gone")


@posix
def test_a_folder_is_held_by_one_run_at_a_time_and_holds_nothing_more(tmp_path):
    with locked_folder(tmp_path) as first, locked_folder(tmp_path) as second:
        assert (first, second) == (True, False)
    with locked_folder(tmp_path) as again:
        assert again
    assert not [*tmp_path.iterdir()]


# A full disk


@posix
def test_a_full_disk_names_the_file(old):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            replace(old, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == os.path.realpath(old)
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_an_error_of_another_file_is_left_as_it_is(old, tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_file(old):
        (tmp_path / "absent").read_text()
    assert caught.value.filename == str(tmp_path / "absent")
