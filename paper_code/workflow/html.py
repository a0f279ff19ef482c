"""Render the staged pages with Jupyter Book, strictly, check the result, and only then put it in place.

A warning, an unresolved reference, a broken link or an asset from another host leaves no html at all.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from paper_code.workflow.check_html import check

BUILD = "from jupyter_book.cli.main import main; main()"


def render(stage, html):
    """Build ``stage`` into ``html``; returns the exit status."""
    html = Path(html)
    work = html.with_name(html.name + ".work")
    shutil.rmtree(work, ignore_errors=True)
    try:
        built = work / "_build" / "html"
        faults = build(stage, work) or check(built)
        if faults:
            print("\n".join(faults), file=sys.stderr)
            print("error: the strict build of the book failed, see above", file=sys.stderr)
            return 1
        shutil.rmtree(html, ignore_errors=True)
        shutil.move(built, html)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"the book is in {html / 'index.html'}")
    return 0


def build(stage, work):
    """Run Jupyter Book, quietly unless it fails: then what it said, as a list."""
    options = ["--path-output", str(work), "--all", "-q", "-W", "--keep-going", "-n"]
    command = [sys.executable, "-c", BUILD, "build", str(stage), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [done.stdout] if done.returncode else []


def main(arguments=None):
    """Command line of the rule ``html``."""
    parser = argparse.ArgumentParser(prog="python -m paper_code.workflow.html", description=__doc__.splitlines()[0])
    parser.add_argument("stage")
    parser.add_argument("html")
    options = parser.parse_args(arguments)
    return render(options.stage, options.html)


if __name__ == "__main__":
    sys.exit(main())
