"""Run the pipeline with its usual options, one run at a time per folder:

    python -m paper_code.workflow html
    python -m paper_code.workflow html --config profile=quick build=_build/quick
    python -m paper_code.workflow train --dry-run

Whatever follows the module's name is passed to Snakemake; `python -m snakemake --snakefile paper_code/workflow/Snakefile` works as well.
"""

# ruff: noqa: E402
import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback from the imports that follow

import re
import subprocess
import sys
from pathlib import Path

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import locked
from paper_code.workflow import keeper, refuse
from paper_code.workflow.dependencies import drop_damaged
from paper_code.workflow.environment import closed, prepare
from paper_code.workflow.toc import read_text

USUAL = ["--cores", "all", "--rerun-incomplete", "--nolock", "--quiet", "host", "progress", "reason", "rules"]

CHATTER = re.compile(
    r"Assuming unrestricted|Building DAG|Using shell|Select jobs to|Execute \d+ jobs|Shutting down|Exiting because|Complete log"
    r"|Kernel died while|Elapsed time|Config file .* is extended|WorkflowError:$|At least one job did not"
)
"""What Snakemake prints about itself even when quiet."""

TRACE = re.compile(r"RuleException:$|CalledProcessError in file|Command 'set -euo")
"""What it prints about a failed job; the last such line is worth reading if the job itself printed nothing."""

PATIENCE = 6.0
"""Seconds to wait for the end of a run that was stopped or killed a moment ago."""

BUSY = "another run of the pipeline is at work in this folder; wait for it to end"


def main():
    """Take the lock, run Snakemake and pass on what the user needs to see. However this process ends, all that it started ends too."""
    stopped, process = [], None

    def stop(number, frame):
        stopped.append(number)
        if process is not None:
            process.stdin.close()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # which is how nohup leaves it
            signal.signal(number, stop)
    # The keeper itself may be killed: its descendants then become children of this process.
    signal.signal(signal.SIGCHLD, lambda *_: keeper.end_descendants() if process is not None and process.poll() is not None else None)
    environment = {**closed(), "PYTHONUNBUFFERED": "1"}
    try:
        usual = re.search(r"^build: *(\S+)", read_text(Path(__file__).with_name("config.yaml")) + "\nbuild: _build", re.MULTILINE)[1]
        build = next((word.removeprefix("build=") for word in sys.argv if word.startswith("build=")), usual)
        if Path("matplotlibrc").exists():
            raise PaperCodeError("a file matplotlibrc in the root of the repository would change every figure; move it away")
        # Snakemake's own lock survives a kill and must be removed by hand.
        lock = locked(Path(".snakemake") / "paper_code.lock", PATIENCE, BUSY)
        prepare(environment)
        Path(build).mkdir(parents=True, exist_ok=True)
        drop_damaged(build)
    except (PaperCodeError, OSError) as error:
        return refuse(error)
    snakemake = [sys.executable, "-m", "snakemake", *sys.argv[1:], "--snakefile", str(Path(__file__).with_name("Snakefile")), *USUAL]
    keeper.adopt_orphans()
    process = subprocess.Popen(
        [sys.executable, "-m", "paper_code.workflow.keeper", *snakemake],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=environment,
        pass_fds=[lock.fileno()],
        start_new_session=True,  # out of reach of Ctrl-C, on which every process would print something
    )
    if stopped:
        process.stdin.close()
    causes, trace = set(), None
    for line in process.stderr:
        cause = line.partition(" [")[0] if line.startswith("error: ") else None  # runs that fail alike differ in the log named after it
        if TRACE.match(line):
            trace = line
        elif not stopped and line.strip() and cause not in causes and not CHATTER.match(line):
            print(line, end="", file=sys.stderr, flush=True)
        causes |= {cause} - {None}
    status = process.wait()
    keeper.end_descendants()
    if stopped:
        print(f"stopped by {signal.Signals(stopped[0]).name}; the same command goes on from here", file=sys.stderr)
        return 128 + stopped[0]
    if status and trace and not causes:
        print(f"error: {trace}", end="", file=sys.stderr)
    if status < 0:
        print(f"error: a process of the pipeline was killed (signal {-status}); the same command goes on from here", file=sys.stderr)
    if status and "html" in sys.argv and (Path(build) / "html" / "index.html").is_file():
        print(f"the book in {build}/html is untouched: the last one that was built whole", file=sys.stderr)
    return abs(status)


if __name__ == "__main__":
    sys.exit(main())
