"""Kernels that start alike on every machine and do not disturb each other."""

import os
import tempfile

from jupyter_client.manager import AsyncKernelManager, KernelManager

from paper_code.workflow.environment import closed, prepare


def prepare_environment(folder, threads=1):
    """Set what kernels inherit: the closed environment, and kernel specifications from ``folder`` alone."""
    environment = closed(threads=threads) | {"JUPYTER_PATH": str(folder)}
    prepare(environment)
    for name in [name for name in os.environ if not name.startswith("PYTEST_")]:  # xdist reads its own
        del os.environ[name]
    os.environ.update(environment)
    tempfile.tempdir = environment["TMPDIR"]


def use_private_sockets(manager):
    """Let ``manager`` talk to its kernel through a folder of its own.

    Over TCP the manager looks for free ports and the kernel takes them a second later: of two chapters that start together, one may find
    them taken and die.
    """
    manager.socket_folder = tempfile.TemporaryDirectory(prefix="kernel-")  # goes with the manager
    address = os.path.join(manager.socket_folder.name, "socket")
    if len(address) <= 90:  # the system's limit is 104 to 108, with a number after it
        manager.transport, manager.ip = "ipc", address
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
