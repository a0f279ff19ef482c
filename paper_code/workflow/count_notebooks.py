"""Plugin for pytest: run the reference notebooks as the book runs its chapters, and fail if one was left out.

    pytest -p paper_code.workflow.count_notebooks --nbval --nbval-current-env --all-notebooks tests

With ``--all-notebooks`` the session fails unless as many notebooks ran as ``_toc.yml`` lists: a file that nobody collected passes
silently otherwise.
"""

import os
import tempfile
from pathlib import Path

from paper_code.network.layers import VARIABLE
from paper_code.workflow.compare import differences
from paper_code.workflow.environment import closed
from paper_code.workflow.kernels import BlockingKernelManager, prepare_environment
from paper_code.workflow.toc import notebook_chapters


def pytest_addoption(parser):
    parser.addoption("--all-notebooks", action="store_true", help="fail unless every notebook chapter of _toc.yml ran")
    parser.addoption("--threads", type=int, default=1, help="threads of a kernel")
    parser.addoption("--noise", default="", metavar="SEED[:SIZE]", help="noise on the weights, see paper_code/network/layers.py")


def pytest_configure(config):
    """Make nbval run a notebook as the pipeline runs a chapter."""
    if not config.getoption("nbval", default=False):
        return
    import nbval.kernel
    import nbval.plugin

    config.kernel_folder = tempfile.TemporaryDirectory()
    prepare_environment(config.kernel_folder.name)
    # Threads and noise of the kernels alone, and not of the other tests of this process.
    asked = {"OMP_WAIT_POLICY": "PASSIVE", VARIABLE: config.getoption("noise")}
    environment = {**os.environ, **closed(threads=config.getoption("threads")), "JUPYTER_PATH": os.environ["JUPYTER_PATH"], **asked}
    nbval.kernel.KernelManager = BlockingKernelManager
    nbval.plugin.IPyNbCell.compare_outputs = compare_outputs
    start = nbval.kernel.start_new_kernel

    def start_new_kernel(*arguments, **options):
        """In the root of the repository, not beside the notebook; and with a history, without which a final ``;`` hides nothing."""
        manager, client = start(*arguments, **{**options, "cwd": str(config.rootpath), "env": environment})
        execute = client.execute
        client.execute = lambda code, **options: execute(code, **{**options, "store_history": True})
        return manager, client

    nbval.kernel.start_new_kernel = start_new_kernel
    config.pluginmanager.register(RunCounter(config))


def compare_outputs(cell, outputs, reference, skip_compare=None):
    """True if a cell's outputs are those of the reference, by the comparison that the pipeline makes as well."""
    cell.comparison_traceback = differences(reference, outputs)
    return not cell.comparison_traceback


class RunCounter:
    """Collects the names of the notebooks of which a cell ran; with xdist, in the process that gathers the reports."""

    def __init__(self, config):
        self.config, self.ran = config, set()

    def pytest_runtest_logreport(self, report):
        path = report.nodeid.partition("::")[0]
        if path.endswith(".ipynb") and report.when == "call":
            self.ran.add(Path(path).stem)

    def missing(self):
        """Notebook chapters that did not run, or None where that is not asked."""
        if not self.config.getoption("all_notebooks") or hasattr(self.config, "workerinput"):
            return None
        return [name for name in notebook_chapters() if name not in self.ran]

    def pytest_sessionfinish(self, session):
        if self.missing() and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter):
        missing = self.missing()
        if missing:
            terminalreporter.write_line(f"error: reference notebooks that did not run: {', '.join(missing)}", red=True)
        elif missing is not None:
            terminalreporter.write_line(f"all {len(self.ran)} reference notebooks ran")
