"""The pages that ``_toc.yml`` lists, and what each of them depends on."""

import hashlib
import os
import re
from itertools import groupby
from pathlib import Path

import yaml

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json, sha256
from paper_code.core.plan import plan


def pages(toc="_toc.yml"):
    """Paths without ending of all pages in reading order, for example ``book/04_lgn``.

    Raises
    ------
    PaperCodeError
        If the file is missing, is not YAML or names no page.
    """
    try:
        tree = yaml.safe_load(read_text(toc, "; run from the root of the repository"))
    except yaml.YAMLError as error:
        raise PaperCodeError(f"{toc} is not valid YAML: {' '.join(str(error).split())}") from error

    def walk(node):
        if isinstance(node, list):
            for item in node:
                yield from walk(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in ("root", "file"):
                    yield str(value)
                else:
                    yield from walk(value)

    found = list(walk(tree))
    if not found:
        raise PaperCodeError(f"{toc} lists no page")
    return found


def read_text(path, advice=""):
    """The text of a source file; a PaperCodeError, with ``advice``, if it cannot be read or is not UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise PaperCodeError(f"cannot read {path}: {error.strerror}{advice}") from error
    except UnicodeDecodeError as error:
        raise PaperCodeError(f"{path} is not UTF-8 text (its byte {error.start}); save it as UTF-8") from error


def is_notebook(page):
    """True if ``<page>.md`` holds code: a page without a code cell is plain text and is staged as it is."""
    return any(line.startswith("```{code-cell}") for line in read_text(f"{page}.md", ", which _toc.yml lists").splitlines())


def notebook_chapters(toc="_toc.yml"):
    """Names of the chapters that run, in reading order, for example ``04_lgn``.

    Raises
    ------
    PaperCodeError
        If one does not lie in book/ itself or is listed twice, or its name holds more than letters, digits, ``_``, ``-`` and ``.``.
    """
    chapters = [page for page in pages(toc) if is_notebook(page)]
    for page in chapters:
        if not re.fullmatch(r"book/\w[\w.-]*", page):
            raise PaperCodeError(f"{toc}: the chapter {page} holds code; call it book/<name>, of letters, digits, _, - and . alone")
        if chapters.count(page) > 1:
            raise PaperCodeError(f"{toc} lists {page} twice")
    return [Path(page).name for page in chapters]


def drop_damaged(build):
    """Remove what an earlier run left in ``build`` of a chapter, unless all is there and is what the chapter wrote; it then runs again."""
    places = {"executed": ".ipynb", "results": ".json", "times": ".json"}
    for name in {path.stem for place, suffix in places.items() for path in Path(build, place).glob(f"*{suffix}")}:
        notebook, results, times = files = [Path(build, place, name + suffix) for place, suffix in places.items()]
        try:
            whole = read_json(times).get("sha256") == [sha256(notebook), sha256(results)]
        except PaperCodeError:
            whole = False
        if not whole:
            for path in files:
                path.unlink(missing_ok=True)


def needs(chapter, chapters, settings):
    """Chapters whose results ``chapter`` reads; ``settings`` is the ``chapters`` entry of config.yaml.

    ``all`` stands for every chapter that needs no other itself, so that the summaries do not wait for each other.

    Raises
    ------
    PaperCodeError
        If a chapter is named that _toc.yml does not list.
    """
    wanted = []
    for name in (settings.get(chapter) or {}).get("needs", []):
        wanted += [other for other in chapters if "needs" not in (settings.get(other) or {})] if name == "all" else [name]
    unknown = [name for name in wanted if name not in chapters]
    if unknown:
        raise PaperCodeError(f"config.yaml: chapter {chapter} needs {', '.join(unknown)}, not a notebook chapter of _toc.yml")
    return wanted


def measured_networks(config, manifest="data/weights/manifest.json"):
    """The networks that the pipeline measures, ``{"reference/seed-10": digest of its files, ...}``.

    All of the manifest; in the quick profile the one that config.yaml names; none if no chapter reads measures.
    """
    if not any((settings or {}).get("measures") for settings in config["chapters"].values()):
        return {}
    place = Path(os.environ["PAPER_CODE_WEIGHTS"]) / "manifest.json" if os.environ.get("PAPER_CODE_WEIGHTS") else Path(manifest)
    listed = read_json(place).get("networks", {}) if place.exists() else {}  # a folder for training alone has none
    found = {name: "".join(sorted(file["sha256"] for file in entry["files"].values())) for name, entry in listed.items()}
    # Those of the plan that wait for the last of their condition are not looked at.
    for condition, seeds in plan()["networks"]["reported"].items():
        waiting = [f"{condition}/seed-{seed}" for seed in seeds]
        if not set(waiting) <= set(found):
            found = {name: value for name, value in found.items() if name not in waiting}
    if config["profile"] == "quick":
        if config["quick_network"] not in found:
            raise PaperCodeError(f"config.yaml: quick_network {config['quick_network']} is not in {place}")
        found = {config["quick_network"]: found[config["quick_network"]]}
    return found


def in_fives(networks):
    """Condition and seeds of networks that one process measures, [(condition, [seed, ...]), ...]: those of five seeds in a row."""
    places = sorted((condition, int(seed)) for condition, seed in (name.split("/seed-") for name in networks))
    groups = groupby(places, key=lambda place: (place[0], place[1] // 5))
    return [(condition, [seed for _, seed in members]) for (condition, _), members in groups]


def digest(paths):
    """SHA-256 over names and contents of files, so that content counts and modification times do not."""
    total = hashlib.sha256()
    for path in sorted(str(path) for path in paths):
        total.update(f"{path} {sha256(path)}\n".encode(errors="surrogateescape"))
    return total.hexdigest()
