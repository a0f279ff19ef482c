"""Render the staged pages with Jupyter Book, strictly, check the result, and only then put it in place.

A warning, an unresolved reference, a broken link or an asset from another host leaves the last good html as it is. That folder is not an
output of the rule, which Snakemake would delete beforehand; the empty file ``.complete`` in it is.
"""

import argparse
import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from paper_code.workflow import refuse
from paper_code.workflow.check_html import check
from paper_code.workflow.environment import closed

COMPLETE = ".complete"
BUILD = "from jupyter_book.cli.main import main; main()"


def render(stage, html):
    """Build ``stage`` into ``html``; returns the exit status."""
    html = Path(html)
    work, old = html.with_name(html.name + ".work"), html.with_name(html.name + ".old")
    shutil.rmtree(work, ignore_errors=True)
    if old.exists() and not (html / "index.html").exists():  # killed between the two renames below
        shutil.rmtree(html, ignore_errors=True)
        old.rename(html)
    try:
        built = work / "_build" / "html"
        faults = build(stage, work) or check(built)
        if faults:
            print("\n".join(faults), file=sys.stderr)
            print("error: the strict build of the book failed, see above", file=sys.stderr)
            return 1
        (built / COMPLETE).touch()
        shutil.rmtree(old, ignore_errors=True)
        if html.exists():
            html.rename(old)
        built.rename(html)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        return refuse(error)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if html.exists() and not any(html.iterdir()):  # Snakemake made it
            html.rmdir()
    print(f"the book is in {html / 'index.html'}")
    return 0


def build(stage, work, strict=True):
    """Run Jupyter Book quietly; what it said that matters if it fails, warnings too if strict, as a list; an OSError if that stopped it."""
    options = ["--path-output", str(work), "--all", "-q", *(["-W", "--keep-going", "-n"] if strict else [])]
    command = [sys.executable, "-c", BUILD, "build", str(stage), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", env=closed())
    if done.returncode == 0:
        return []
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO):  # said for each of hundreds of files
        if os.strerror(number) in done.stdout:
            raise OSError(number, os.strerror(number), str(work))
    lines = [line for line in re.sub(r"\x1b\[[\d;]*m", "", done.stdout).splitlines() if line.strip()]
    told = (r"WARNING|ERROR", r"^\w*(Error|Exception)\b(?!: *$)", r"")
    return next((found for kind in told if (found := [line for line in lines if re.search(kind, line)])), ["Jupyter Book said nothing"])


def main(arguments=None):
    """Command line of the rule ``html``."""
    parser = argparse.ArgumentParser(prog="python -m paper_code.workflow.html", description=__doc__.splitlines()[0])
    parser.add_argument("stage")
    parser.add_argument("html")
    options = parser.parse_args(arguments)
    return render(options.stage, options.html)


if __name__ == "__main__":
    sys.exit(main())
