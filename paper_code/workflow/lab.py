"""JupyterLab on the sources of the chapters, which open as notebooks and run in the root of the repository: ``make lab``.

A chapter reads the numbers of a build: run ``make book`` first, or ``make chapter CH=04_lgn`` and set ``profile = "quick"`` and
``build = "_build/quick"`` in its cell of parameters. What is saved is the Markdown source.
"""

import json
import os
import sys
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from paper_code.core.files import write_atomically

VIEWERS = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Jupytext Notebook"}}}
OPTIONS = ["--ServerApp.root_dir=book", "--ServerApp.kernel_manager_class=paper_code.workflow.lab.RootKernelManager"]
EXTENSION = "--ServerApp.jpserver_extensions={'jupyterlab_jupytext': True}"


class RootKernelManager(AsyncMappingKernelManager):
    """Starts every kernel where the pipeline starts a chapter's."""

    def cwd_for_path(self, path, **keywords):
        """The root of the repository, wherever the notebook lies."""
        return os.getcwd()


def main(arguments=None):
    """Open the sources; more options go to JupyterLab."""
    from jupyterlab.labapp import LabApp

    write_atomically(Path(jupyter_config_dir()) / "labconfig" / "default_setting_overrides.json", json.dumps(VIEWERS))
    return LabApp.launch_instance([*OPTIONS, EXTENSION, *(sys.argv[1:] if arguments is None else arguments)])


if __name__ == "__main__":
    sys.exit(main())
