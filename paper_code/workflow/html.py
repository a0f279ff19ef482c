"""Stage the sources for Jupyter Book, render them strictly, check the result, and only then put it in place.

    python -m paper_code.workflow.html stage _build/executed _build/stage
    python -m paper_code.workflow.html render _build/stage _build/html

``_build/stage`` mirrors the layout of ``book/``, with ``04_lgn.ipynb`` in place of ``04_lgn.md``. The Markdown sources of the notebooks
go to ``extra/_sources``, which Sphinx copies into the html, so that every page offers both files for download; the tidy table is put
beside the pages for the same purpose. The words :data:`RUN_TIME` in a chapter are replaced on its page by its run time in this build.

After a warning, an unresolved reference, a broken link, a picture without alt text, an unknown script or an asset from another host, the
last good html is left unchanged. That folder is not an output of the rule, because Snakemake would delete it first; the empty file
``.complete`` in it is. Links to click (``<a href>``) may lead anywhere.
"""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json, write_atomically
from paper_code.workflow import run
from paper_code.workflow.environment import closed
from paper_code.workflow.toc import is_notebook, pages

ROOT_FILES = ("_toc.yml", "_config.yml")
FOOT_FILES = ("CITATION.cff", "LICENSE")  # used in the foot of every page; absent in a folder that is only for training
RUN_TIME = "[how long that takes](reproducibility.ipynb)"  # words in a chapter that its page replaces with the run time
COMPLETE = ".complete"
BUILD = "from jupyter_book.cli.main import main; main()"


def sources():
    """Every file that is staged unchanged: root files, plain pages, and all in book/ that is not a page (pictures, styles, MathJax)."""
    found = [Path(name) for name in (*ROOT_FILES, *filter(os.path.isfile, FOOT_FILES))]
    found += [Path(f"{page}.md") for page in pages()]
    for folder in sorted({Path(page).parent for page in pages()}):
        found += [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".md", ".ipynb", ".tmp")]
    return sorted(set(found))


def stage(executed, folder, only=None):
    """Rebuild ``folder`` from the sources and the notebooks in ``executed``; of these the one of the chapter ``only``, if given.

    That chapter then is a book of its own, with the plain pages (glossary, references) that it cites.
    """
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    chapters = {f"{page}.md": f"{page}.ipynb" for page in pages() if is_notebook(page)}
    table = Path(executed).parent / "table.csv"
    if table.is_file():  # for download
        copy(table, folder / "book" / table.name)
    extra = folder / "extra" / "_sources"
    extra.mkdir(parents=True)
    for source in sources():
        if str(source) not in chapters:
            copy(source, folder / source)
        elif only in (None, source.stem):
            notebook = chapters[str(source)]
            copy(Path(executed) / Path(notebook).name, folder / notebook)
            say_run_time(folder / notebook, Path(executed).parent / "times")
            copy(source, extra / source)
    if only is not None:
        plain = [{"file": page} for page in pages() if f"{page}.md" not in chapters]
        (folder / "_toc.yml").write_text(yaml.safe_dump({"format": "jb-book", "root": f"book/{only}", "chapters": plain}))


def say_run_time(notebook, times):
    """Replace :data:`RUN_TIME` by a chapter's run time, from the file of its name in ``times``; without that file, leave the words."""
    took = times / f"{notebook.stem}.json"
    text = notebook.read_text(encoding="utf-8")
    if RUN_TIME in text and took.is_file():
        time = read_json(took)
        said = f"[{time['seconds']:.0f} s in the {time['profile']} profile of this build](reproducibility.ipynb)"
        write_atomically(notebook, text.replace(RUN_TIME, said))


def copy(source, target):
    """Copy one file, creating its folder."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise PaperCodeError(f"cannot copy {source} to {target}: {error.strerror}") from error


def render(stage, html):
    """Build ``stage`` into ``html``; returns the exit status."""
    html = Path(html)
    work, old = html.with_name(html.name + ".work"), html.with_name(html.name + ".old")
    shutil.rmtree(work, ignore_errors=True)
    if old.exists() and not (html / "index.html").exists():  # an earlier run was killed between the two renames below
        shutil.rmtree(html, ignore_errors=True)
        old.rename(html)
    try:
        built = work / "_build" / "html"
        faults = build(stage, work) or faults_of(built)
        if faults:
            print("\n".join(faults), file=sys.stderr)
            print("error: the strict build of the book failed, see above", file=sys.stderr)
            return 1
        (built / COMPLETE).touch()
        shutil.rmtree(old, ignore_errors=True)
        if html.exists():
            html.rename(old)
        built.rename(html)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if html.exists() and not any(html.iterdir()):  # created by Snakemake
            html.rmdir()
    print(f"the book is in {html / 'index.html'}")
    return 0


def build(stage, work, strict=True):
    """Run Jupyter Book quietly; a list of its relevant messages if it fails (if strict, also on warnings); OSError if one stopped it."""
    options = ["--path-output", str(work), "--all", "-q", *(["-W", "--keep-going", "-n"] if strict else [])]
    command = [sys.executable, "-c", BUILD, "build", str(stage), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", env=closed())
    if done.returncode == 0:
        return []
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO):  # repeated for each of hundreds of files
        if os.strerror(number) in done.stdout:
            raise OSError(number, os.strerror(number), str(work))
    lines = [line for line in re.sub(r"\x1b\[[\d;]*m", "", done.stdout).splitlines() if line.strip()]
    told = (r"WARNING|ERROR", r"^\w*(Error|Exception)\b(?!: *$)", r"")
    return next((found for kind in told if (found := [line for line in lines if re.search(kind, line)])), ["Jupyter Book said nothing"])


LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "manifest", "apple-touch-icon"}
"""Values of ``<link rel>`` that make a browser fetch something."""

CSS_ADDRESS = re.compile(r"""@import\s+(?:url\()?\s*["']?([^"'();\s]+)|url\(\s*["']?([^"')]+)""")
OWN_SCRIPTS = [path.read_text(encoding="utf-8").strip() for path in (Path(__file__).parents[1] / "figures" / "interactive").glob("*.js")]
THEME_SCRIPTS = {
    "kernelName = 'python3'",
    '// Activate the search field on page load let searchInput = document.querySelector("form.bd-search input"); if (searchInput) {'
    ' searchInput.focus(); searchInput.select(); console.log("[PST]: Set focus on search field."); }',
}
THEME_HANDLERS = {"window.print()", "toggleFullScreen()"}
"""All code that may run in the body of a page; anything else came in with data, such as the name of someone's images."""

SCRIPT_ADDRESS = re.compile(r"""(?:import\s*\(?|\bfrom|\bsrc\s*=|importScripts\(|fetch\()\s*["'`]((?:https?:)?//[^"'`]+)""")


class Page:
    """One page: ``links`` and ``assets`` as (address, line), ``anchors``, and ``faults`` as (line, message)."""

    def __init__(self, text):
        self.links, self.assets, self.anchors, self.faults = [], [], set(), []
        body = False  # everything after its start tag: a page may go on after its end tag
        for tag in BeautifulSoup(text, "html.parser", multi_valued_attributes=None).find_all(True):
            body = body or tag.name == "body"
            self.look({name: value or "" for name, value in tag.attrs.items()}, tag.name, tag.string or "", tag.sourceline, body)

    def look(self, values, kind, text, line, body):
        """Record the links, assets, anchors and faults of one element."""
        words, found = " ".join(text.split()), [values.get("data")] if kind == "object" else []
        for name, value in values.items():
            handles = name.startswith("on") and value.strip() not in THEME_HANDLERS
            if handles or name == "srcdoc" or re.sub(r"[\x00-\x20]", "", value).lower().startswith("javascript:"):
                self.faults.append((line, f"unknown script: {name}={value[:60]}"))
        if kind == "script":
            found += SCRIPT_ADDRESS.findall(text)
            own = values.get("src") or values.get("type") in ("application/json", "text/x-thebe-config") or words in THEME_SCRIPTS
            if body and not own and not any(one in text for one in OWN_SCRIPTS):
                self.faults.append((line, f"unknown script: {words[:60]}"))
        if kind == "img" and not values.get("alt", "").strip():
            self.faults.append((line, f"picture without alt text: {values.get('src', '')[:80]}"))
        self.anchors.update(value for key in ("id", "name") if (value := values.get(key)))
        loaded = kind == "link" and LOADED_LINKS & set(values.get("rel", "").lower().split())
        if kind in ("a", "link") and values.get("href"):
            (self.assets if loaded else self.links).append((values["href"], line))
        found += [
            values.get("src") if kind != "a" else None,
            *(part.split()[0] for part in values.get("srcset", "").split(",") if part.strip()),
        ]
        found += css_addresses(values.get("style", "")) + (css_addresses(text) if kind == "style" else [])
        self.assets += [(address, line) for address in found if address]


def css_addresses(text):
    """Addresses that a style sheet loads."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return [imported or address for imported, address in CSS_ADDRESS.findall(text)]


def faults_of(folder):
    """Faults of the book in ``folder``, one string each, sorted by page and line; templates in ``_static`` are not pages."""
    root = Path(folder).resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html")) if "_static" not in path.parts}
    if not pages:
        return [f"{folder}: no html pages"]
    found = [(path, line, message) for path, page in pages.items() for line, message in page.faults]
    loaded = [(path, *asset) for path, page in pages.items() for asset in page.assets]
    for path in root.rglob("*.css"):
        loaded += [(path, address, 1) for address in css_addresses(path.read_text(encoding="utf-8"))]
    found += [(path, line, asset_problem(address, path, root)) for path, address, line in loaded]
    found += [(path, line, link_problem(address, path, root, pages)) for path, page in pages.items() for address, line in page.links]
    faults = {(str(path.relative_to(root)), line, message) for path, line, message in found if message}
    return [f"{path}:{line}: {message}" for path, line, message in sorted(faults)]


def local_target(address, path, root):
    """The file that a local address names, or None if it lies outside the book."""
    target = unquote(urlsplit(address).path)
    target = (root / target.lstrip("/") if target.startswith("/") else path.parent / target).resolve() if target else path
    if target.is_dir():
        target = target / "index.html"
    return target if target.is_relative_to(root) else None


def asset_problem(address, path, root):
    """What is wrong with something that the browser loads, or None."""
    parts = urlsplit(address.strip())
    if parts.scheme in ("data", "blob", "about") or address.startswith("#"):
        return None
    if parts.scheme or parts.netloc:
        return f"loaded from another host: {address}"
    target = local_target(address, path, root)
    return None if target and target.is_file() else f"missing file: {address}"


def link_problem(address, path, root, pages):
    """What is wrong with a link, or None."""
    parts = urlsplit(address.strip())
    if parts.scheme or parts.netloc:
        return None
    target = local_target(address, path, root)
    if target is None or not target.is_file():
        return f"broken link: {address}"
    fragment = unquote(parts.fragment)
    if fragment and fragment != "top" and target in pages and fragment not in pages[target].anchors:
        return f"no such fragment: {address}"
    return None


def main(arguments=None):
    """The command line of the rules ``stage`` and ``html``."""
    return run({"stage": stage, "render": render}, arguments)


if __name__ == "__main__":
    sys.exit(main())
