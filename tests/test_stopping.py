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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process cannot adopt orphans")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_stopped_at_any_moment(tmp_path, monkeypatch, number):
    root = small_book(tmp_path)
    (root / "book" / "one.md").write_text(FRONT + SLEEPS)
    generator = random.Random(int(number))
    environment = {**os.environ, "PYTHONPATH": ""}
    for _ in range(5 if number in (signal.SIGTERM, signal.SIGKILL) else 1):
        command = [sys.executable, "-m", "paper_code.workflow", "chapters"]
        process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
        time.sleep(generator.uniform(0.5, 5))
        process.send_signal(number)
        said, complaint = process.communicate(timeout=30)  # all have closed their ends
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
