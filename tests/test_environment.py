"""The reader's machine does not reach the build: the same bytes under settings that would each break it."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from small_book import FRONT, ROOT, small_book

from paper_code.core import files
from paper_code.core.errors import PaperCodeError
from paper_code.workflow import environment as environments
from paper_code.workflow.chapters import BlockingKernelManager
from paper_code.workflow.environment import LONGEST, closed, prepare

SHOWS = """```{code-cell} ipython3
import getpass
import locale
import os
import sys
import tempfile

import matplotlib.pyplot as plt

assert sys.flags.optimize == 0
print(locale.getpreferredencoding(), open("_toc.yml").encoding, sys.stdout.encoding, "é 漢", getpass.getuser())
print(plt.rcParams["text.usetex"], plt.rcParams["lines.linewidth"], "inline" in plt.get_backend(), os.environ["OMP_NUM_THREADS"])
print(len(tempfile.gettempdir()) < 70, os.access(os.path.expanduser("~"), os.W_OK), os.path.basename(os.getcwd()))
plt.plot([1, 2], label="é")
plt.legend();
```
"""


def hostile(folder):
    """Settings of a person and a machine, of which each alone would stop a build or change it."""
    evil = folder / "evil"
    for name in ("python/numpy.py", "python/snakemake.py", "ipython/profile_default/startup/00.py", "sitecustomize.py"):
        (evil / name).parent.mkdir(parents=True, exist_ok=True)
        (evil / name).write_text("raise SystemExit('from the settings of a person')\n")
    (evil / "matplotlibrc").write_text("text.usetex: True\nlines.linewidth: 9\nbackend: no_such\n")
    (evil / "bash").write_text("exit 3\n")
    (evil / "pip.conf").write_text("[install]\nuser = true\n")
    long = folder / ("t" * 90)
    long.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/proc/nowhere",
        "TMPDIR": str(long),
        "LC_ALL": "C",
        "LANG": "zh_CN.GBK",
        "BASH_ENV": str(evil / "bash"),
        "MATPLOTLIBRC": str(evil / "matplotlibrc"),
        "MPLCONFIGDIR": "/proc/nowhere",
        "MPLBACKEND": "no_such",
        "SNAKEMAKE_PROFILE": "no_such",
        "IPYTHONDIR": str(evil / "ipython"),
        **{f"JUPYTER_{name}": "/proc/nowhere" for name in ("PATH", "CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR", "PLATFORM_DIRS")},
        **{f"XDG_{name}_HOME": "/proc/nowhere" for name in ("CACHE", "CONFIG", "DATA", "STATE")},
        "PIP_USER": "1",
        "PIP_TARGET": str(folder / "target"),
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONHASHSEED": "7",
        "PYTHONIOENCODING": "latin-1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPATH": f"{evil / 'python'}:{evil}",
        "PYTHONSTARTUP": str(evil / "sitecustomize.py"),
        "PYTHONUTF8": "0",
        "PYTHONWARNINGS": "error",
        "OMP_NUM_THREADS": "3",
        "SPHINXOPTS": "-b no_such",
        "COLUMNS": "20",
        "FORCE_COLOR": "1",
        "DISPLAY": ":99",
        "LOGNAME": "",
        "TZ": "no/such",
    }


def run(root, environment, *arguments):
    """Run a module as make does it."""
    command = [sys.executable, "-I", "paper_code/workflow/environment.py", "-m", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True)


def test_a_chapter_and_the_stage_are_the_same_bytes_on_a_hostile_machine(tmp_path):
    made = {}
    for name, environment in {"friendly": dict(os.environ), "hostile": hostile(tmp_path)}.items():
        root = small_book(tmp_path / name)
        (root / "book" / "one.md").write_text(FRONT + SHOWS, encoding="utf-8")
        (root / "book" / "scorecard.md").unlink()
        (root / "_toc.yml").write_text("format: jb-book\nroot: book/plain\nchapters:\n  - file: book/one\n")
        done = run(root, environment, "paper_code.workflow", "stage")
        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr == b""
        made[name] = {str(path.relative_to(root)): path.read_bytes() for path in (root / "_build" / "stage").rglob("*") if path.is_file()}
    assert made["friendly"] == made["hostile"]
    notebook = made["hostile"]["_build/stage/book/one.ipynb"].decode()
    for line in ("utf-8 utf-8 UTF-8 é 漢 reader", "False 1.5 True 1", "True True a book"):
        assert line.lower() in notebook.lower()
    assert "image/png" in notebook
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil", "friendly", "hostile", "t" * 90]


def test_reference_notebooks_run_in_the_same_environment(tmp_path):
    root = small_book(tmp_path)
    (root / "tests").mkdir()
    cell = new_code_cell(SHOWS.partition("\n")[2].rpartition("plt.plot")[0], execution_count=1)
    text = "utf-8 utf-8 UTF-8 é 漢 reader\nFalse 1.5 True 1\nTrue True a book\n"
    cell.outputs = [new_output("stream", name="stdout", text=text)]
    nbformat.write(new_notebook(cells=[cell]), root / "tests" / "one.ipynb")
    (root / "pytest.ini").touch()  # so that no settings of a folder above count
    options = ["-p", "paper_code.workflow.compare", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "-q"]
    done = run(root, hostile(tmp_path) | {"PYTEST_ADDOPTS": "--no-such"}, "pytest", *options, "--rootdir", ".", "tests")
    assert done.returncode == 0 and b"1 passed" in done.stdout + done.stderr, done.stdout.decode()


def test_what_passes_is_named_and_closing_twice_changes_nothing(tmp_path):
    once = closed(hostile(tmp_path))
    assert closed(once) == once
    assert not [name for name, value in once.items() if "nowhere" in value or "no_such" in value or str(tmp_path) in value]
    kept = {
        "PAPER_CODE_IMAGES": "images",
        "CUDA_VISIBLE_DEVICES": "1",
        "OPENBLAS_CORETYPE": "Haswell",
        "https_proxy": "http://proxy:1",
        "NO_PROXY": "here",
        "SSL_CERT_FILE": "cert",
        **{f"PIP_{name}": "x" for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "CERT", "CONFIG_FILE")},
    }
    dropped = [f"PIP_{name}" for name in ("USER", "TARGET", "PREFIX", "ROOT", "REQUIRE_VIRTUALENV", "NO_DEPS", "CONSTRAINT")]
    dropped += ["PYTEST_ADDOPTS", "SNAKEMAKE_OUTPUT_CACHE", "PAPER_CODE_PERTURB", "MPLBACKEND", "PYTHONPATH", "ENV", "CDPATH", "MAKEFLAGS"]
    made = closed(kept | dict.fromkeys(dropped, "x"))
    assert {name: made.get(name) for name in kept} == kept and not set(dropped) & set(made)


@pytest.mark.parametrize("home", [None, "", "/people/somebody"])
def test_pip_reads_its_own_settings_where_a_person_keeps_them(home):
    inherited = {} if home is None else {"HOME": home, "XDG_CONFIG_HOME": "/settings", "MPLBACKEND": "x"}
    made = closed(inherited, private=False)
    assert made["HOME"] == (home or closed({})["HOME"]) and "MPLCONFIGDIR" not in made and "MPLBACKEND" not in made
    assert made.get("XDG_CONFIG_HOME") == inherited.get("XDG_CONFIG_HOME")


@pytest.mark.parametrize("name", ["", "relative", "missing", "l" * 80, "ü", "closed", "file"])
def test_a_folder_for_sockets_is_short_and_can_be_written_to(tmp_path, monkeypatch, name):
    wanted = tmp_path / name
    if name == "file":
        wanted.touch()
    elif name not in ("missing", "relative"):
        wanted.mkdir(exist_ok=True)
    if name == "closed":
        monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(wanted))
    folder = closed({"TMPDIR": name if name in ("", "relative") else str(wanted)})["TMPDIR"]
    assert folder != str(wanted) and os.path.isdir(folder) and os.access(folder, os.W_OK) and len(folder) <= LONGEST


def test_without_any_short_folder_kernels_talk_over_tcp(tmp_path, monkeypatch):
    assert BlockingKernelManager().transport == "ipc"
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert BlockingKernelManager().transport == "tcp"


def test_fonts_are_listed_before_any_chapter_and_only_once(tmp_path, monkeypatch):
    folder = tmp_path / "matplotlib"
    environment = closed() | {"MPLCONFIGDIR": str(folder), "MATPLOTLIBRC": str(folder / "matplotlibrc")}
    prepare(environment)
    assert list(folder.glob("fontlist-*.json")) and (folder / "matplotlibrc").read_text() == ""
    monkeypatch.setattr(environments.subprocess, "run", None)
    prepare(environment)


def test_the_private_folder_moves_where_the_environment_is_read_only(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    assert closed()["HOME"] == str(tmp_path / "_build" / "home")
    (tmp_path / "env").mkdir()
    assert closed()["HOME"] == str(tmp_path / "env" / "home")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL])
def test_a_file_system_without_locks_is_no_refusal(tmp_path, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.fcntl, "flock", flock)
    with files.locked(tmp_path / "folder" / "lock"):
        pass


def test_a_lock_that_is_held_is_waited_for_and_then_refused(tmp_path, monkeypatch):
    with files.locked(tmp_path / "lock"):
        start = time.monotonic()
        with pytest.raises(PaperCodeError, match="^busy$"):
            files.locked(tmp_path / "lock", 0.3, "busy")
        assert time.monotonic() - start > 0.3
    files.locked(tmp_path / "lock").close()


def test_a_clone_with_autocrlf_has_the_same_bytes(tmp_path):
    files = [".gitattributes", "Makefile", "data/weights/manifest.json", "paper_code/core/files.py", "book/_static/overview.png"]
    files += [str(next((ROOT / "data" / "weights").rglob(f"*{kind}")).relative_to(ROOT)) for kind in (".log.jsonl", ".safetensors")]
    first, second = tmp_path / "first", tmp_path / "second"
    for name in files:
        (first / name).parent.mkdir(parents=True, exist_ok=True)
        (first / name).write_bytes((ROOT / name).read_bytes())
    person = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "--quiet"], ["add", "--force", "."], [*person, "commit", "--quiet", "--message", "x"]):
        subprocess.run(["git", "-C", str(first), *command], check=True)
    subprocess.run(["git", "clone", "--quiet", "-c", "core.autocrlf=true", str(first), str(second)], check=True)
    assert {name: (second / name).read_bytes() for name in files} == {name: (ROOT / name).read_bytes() for name in files}


def test_every_recipe_runs_python_in_the_closed_environment():
    lines = [line for line in Path(ROOT / "Makefile").read_text().splitlines() if line.startswith("\t")]
    assert not [line for line in lines if "bin/python" in line and "$(CLOSED)" not in line]
    assert not [line for line in lines if '"$(PYTHON)"' in line and "$(CLOSED)" not in line and "-I" not in line]
