"""A build that is stopped or killed at any moment takes all that it started with it, and the next one goes on."""

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
from small_book import FRONT, pipeline, small_book

SLEEPS = """```{code-cell} ipython3
import subprocess
import time

child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
time.sleep(1)
child.kill()
```
"""


def at_work(root):
    """Processes whose working directory is ``root``."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(root) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            pass
    return found


def start(root, *command):
    """Start it there, with both outputs in pipes."""
    environment = {**os.environ, "PYTHONPATH": ""}
    return subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)


def wait_for(process, module):
    """The descendant that runs this module, as soon as there is one."""
    for _ in range(600):
        for found in psutil.Process(process.pid).children(recursive=True):
            try:
                if found.cmdline()[1:3] == ["-m", module]:
                    return found
            except psutil.Error:
                pass
        time.sleep(0.1)
    raise AssertionError(f"{module} did not start")


BOOK = [sys.executable, "-m", "paper_code.workflow", "chapters"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process cannot adopt orphans")


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_stopped_at_any_moment(tmp_path, monkeypatch, number):
    root = small_book(tmp_path)
    (root / "book" / "one.md").write_text(FRONT + SLEEPS)
    generator = random.Random(int(number))
    for _ in range(5 if number in (signal.SIGTERM, signal.SIGKILL) else 1):
        process = start(root, *BOOK)
        wait_for(process, "paper_code.workflow.keeper")
        time.sleep(generator.uniform(0, 4))
        process.send_signal(number)
        _, complaint = process.communicate(timeout=60)  # all have closed their ends
        assert not at_work(root)
        if process.returncode == 0:
            continue
        assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number), complaint
        assert complaint == ("" if number == signal.SIGKILL else f"stopped by {number.name}; the same command goes on from here\n")
    monkeypatch.chdir(root)
    done = pipeline("chapters")
    assert done.returncode == 0 and (not done.stderr or "Nothing to be done" in done.stderr), done.stderr
    assert (root / "_build/executed/scorecard.ipynb").is_file()
    assert not list((root / "_build").rglob("*.tmp"))


@linux
@pytest.mark.parametrize("module", ["paper_code.workflow.keeper", "snakemake", "paper_code.workflow.chapters"])
def test_whatever_is_killed_the_rest_ends_and_it_is_said_in_one_line(tmp_path, module):
    root = small_book(tmp_path)
    (root / "book" / "one.md").write_text(FRONT + SLEEPS.replace("sleep(1)", "sleep(1000)"))
    process = start(root, *BOOK)
    wait_for(process, module).kill()
    _, complaint = process.communicate(timeout=60)
    assert not at_work(root)
    assert process.returncode not in (0, None) and complaint.startswith("error: ") and complaint.count("\n") == 1, complaint


@linux
def test_when_make_is_killed_what_it_runs_ends(tmp_path):
    root = small_book(tmp_path)
    (root / "book" / "one.md").write_text(FRONT + SLEEPS.replace("sleep(1)", "sleep(1000)"))
    recipe = f"all:\n\t@{sys.executable} -I paper_code/workflow/environment.py -m paper_code.workflow chapters\n"
    (root / "Makefile").write_text(recipe)
    process = start(root, "make", "all")
    wait_for(process, "snakemake")
    process.kill()
    _, complaint = process.communicate(timeout=60)
    assert not at_work(root) and complaint == "stopped by SIGTERM; the same command goes on from here\n"
