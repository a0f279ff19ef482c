"""The pages that ``_toc.yml`` lists, and what each of them depends on."""

import hashlib
from pathlib import Path

import yaml

from paper_code.errors import PaperCodeError
from paper_code.files import sha256

UNRELATED = {"stage.py", "html.py", "check_html.py", "downloads.py", "count_notebooks.py", "compare.py"}
"""Modules of this folder that cannot change what a chapter computes."""


def pages(toc="_toc.yml"):
    """Paths without ending of all pages in reading order, for example ``book/04_lgn``.

    Raises
    ------
    PaperCodeError
        If the file is missing, is not YAML or names no page.
    """
    try:
        tree = yaml.safe_load(Path(toc).read_text())
    except OSError as error:
        raise PaperCodeError(f"cannot read {toc}: {error.strerror}; run from the root of the repository") from error
    except yaml.YAMLError as error:
        raise PaperCodeError(f"{toc} is not valid YAML: {' '.join(str(error).split())}") from error

    def walk(node):
        if isinstance(node, list):
            for item in node:
                yield from walk(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in ("root", "file"):
                    yield value
                else:
                    yield from walk(value)

    found = list(walk(tree))
    if not found:
        raise PaperCodeError(f"{toc} lists no page")
    return found


def is_notebook(page):
    """True if ``<page>.md`` holds code: a page without a code cell is plain text and is staged as it is."""
    source = Path(f"{page}.md")
    try:
        text = source.read_text()
    except OSError as error:
        raise PaperCodeError(f"cannot read {source}, which _toc.yml lists: {error.strerror}") from error
    return any(line.startswith("```{code-cell}") for line in text.splitlines())


def notebook_chapters(toc="_toc.yml"):
    """Names of the chapters that run, in reading order, for example ``04_lgn``."""
    return [Path(page).name for page in pages(toc) if is_notebook(page)]


def needs(chapter, chapters, settings):
    """Chapters whose results ``chapter`` reads; ``settings`` is the ``chapters`` entry of config.yaml.

    ``all`` stands for every chapter that has no entry of its own, so that the summaries do not wait for each other.

    Raises
    ------
    PaperCodeError
        If a chapter is named that _toc.yml does not list.
    """
    wanted = []
    for name in (settings.get(chapter) or {}).get("needs", []):
        wanted += [other for other in chapters if other not in settings] if name == "all" else [name]
    unknown = [name for name in wanted if name not in chapters]
    if unknown:
        raise PaperCodeError(f"config.yaml: chapter {chapter} needs {', '.join(unknown)}, not a notebook chapter of _toc.yml")
    return wanted


def package_files(root="."):
    """Files of the package that a chapter's numbers and pictures may depend on."""
    package = Path(root) / "paper_code"
    found = [path for kind in ("py", "mplstyle", "js", "css", "html") for path in package.rglob(f"*.{kind}")]
    return sorted(path for path in found if not (path.parent.name == "workflow" and path.name in UNRELATED))


def digest(paths):
    """SHA-256 over names and contents of files, so that content counts and modification times do not."""
    total = hashlib.sha256()
    for path in sorted(str(path) for path in paths):
        try:
            total.update(f"{path} {sha256(path)}\n".encode())
        except OSError as error:
            raise PaperCodeError(f"cannot read {path}: {error.strerror}") from error
    return total.hexdigest()
