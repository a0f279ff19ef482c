"""The pipeline with its usual options, one run at a time in a folder:

    python -m paper_code.workflow html
    python -m paper_code.workflow html --config profile=quick build=_build/quick
    python -m paper_code.workflow train --dry-run

Whatever follows the module's name goes to Snakemake; `python -m snakemake --snakefile paper_code/workflow/Snakefile` works as well.
"""

import fcntl
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

USUAL = ["--cores", "all", "--rerun-incomplete", "--nolock", "--quiet", "host", "progress", "reason", "rules"]

CHATTER = re.compile(
    r"Assuming unrestricted|Building DAG|Using shell|Select jobs to|Execute \d+ jobs|Shutting down|Exiting because|Complete log"
    r"|Elapsed time|Config file .* is extended|WorkflowError:$|At least one job did not"
)
"""What Snakemake says of itself even when quiet."""

TRACE = re.compile(r"RuleException:$|CalledProcessError in file|Command 'set -euo")
"""What it says of a job that failed; only worth reading if the job itself said nothing."""


def main():
    """Take the lock, run Snakemake, and pass on what a person needs to see.

    The system drops this lock when the processes end, however they end; Snakemake's own survives a kill and has to be lifted by hand.
    """
    lock = Path(".snakemake") / "paper_code.lock"
    lock.parent.mkdir(exist_ok=True)
    with open(lock, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("error: another run of the pipeline is at work in this folder; wait for it to end", file=sys.stderr)
            return 1
        snakefile = str(Path(__file__).with_name("Snakefile"))
        command = [sys.executable, "-m", "snakemake", *sys.argv[1:], "--snakefile", snakefile, *USUAL]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches Snakemake too, which stops its jobs and removes what they left
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, errors="replace", env=environment, pass_fds=[handle.fileno()], preexec_fn=restore
        )
        explained = False
        for line in process.stderr:
            explained = explained or line.startswith("error: ")
            if not CHATTER.match(line) and not (explained and TRACE.match(line)) and line.strip():
                print(line, end="", file=sys.stderr, flush=True)
        return process.wait()


def restore():
    """Let the child be interrupted again."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
