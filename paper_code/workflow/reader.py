"""What a reader does with the book besides building it: run one chapter, view the pages, edit a chapter in JupyterLab.

    python -m paper_code.workflow.reader chapter 04_lgn     # make chapter CH=04_lgn
    python -m paper_code.workflow.reader serve 8001         # make serve PORT=8001
    python -m paper_code.workflow.reader lab                # make lab

A single chapter runs on the quick profile with the numbers of data/table.csv, like the reference notebooks, so that its text can be
compared with theirs. Its page is rendered alone, and links to other pages lead nowhere. Only this machine can reach the server. In
JupyterLab the sources open as notebooks and run in the root of the repository; what is saved is the Markdown source. A chapter reads the
numbers of a build: first run ``make book``, or run ``make chapter`` and set ``profile = "quick"`` and ``build = "_build/quick"`` in it.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat

from paper_code.core.errors import PaperCodeError, short
from paper_code.core.files import write_atomically
from paper_code.workflow import run
from paper_code.workflow.compare import compare_notebooks
from paper_code.workflow.environment import closed
from paper_code.workflow.html import build, stage
from paper_code.workflow.toc import notebook_chapters

QUICK = Path("_build/quick")
FOLDER = Path("_build/chapter")
REFERENCES = Path("tests/reference")
HOST, PORT = "127.0.0.1", "8000"
VIEWERS = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Jupytext Notebook"}}}


def name_of(chapter):
    """The chapter with code that is meant by its name, its number or the path of its source; lists all of them if there is none."""
    chapters = notebook_chapters()
    name = chapter.removeprefix("book/").removesuffix(".md")
    by_number = [one for one in chapters if name and one.partition("_")[0].lstrip("0") == name.lstrip("0")]
    if len(by_number) == 1:
        return by_number[0]
    if name not in chapters:
        said = f"there is no chapter {chapter!r}" if chapter else "name a chapter"
        raise PaperCodeError(f"{said}: make chapter CH=<one of {', '.join(chapters)}>")
    return name


def render_chapter(chapter, executed, folder=FOLDER):
    """Render a chapter, whose notebook is in the folder ``executed``, as a book of its own; returns the path of the page."""
    staged, work = Path(folder) / "stage", Path(folder) / "work"
    shutil.rmtree(work, ignore_errors=True)
    stage(executed, staged, only=chapter)
    faults = build(staged, work, strict=False)  # links to other chapters lead nowhere
    page = work / "_build" / "html" / "book" / f"{chapter}.html"
    if faults or not page.is_file():
        raise PaperCodeError(f"cannot render {chapter}: {(faults or ['it has no page'])[-1]}")
    return page


def run_chapter(chapter=""):
    """Run a chapter, render it and compare it with its reference; returns the exit status."""
    chapter = name_of(chapter)
    notebook = QUICK / "executed" / f"{chapter}.ipynb"
    pipeline = [sys.executable, "-m", "paper_code.workflow", str(notebook), "--config", "profile=quick", f"build={QUICK}"]
    if status := subprocess.run(pipeline, env=closed()).returncode:
        return status
    print(f"the page is {render_chapter(chapter, notebook.parent)}")
    executed, reference = (nbformat.read(place, as_version=4) for place in (notebook, REFERENCES / f"{chapter}.ipynb"))
    found = compare_notebooks(reference, executed)
    print("\n".join(found) if found else f"every text and number is that of {REFERENCES / chapter}.ipynb (pictures are not compared)")
    print("this is the quick profile: fewer networks and random filters, so that some numbers are not those of the book's own page")
    return 0


class Handler(SimpleHTTPRequestHandler):
    """Serves the files of the book so that a browser requests them again after every build; logs no line for each."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {"": "text/plain", ".cff": "text/plain", ".md": "text/plain"}

    def end_headers(self):
        """Tell the browser to keep nothing."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *arguments):
        """Log nothing."""


def server(html, port):
    """A server for the folder ``html``, not yet running; raises PaperCodeError without a book, or if the port is invalid or taken."""
    if not (Path(html) / "index.html").is_file():
        raise PaperCodeError(f"there is no built book in {html}: run make book first")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 <= int(port) < 2**16):
        raise PaperCodeError(f"PORT is a whole number from 0 to 65535, not {short(port)}; 0 takes any that is free")
    try:
        return ThreadingHTTPServer((HOST, int(port)), partial(Handler, directory=str(html)))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise PaperCodeError(f"port {port} is taken or not allowed; choose another: make serve PORT={(int(port) + 1) % 2**16}") from error


def serve(port=""):
    """Serve ``_build/html`` until Ctrl-C."""
    with server("_build/html", port or PORT) as running:
        print(f"the book is at http://{HOST}:{running.server_address[1]}/ until Ctrl-C", flush=True)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


def lab(*options):
    """Open the sources in JupyterLab, to which further options are passed."""
    from jupyter_core.paths import jupyter_config_dir
    from jupyterlab.labapp import LabApp  # installed only by `make lab`

    write_atomically(Path(jupyter_config_dir()) / "labconfig" / "default_setting_overrides.json", json.dumps(VIEWERS))
    places = ["--ServerApp.root_dir=book", f"--MappingKernelManager.root_dir={os.getcwd()}"]  # kernels start where the pipeline starts them
    return LabApp.launch_instance([*places, "--ServerApp.jpserver_extensions={'jupyterlab_jupytext': True}", *options])


def main(arguments=None):
    """The command line of ``make chapter``, ``make serve`` and ``make lab``."""
    return run({"chapter": run_chapter, "serve": serve, "lab": lab}, arguments)


if __name__ == "__main__":
    sys.exit(main())
