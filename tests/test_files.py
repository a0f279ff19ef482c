"""Laws of files that are whole or not there, of JSON and of the lock."""

import json
import os
import signal
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from tiny import disk_full_beyond, fails, temporary_files

from paper_code.core.files import (
    append_line,
    check_writable,
    locked,
    read_json,
    remove_leftovers,
    sha256,
    write_atomically,
    write_json,
    write_together,
)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_atomically(path, b"old")
    with disk_full_beyond(1000):
        fails("cannot write .*weights.safetensors: File too large; free some space", write_atomically, path, bytes(100_000))
        fails("cannot write", append_line, tmp_path / "log", "x" * 2000)
    assert path.read_bytes() == b"old"
    assert temporary_files(tmp_path) == []
    write_atomically(path, "new")
    assert path.read_bytes() == b"new"


def test_of_several_files_all_are_written_or_none(tmp_path):
    places = [tmp_path / "a.json", tmp_path / "below" / "b.json"]
    write_together(dict.fromkeys(places, "old"))
    places[0].chmod(0o600)
    with disk_full_beyond(1000):
        fails("cannot write .*b.json", write_together, dict(zip(places, (b"new", bytes(2000)), strict=True)))
    (tmp_path / "folder").mkdir()
    fails("folder is a folder", write_together, {places[0]: "new", tmp_path / "folder": "new"})
    assert [path.read_text() for path in places] == ["old", "old"] and temporary_files(tmp_path) == []
    write_together(dict.fromkeys(places, "new"))
    assert [path.read_text() for path in places] == ["new", "new"] and stat.S_IMODE(places[0].stat().st_mode) == 0o600


def test_only_regular_files_are_replaced_appended_to_or_locked(tmp_path):
    (tmp_path / "real").write_text("precious")
    os.mkfifo(tmp_path / "pipe")
    for name, target in (("link", "real"), ("dangling", "none"), ("to device", "/dev/null")):
        (tmp_path / name).symlink_to(target)
    before = sorted((path.name, os.lstat(path).st_mode) for path in tmp_path.iterdir())

    def lock(path):
        with locked(path):
            pass

    for path in [*(tmp_path / name for name in ("link", "dangling", "to device", "pipe")), "/dev/null", "/dev/full"]:
        for call, *arguments in ((write_atomically, path, "x"), (write_json, path, {}), (append_line, path, "x"), (lock, path)):
            fails(f"{path} is (a link|a device, a pipe or a socket) and not a file, and is left as it is", call, *arguments)
    assert sorted((path.name, os.lstat(path).st_mode) for path in tmp_path.iterdir()) == before
    assert (tmp_path / "real").read_text() == "precious" and stat.S_ISCHR(os.stat("/dev/null").st_mode)
    for path in (tmp_path / "pipe", "/dev/zero"):  # which would never end
        fails("no regular file", read_json, path)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o027, 0o002])
def test_the_umask_is_honoured_and_a_file_keeps_its_permissions(tmp_path, umask):
    path = tmp_path / "a"
    before = os.umask(umask)
    try:
        write_atomically(path, "x")
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
        for mode in (0o600, 0o644, 0o640):
            path.chmod(mode)
            write_atomically(path, "y")
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_names_that_no_file_can_have_are_one_line(tmp_path):
    for name in ("a" * 300, "a\0b"):
        fails("cannot write", write_atomically, tmp_path / name, "x")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_amid_a_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"] and path.read_bytes() == b"old"


def test_the_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append(os.fstat(handle).st_size), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *paths: (calls.append("rename"), replace(*paths)))
    write_atomically(tmp_path / "a", b"12345")
    assert calls == [5, "rename"]


def test_a_name_that_is_none_is_refused():
    for name in (".", ""):
        fails("cannot write", write_atomically, name, b"")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    fails(f"cannot write {tmp_path}/file/below/a", write_atomically, tmp_path / "file" / "below" / "a", b"")
    (tmp_path / "folder").mkdir()
    fails("folder is a folder and not a file", write_atomically, tmp_path / "folder", b"")
    fails("is a folder and not a file", append_line, tmp_path, "line")
    assert temporary_files(tmp_path) == []


def test_json_that_cannot_be_written_or_read_is_one_line(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"b": 1, "a": [None, 0.5]})
    assert read_json(path) == {"a": [None, 0.5], "b": 1} and path.read_text().index('"a"') < path.read_text().index('"b"')
    before = path.read_bytes()
    endless = []
    endless.append(endless)
    for value in (float("nan"), float("inf"), np.zeros(2), {1, 2}, Path("x"), endless):
        fails("JSON has no word for a value", write_json, path, {"a": value})
    fails("JSON has no word for a value", write_json, path, {1: 0, "1": 0})
    assert path.read_bytes() == before
    for content in (b"{", b"\xff\xfe", b"[" * 100_000, b"[1]", b"null", b""):
        path.write_bytes(content)
        fails("a.json (is not valid JSON|holds no JSON object).*restore it, or move it away", read_json, path)
    fails("there is no file .*none.json", read_json, tmp_path / "none.json")
    fails("cannot read .*: it is no regular file", sha256, tmp_path)


def test_sha256_of_the_standard(tmp_path):
    (tmp_path / "abc").write_text("abc")  # FIPS 180-4
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_only_leftovers_of_our_own_are_removed(tmp_path):
    ours = ["checkpoint.safetensors.a1b2c3d4.tmp", "run.json.abcdef01.tmp", "log.jsonl.01234567.tmp", "index.html.01234567.tmp"]
    theirs = ["thesis.tmp", "run.json.tmp", "thesis.doc.abcdef01.tmp", "run.json.abcdefgh.tmp", "checkpoint.safetensors.abcdef01.tmp.keep"]
    (tmp_path / "below").mkdir()
    for name in [*ours, *theirs, "below/run.json.abcdef01.tmp"]:
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path)
    remove_leftovers(tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*theirs, "below"])
    assert (tmp_path / "below" / "run.json.abcdef01.tmp").exists()


def test_the_lock_keeps_others_out_and_ends_with_its_holder(tmp_path):
    path = tmp_path / "run" / "lock"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with locked(path):
                os.write(write, b"held")
                time.sleep(60)
        finally:
            os._exit(1)
    assert os.read(read, 4) == b"held"

    def take():
        with locked(path):
            pass

    fails(f"another process is at work in {path.parent}; wait", take)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    take()
    take()
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "lock"
    fails("cannot write", take)
    assert json.dumps(sorted(file.name for file in tmp_path.rglob("*"))) == '["file", "lock", "run"]'


def test_a_place_that_cannot_be_written_is_known_beforehand(tmp_path):
    (tmp_path / "file").write_text("")
    fails("cannot write .*file/below", check_writable, tmp_path / "file" / "below")
    check_writable(tmp_path / "not" / "there")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
