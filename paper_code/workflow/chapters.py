"""Run one chapter: Jupytext's Markdown in, executed notebook out.

A chapter is ``book/<name>.md`` in Jupytext's ``md:myst`` format, with exactly one code cell tagged ``parameters``. That cell assigns
``profile`` ("full" or "quick"), and also ``build`` if config.yaml lets the chapter read what the pipeline measured. The chapter runs
with the root of the repository as its working directory.

The same steps produce the book (``execute``) and the notebooks that nbval compares against (``references``).
"""

import ast
import copy
import glob
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.manager import AsyncKernelManager, KernelManager

from paper_code.core.errors import PaperCodeError, printable
from paper_code.core.files import sha256, write_atomically, write_json
from paper_code.workflow import run
from paper_code.workflow.environment import closed, prepare
from paper_code.workflow.toc import notebook_chapters, read_text

PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def read_chapter(source):
    """A chapter as a notebook; raises PaperCodeError unless exactly one cell is tagged ``parameters``."""
    text = read_text(source)
    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except Exception as error:  # jupytext passes on whatever its YAML and Markdown readers raise
        raise PaperCodeError(f"cannot read {source} as a md:myst notebook: {type(error).__name__}: {printable(error)}") from error
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise PaperCodeError(f"{source} has {len(tagged)} cells tagged `parameters`; give it exactly one")
    return notebook


def check_parameters(notebook, parameters, name):
    """Refuse a parameter that the chapter does not declare: papermill would only log it."""
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError) as error:
        raise PaperCodeError(f"chapter {name}: its parameters cell is not Python: {type(error).__name__}: {printable(error)}") from error
    assignments = [node for node in body if isinstance(node, ast.Assign)]
    declared = {target.id for node in assignments for target in node.targets if isinstance(target, ast.Name)}
    missing = sorted(set(parameters) - declared)
    if missing:
        raise PaperCodeError(f"chapter {name}: its parameters cell does not assign {', '.join(missing)}")


def run_notebook(notebook, parameters, name):
    """Execute ``notebook`` in a fresh kernel of this interpreter and return it cleaned by :func:`clean`.

    If a cell fails or writes to stderr, or the kernel dies, raises PaperCodeError with chapter, cell and error on one line.
    """
    import papermill
    from ipykernel.kernelspec import write_kernel_spec
    from papermill.exceptions import PapermillExecutionError

    check_parameters(notebook, parameters, name)
    with tempfile.TemporaryDirectory() as folder:
        # A kernel named python3 that the user installed earlier may belong to another interpreter.
        write_kernel_spec(os.path.join(folder, "kernels", "python3"), extra_arguments=["--log-level=50"])
        prepare_environment(folder)
        kernel = {
            "kernel_name": "python3",
            "language": "python",
            "kernel_manager_class": LocalKernelManager,
            "coalesce_streams": True,  # a text is one output, however its parts arrived
        }
        try:
            executed = papermill.execute_notebook(notebook, None, parameters, cwd=".", progress_bar=False, **kernel)
        except PapermillExecutionError as error:
            said = f"{error.ename}: {printable(error.evalue)}"
            raise PaperCodeError(f"chapter {name}, {failing_cell(notebook, error)}: {said}") from error
        except Exception as error:  # a dead kernel, a time-out: nbclient and zmq report these in many ways
            raise PaperCodeError(f"chapter {name}: {type(error).__name__}: {printable(error)}") from error
    executed = clean(executed)
    check_stderr(executed, name)
    return executed


def check_stderr(notebook, name):
    """Refuse warnings in the book's pages; the strict build would refuse them only after the notebook was kept."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])]
    for number, cell in enumerate(code, start=1):
        for output in cell.outputs:
            if output.get("name") == "stderr" and output.text.strip():
                start, line = cell.source.strip().splitlines()[0], output.text.strip().splitlines()[0]
                raise PaperCodeError(f"chapter {name}, code cell {number} (starts {start[:60]!r}) writes to stderr: {line[:200]}")


def failing_cell(notebook, error):
    """Identify a failing cell as its author would: by the number of the code cell, its first line and the line that failed."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    number = code.index(error.source) + 1 if error.source in code else "with the injected parameters"
    lines = [line.strip() for line in error.source.splitlines() if line.strip()]
    arrows = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in "\n".join(error.traceback).splitlines()]
    failed = next((match[1].strip() for line in arrows if (match := re.match(r"-+> *\d+ (.*)", line)) and match[1].strip() in lines), None)
    return f"code cell {number} (starts {lines[0][:60]!r}{f', fails at {failed[:80]!r}' if failed and failed != lines[0] else ''})"


def clean(notebook):
    """Remove what papermill and the kernel recorded about this run, and local paths; keep everything that a reader sees.

    Cells get the ids ``cell-000``, ..., because those from Jupytext and papermill are random.
    """
    notebook.metadata.pop("papermill", None)
    places = local_paths()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = ["injected-parameters", "remove-cell"]
        if "outputs" in cell:
            cell["outputs"] = strip_paths(cell["outputs"], places)
    return notebook


def local_paths():
    """Pairs (pattern, replacement) that hide the paths of this machine, the most specific first."""
    root, home = os.getcwd(), str(Path.home())
    places = [(re.escape(home), "~")] if home.startswith(root + os.sep) else []  # the home of the closed environment, inside the root
    places += [
        (str(Path(tempfile.gettempdir()) / r"ipykernel_\d+" / r"\d+\.py"), "<cell>"),
        (re.escape(sys.prefix) + r"/lib/python[\d.]+/site-packages/", ""),
        (re.escape(sys.base_prefix) + r"/lib/python[\d.]+/", ""),
        (re.escape(root) + "/", ""),
        (re.escape(root), "."),
        (re.escape(home), "~"),
        (re.escape(tempfile.gettempdir()), "<tmp>"),
    ]
    return [(re.compile(rf"(?<![\w.:/-]){pattern}" + ("" if pattern.endswith("/") else r"(?![\w.-])")), new) for pattern, new in places]


def strip_paths(value, places):
    """Apply :func:`local_paths` to every string inside ``value``; pictures, encoded as text, are left unchanged."""
    if isinstance(value, str):
        for pattern, replacement in places:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, list):
        return [strip_paths(item, places) for item in value]
    if isinstance(value, dict):
        binary = ("image/png", "image/jpeg", "application/pdf")
        return type(value)({key: item if key in binary else strip_paths(item, places) for key, item in value.items()})
    return value


def execute(source, output, times, parameters="{}"):
    """Execute a chapter; write its notebook, and its run time with the notebook's hash. If a cell fails, neither file remains.

    ``parameters`` are those of the chapter, as a JSON object.
    """
    name = Path(source).stem
    try:
        parameters = json.loads(parameters)
    except ValueError as error:
        raise PaperCodeError(f"chapter {name}: its parameters are no JSON object ({error})") from error
    for path in map(Path, (output, times)):
        for old in [path, *path.parent.glob(f"{glob.escape(path.name)}.*.tmp")]:  # and what a killed run was writing
            old.unlink(missing_ok=True)
    start = time.perf_counter()
    text = nbformat.writes(run_notebook(read_chapter(source), parameters, name)) + "\n"
    seconds = time.perf_counter() - start
    write_atomically(output, text)
    write_json(times, {"chapter": name, "profile": parameters.get("profile"), "seconds": round(seconds, 1), "sha256": sha256(output)})
    print(f"chapter {name}: {seconds:.0f} s", flush=True)


def reference(notebook):
    """The notebook that nbval compares against: the executed one without pictures, with tags as its only metadata."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict({"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}})
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        for output in cell.get("outputs", []):
            # Interactive figures are as large as pictures, and are not compared either.
            for kind in (*PICTURES, *(("text/html",) if "nbval-ignore-output" in tags else ())):
                output.get("data", {}).pop(kind, None)
    return notebook


def write_references(executed, folder):
    """Rewrite ``folder`` with one reference per notebook chapter, and remove those of chapters that no longer exist."""
    chapters = notebook_chapters()
    for old in Path(folder).glob("*.ipynb"):
        if old.stem not in chapters:
            old.unlink()
    for chapter in chapters:
        notebook = nbformat.read(Path(executed) / f"{chapter}.ipynb", as_version=4)
        write_atomically(Path(folder) / f"{chapter}.ipynb", nbformat.writes(reference(notebook)) + "\n")
    print(f"{len(chapters)} reference notebooks in {folder}: read the diff before you commit it")


def prepare_environment(folder):
    """Set what kernels inherit: the closed environment, with kernel specifications from ``folder`` only."""
    environment = closed() | {"JUPYTER_PATH": str(folder)}
    prepare(environment)
    for name in [name for name in os.environ if not name.startswith("PYTEST_")]:  # xdist reads its own variables
        del os.environ[name]
    os.environ.update(environment)
    tempfile.tempdir = environment["TMPDIR"]


class PrivateSockets:
    """Lets a manager talk to its kernel through sockets in a private folder.

    Over TCP, the manager looks for free ports and the kernel takes them a second later, when another chapter may have taken them.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.socket_folder = tempfile.TemporaryDirectory(prefix="kernel-")  # removed with the manager
        address = os.path.join(self.socket_folder.name, "socket")
        if len(address) <= 90:  # the system's limit is 104 to 108, including a number that follows
            self.transport, self.ip = "ipc", address


class LocalKernelManager(PrivateSockets, AsyncKernelManager):
    """The manager that papermill uses."""


class BlockingKernelManager(PrivateSockets, KernelManager):
    """The manager that nbval uses."""


def main(arguments=None):
    """The command line that the pipeline's rules use."""
    return run({"execute": execute, "references": write_references}, arguments)


if __name__ == "__main__":
    sys.exit(main())
