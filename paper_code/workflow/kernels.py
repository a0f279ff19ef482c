"""Kernels that start alike on every machine and do not disturb each other."""

import os
import tempfile

from jupyter_client.manager import AsyncKernelManager, KernelManager

from paper_code import perturb

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def prepare_environment(folder):
    """Set what kernels inherit: one thread, inline figures, kernel specifications and IPython settings from ``folder`` alone."""
    os.environ.update({"JUPYTER_PATH": str(folder), "IPYTHONDIR": os.path.join(folder, "ipython")})
    os.environ.update({variable: "1" for variable in THREADS})
    for variable in ("MPLBACKEND", perturb.VARIABLE):
        os.environ.pop(variable, None)


def use_private_sockets(manager):
    """Let ``manager`` talk to its kernel through a folder of its own.

    Over TCP the manager looks for free ports and the kernel takes them a second later: of two chapters that start together, one may find
    them taken and die.
    """
    manager.socket_folder = tempfile.TemporaryDirectory(prefix="kernel-")  # goes with the manager
    manager.transport = "ipc"
    manager.ip = os.path.join(manager.socket_folder.name, "socket")
    return manager


class LocalKernelManager(AsyncKernelManager):
    """What papermill uses."""

    def __init__(self, **options):
        super().__init__(**options)
        use_private_sockets(self)


class BlockingKernelManager(KernelManager):
    """What nbval uses."""

    def __init__(self, **options):
        super().__init__(**options)
        use_private_sockets(self)
