"""The pages that ``_toc.yml`` lists."""

import re
from pathlib import Path

import yaml
from sphinx_external_toc.parsing import MalformedError, parse_toc_data

from paper_code.core.errors import PaperCodeError, printable


def pages(toc="_toc.yml"):
    """Paths without suffix of all pages in reading order, such as ``book/04_lgn``; raises PaperCodeError if the file is malformed."""
    try:
        return list(parse_toc_data(yaml.safe_load(read_text(toc, "; run from the root of the repository"))))
    except yaml.YAMLError as error:
        raise PaperCodeError(f"{toc} is not valid YAML: {printable(error)}") from error
    except (MalformedError, TypeError) as error:  # TypeError: a text or a number in place of settings
        raise PaperCodeError(f"{toc}: {printable(error)}") from error


def read_text(path, advice=""):
    """The text of a source file; raises PaperCodeError if it cannot be read (with ``advice``) or is not UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise PaperCodeError(f"cannot read {path}: {error.strerror}{advice}") from error
    except UnicodeDecodeError as error:
        raise PaperCodeError(f"{path} is not UTF-8 text (its byte {error.start}); save it as UTF-8") from error


def is_notebook(page):
    """True if ``<page>.md`` contains code: a page without a code cell is plain text and is staged unchanged."""
    return any(line.startswith("```{code-cell}") for line in read_text(f"{page}.md", ", which _toc.yml lists").splitlines())


def notebook_chapters():
    """Names of the chapters with code, in reading order, such as ``04_lgn``; raises PaperCodeError if one is misplaced."""
    chapters = [page for page in pages() if is_notebook(page)]
    for page in chapters:
        if not re.fullmatch(r"book/\w[\w.-]*", page):
            raise PaperCodeError(f"_toc.yml: the chapter {page} holds code; call it book/<name>, of letters, digits, _, - and . alone")
    return [Path(page).name for page in chapters]
