"""Compare executed notebooks with the references, output by output:

    python -m paper_code.workflow.compare _build/quick/executed tests/reference

Text must be identical. Pictures are not compared, nor are cells tagged ``nbval-ignore-output``. As a pytest plugin, this module runs
the reference notebooks in the way the book runs its chapters, and makes the same comparison:

    pytest -p paper_code.workflow.compare --nbval --nbval-current-env --all-notebooks tests

With ``--all-notebooks`` the session fails unless every notebook chapter that ``_toc.yml`` lists ran; otherwise a file that was never
collected would pass silently.
"""

import os
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path

import nbformat

from paper_code.core.errors import short
from paper_code.network.layers import VARIABLE
from paper_code.workflow import refuse
from paper_code.workflow.chapters import PICTURES, BlockingKernelManager, prepare_environment
from paper_code.workflow.environment import closed
from paper_code.workflow.toc import notebook_chapters


def displayed(outputs):
    """What a cell shows, as a dict of lists: text by stream, and representations of results by type, without pictures."""
    found = {}
    for output in outputs:
        if output["output_type"] == "stream":
            found.setdefault(output["name"], [""])[0] += output["text"]
        elif output["output_type"] == "error":
            found.setdefault("error", []).append(f"{output['ename']}: {output['evalue']}")
        else:
            for kind, content in output["data"].items():
                if kind not in PICTURES:
                    found.setdefault(kind, []).append(content)
    return found


def mismatches(reference, outputs):
    """How a cell's outputs differ from the reference, one text per type: the type, and the first line that differs, in both versions."""
    old, new = displayed(reference), displayed(outputs)
    return [f"{kind}: {_first(old.get(kind), new.get(kind))}" for kind in sorted(old | new) if old.get(kind) != new.get(kind)]


def _first(old, new):
    if old is None or new is None or len(old) != len(new):
        return f"{len(new or [])} outputs, in the reference {len(old or [])}"
    one, other = next(pair for pair in zip(old, new, strict=True) if pair[0] != pair[1])
    lines = [(str(text) + "\n").splitlines() for text in (one, other)]
    place = next((n for n, pair in enumerate(zip(*lines, strict=False)) if pair[0] != pair[1]), min(map(len, lines)))
    was, now = ("\n".join(text[place : place + 1]) for text in lines)
    more = sum(one != other for one, other in zip_longest(*lines)) - 1
    return f"{now!r}, in the reference {was!r}" + (f", and {more} more line{'s' * (more > 1)}" if more > 0 else "")


def compare_notebooks(reference, executed):
    """Differences between two notebooks, one line each, by the number of the code cell, counted from 0."""
    cells = [[cell for cell in notebook.cells if cell.cell_type == "code"] for notebook in (reference, executed)]
    if len(cells[0]) != len(cells[1]):
        return [f"{len(cells[1])} code cells, in the reference {len(cells[0])}; run make references and read the diff"]
    pairs = [(n, *pair) for n, pair in enumerate(zip(*cells, strict=True)) if "nbval-ignore-output" not in pair[0].metadata.get("tags", [])]
    # The first line of the source is included, without which nobody would find the cell on the page.
    opening = {n: short(new.source.partition("\n")[0]) for n, _, new in pairs}
    return [f"Cell {n} ({opening[n]}), {line}" for n, old, new in pairs for line in mismatches(old.outputs, new.outputs)]


def pytest_addoption(parser):
    parser.addoption("--all-notebooks", action="store_true", help="fail unless every notebook chapter of _toc.yml ran")
    parser.addoption("--threads", type=int, default=1, help="threads per kernel")
    parser.addoption("--noise", default="", metavar="SEED[:SIZE]", help="noise on the weights, see paper_code/network/layers.py")


def pytest_configure(config):
    """Make nbval run a notebook as the pipeline runs a chapter."""
    if not config.getoption("nbval", default=False):
        return
    import nbval.kernel
    import nbval.plugin

    config.kernel_folder = tempfile.TemporaryDirectory()
    prepare_environment(config.kernel_folder.name)
    # Threads and noise apply to the kernels only, not to the other tests of this process.
    asked = {"OMP_WAIT_POLICY": "PASSIVE", VARIABLE: config.getoption("noise")}
    environment = {**os.environ, **closed(threads=config.getoption("threads")), "JUPYTER_PATH": os.environ["JUPYTER_PATH"], **asked}
    nbval.kernel.KernelManager = BlockingKernelManager
    nbval.plugin.IPyNbCell.compare_outputs = compare_outputs
    start = nbval.kernel.start_new_kernel

    def start_new_kernel(*arguments, **options):
        """Start in the root of the repository, not beside the notebook, and with a history, without which a final ``;`` hides nothing."""
        manager, client = start(*arguments, **{**options, "cwd": str(config.rootpath), "env": environment})
        execute = client.execute
        client.execute = lambda code, **options: execute(code, **{**options, "store_history": True})
        return manager, client

    nbval.kernel.start_new_kernel = start_new_kernel
    config.pluginmanager.register(RunCounter(config))


def compare_outputs(cell, outputs, reference, skip_compare=None):
    """True if a cell's outputs match the reference, by the same comparison as in the pipeline."""
    cell.comparison_traceback = mismatches(reference, outputs)
    return not cell.comparison_traceback


class RunCounter:
    """Collects the names of notebooks in which a cell ran; with xdist, in the process that gathers the reports."""

    def __init__(self, config):
        self.config, self.ran = config, set()

    def pytest_runtest_logreport(self, report):
        path = report.nodeid.partition("::")[0]
        if path.endswith(".ipynb") and report.when == "call":
            self.ran.add(Path(path).stem)

    def pytest_terminal_summary(self, terminalreporter):
        """Say whether every notebook chapter ran, and fail the session if not."""
        if not self.config.getoption("all_notebooks"):
            return
        if missing := [name for name in notebook_chapters() if name not in self.ran]:
            terminalreporter.write_line(f"error: reference notebooks that did not run: {', '.join(missing)}", red=True)
            session = self.config.pluginmanager.get_plugin("session")
            session.exitstatus = session.exitstatus or 1
        else:
            terminalreporter.write_line(f"all {len(self.ran)} reference notebooks ran")


def main(arguments=None):
    """Print every difference, one per line; returns 1 if there is one, else 0."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 2:
        return refuse("give two folders, of executed notebooks and of references")
    executed, references = map(Path, given)
    found = []
    try:
        for chapter in notebook_chapters():
            notebooks = [nbformat.read(folder / f"{chapter}.ipynb", as_version=4) for folder in (references, executed)]
            found += [f"{chapter}, {line}" for line in compare_notebooks(*notebooks)]
    except OSError as error:
        return refuse(error)
    for line in found:
        print(f"error: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
