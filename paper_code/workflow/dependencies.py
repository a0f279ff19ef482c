"""What each result of the pipeline depends on: networks, data, and the modules that it imports.

A result depends on the files of the modules that it imports and of all that these import, as grimp reads them from the sources. A
chapter runs again when one of these files changes, but not when another does: an edit in function/ does not rerun the chapter on l0.
"""

import ast
import hashlib
import os
from functools import cache
from pathlib import Path

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json, sha256
from paper_code.core.plan import condition_and_seed, plan

PACKAGE = "paper_code"
RUNNER = "paper_code.workflow.chapters"  # runs every chapter


def drop_damaged(build):
    """Remove a chapter's files of an earlier run in ``build`` unless complete and as the chapter wrote them; it then runs again."""
    places = {"executed": ".ipynb", "times": ".json"}
    for name in {path.stem for place, suffix in places.items() for path in Path(build, place).glob(f"*{suffix}")}:
        notebook, times = files = [Path(build, place, name + suffix) for place, suffix in places.items()]
        try:
            whole = read_json(times).get("sha256") == sha256(notebook)
        except PaperCodeError:
            whole = False
        if not whole:
            for path in files:
                path.unlink(missing_ok=True)


def measured_networks(config):
    """The networks that the pipeline measures, ``{"reference/seed-10": digest of its files, ...}``.

    All networks of the manifest; in the quick profile, only the one that config.yaml names; none if no chapter reads measures.
    """
    if not any((settings or {}).get("measures") for settings in config["chapters"].values()):
        return {}
    place = Path(os.environ.get("PAPER_CODE_WEIGHTS") or "data/weights", "manifest.json")
    listed = read_json(place).get("networks", {}) if place.exists() else {}  # a folder that is only for training has none
    try:
        found = {name: "".join(sorted(file["sha256"] for file in entry["files"].values())) for name, entry in listed.items()}
        batches(found)
    except (AttributeError, KeyError, TypeError, PaperCodeError) as error:  # commands check the whole schema
        raise PaperCodeError(f"{place} is not whole: python -m paper_code weights list says where") from error
    # Networks of the plan are left out until all seeds of their condition are there.
    for condition, seeds in plan()["networks"]["reported"].items():
        waiting = [f"{condition}/seed-{seed}" for seed in seeds]
        if not set(waiting) <= set(found):
            found = {name: value for name, value in found.items() if name not in waiting}
    if config["profile"] == "quick":
        if config["quick_network"] not in found:
            raise PaperCodeError(f"config.yaml: quick_network {config['quick_network']} is not in {place}")
        found = {config["quick_network"]: found[config["quick_network"]]}
    return found


def batches(networks, most=8):
    """Networks in lists of at most ``most``, each measured by one process; the first lists hold the reference's, and no others."""
    found = sorted(networks, key=condition_and_seed)
    kinds = [[name for name in found if name.startswith("reference/") == wanted] for wanted in (True, False)]
    return [kind[start : start + most] for kind in kinds for start in range(0, len(kind), most)]


def content_hash(paths):
    """SHA-256 over the names and contents of files: contents matter, modification times do not."""
    total = hashlib.sha256()
    for path in sorted(str(path) for path in paths):
        total.update(f"{path} {sha256(path)}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


@cache
def _graph():
    import grimp  # here, because it is slow, and read_chapter below, because chapters imports this module

    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    for name in graph.modules - {PACKAGE}:
        graph.add_import(importer=name, imported=name.rpartition(".")[0])  # a module runs after the packages around it
    return graph


def module_files(modules):
    """Paths of the files of all modules that run when ``modules`` are imported, with the data (plans, styles, scripts) beside them."""
    names, found = set(modules).union(*map(_graph().find_upstream_modules, modules)), set()
    for name in names:
        place = Path(*name.split("."))
        is_package = (place / "__init__.py").is_file()
        found.add(place / "__init__.py" if is_package else place.with_suffix(".py"))
        beside = place if is_package else place.parent
        if name.rpartition(".")[0] != RUNNER.rpartition(".")[0]:  # files beside the runner belong to the pages, not to the chapters
            found |= {path for path in beside.glob("*.*") if path.suffix in (".toml", ".mplstyle", ".js", ".css", ".html")}
    if f"{PACKAGE}.core.plan" in names:
        found.add(Path(PACKAGE, "report", "plan.toml"))
    return sorted(found)


def imported(source):
    """Modules of the package that a chapter's code imports; raises PaperCodeError if it cannot be read or a cell is not Python."""
    from paper_code.workflow.chapters import read_chapter

    found = set()
    for cell in read_chapter(source).cells:
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse("\n".join("" if line.lstrip().startswith("%") else line for line in cell.source.splitlines()))
        except SyntaxError as error:
            raise PaperCodeError(f"{source}: a cell is not Python (its line {error.lineno}: {error.msg})") from error
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            found |= {name for name in names if name in _graph().modules}
    return found


def chapter_files(source):
    """Files of the package that a chapter's numbers and pictures depend on."""
    return module_files(imported(source) | {RUNNER})
