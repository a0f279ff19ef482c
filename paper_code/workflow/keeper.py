"""Run a command, and end everything that it started when it ends or is no longer wanted.

    python -m paper_code.workflow.keeper COMMAND ...

Standard input is the lifeline: a pipe to which nobody writes, and which the system closes when the process at its other end dies.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress

import psutil

GRACE = 3.0
"""Seconds that processes are given to clean up."""


def adopt_orphans():
    """Make this process the parent of any descendant whose own parent dies, so that none is lost from sight; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def end_descendants(gently=None):
    """End every process that this one started, directly or indirectly.

    ``gently`` is the process id of Snakemake, which is interrupted: it cancels its jobs and removes their unfinished files. The others
    are terminated, and whatever is left after ``GRACE`` is killed. Without ``gently``, all are killed at once.
    """
    own = psutil.Process()
    if gently is not None:
        for process in own.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT if process.pid == gently else signal.SIGTERM)
        psutil.wait_procs(own.children(recursive=True), timeout=GRACE)
    while left := own.children(recursive=True):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)


def main():
    """Run the command given on the command line, and return its exit status."""
    adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # the lifeline decides; the child starts with the system's defaults
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False)  # the command holds the lock too
    while process.poll() is None:
        if select.select([0], [], [], 0.1)[0]:
            end_descendants(gently=process.pid)
            return 1
    end_descendants()
    if process.returncode < 0:
        os.kill(os.getpid(), -process.returncode)  # so as to end as the command did
    return abs(process.returncode)


if __name__ == "__main__":
    sys.exit(main())
