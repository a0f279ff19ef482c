"""What chapters, Snakemake, Jupyter Book, tests and pip inherit from the user's machine: a short list of variables, nothing else.

    .venv/bin/python -I paper_code/workflow/environment.py -m pytest tests

runs this interpreter with these arguments in that environment. It needs only the standard library, so it runs before any installation.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

KEPT = re.compile(
    r"PATH|(DY)?LD_LIBRARY_PATH|TERM|PAPER_CODE_(IMAGES|WEIGHTS)"
    r"|(CUDA|NVIDIA|HIP|OPENBLAS|ONEDNN|SLURM|SBATCH|PBS|SGE)_\w+"  # the processor and the cluster
    r"|(HTTPS?|FTP|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE"  # access to the network
    r"|PIP_((EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|(CLIENT_)?CERT|PROXY|TRUSTED_HOST|CONFIG_FILE|(NO_)?CACHE_DIR|(DEFAULT_)?TIMEOUT|RETRIES)",
    re.IGNORECASE,
)
"""Names of the variables that are passed on; those of pip say where packages come from, never where they go."""

LONGEST = 60
"""Most characters in the path of a folder for temporary files: that of a socket in it may have about 100."""


def closed(inherited=os.environ, threads=1, private=True):
    """The environment for a child process, as a dict; ``closed(closed(x)) == closed(x)``.

    Little is passed on of ``inherited``, the environment of whoever started the build; ``threads`` is for the numerical libraries. If
    ``private``, programs keep settings and caches in a folder of this project. This is not for pip, which reads in the user's own folders
    where packages come from.
    """
    home = private_folder()
    settings = {
        "TMPDIR": short_folder(inherited.get("TMPDIR"), home),
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONNOUSERSITE": "1",
        "LOGNAME": "reader",  # a container's user may have no name
        "USER": "reader",
        **{variable: str(threads) for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")},
    }
    folders = {"MPLCONFIGDIR": "matplotlib", "MATPLOTLIBRC": "matplotlib/matplotlibrc", "IPYTHONDIR": "ipython"}
    folders |= {f"XDG_{kind}_HOME": kind.lower() for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    folders |= {f"JUPYTER_{kind}_DIR": f"jupyter/{kind.lower()}" for kind in ("CONFIG", "DATA", "RUNTIME")}
    if private:
        settings |= {"HOME": str(home), "XDG_CONFIG_DIRS": str(home), "JUPYTER_NO_CONFIG": "1"}
        settings |= {variable: str(home / folder) for variable, folder in folders.items()}
    else:
        own = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")
        settings |= {"HOME": str(home)} | {name: inherited[name] for name in own if inherited.get(name)}
    return {"PATH": os.defpath} | {name: value for name, value in inherited.items() if KEPT.fullmatch(name)} | settings


def private_folder():
    """Where programs keep settings and caches: in the virtual environment, or in _build if that is not writable."""
    if sys.prefix != sys.base_prefix and os.access(sys.prefix, os.W_OK):
        return Path(sys.prefix) / "home"
    return Path.cwd() / "_build" / "home"


def short_folder(wanted, home):
    """The first folder for temporary files that exists, is writable and has a path short enough for sockets; else one in ``home``."""
    for folder in (wanted, "/tmp", "/var/tmp", "/dev/shm"):
        if folder and folder.isascii() and len(folder) <= LONGEST and os.path.isabs(folder):
            if os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
                return folder
    return str(home / "tmp")


def prepare(environment):
    """Create the folders that a private environment names, and matplotlib's font list, which a first import would report in a cell."""
    os.makedirs(environment["TMPDIR"], exist_ok=True)
    settings = Path(environment["MATPLOTLIBRC"])
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch()
    if not any(settings.parent.glob("fontlist-*.json")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    """Replace this process by the interpreter, with the arguments of the command line."""
    installs = sys.argv[2:3] in (["pip"], ["venv"])
    environment = closed(private=not installs)
    try:
        if not installs:
            prepare(environment)
    except OSError as error:
        print(f"error: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    if sys.platform == "linux":  # if make is killed, its recipes are not told
        ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG
    os.execve(sys.executable, [sys.executable, *sys.argv[1:]], environment)


if __name__ == "__main__":
    sys.exit(main())
