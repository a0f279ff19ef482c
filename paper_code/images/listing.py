"""What lies in folders of images: class folders and files, and the naming of everything that is neither."""

import os
import stat
from collections import deque
from pathlib import Path

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import unreadable
from paper_code.images.image_set import say

LITTER = ("__MACOSX", "@eaDir")  # folders that archivers and file servers leave behind


def text(path):
    """The name of a file or folder by its bytes, which no locale changes: UTF-8, with surrogate escapes for what is not."""
    return os.fsencode(path.name).decode("utf-8", "surrogateescape")


def folders(place):
    """Folders that lie in a place, sorted by name, links to folders among them; hidden ones are left out."""
    return [path for path in _inside(place) if not _is_hidden(path.name) and os.path.isdir(path)]


def say_the_rest(place):
    """Name what lies in a place of class folders and is no folder."""
    inside = _inside(place)
    _say_hidden([path for path in inside if _is_hidden(path.name)])
    for path in inside:
        if not _is_hidden(path.name) and not os.path.isdir(path):
            say(f"skipped {path}: {_kind(path)[1] or 'it lies in no class folder'}")


def files(places, tops):
    """Files below each place, given as ``{key: folder}``, at any depth: ``{key: paths}``, sorted by path; what cannot be used is named.

    Links are followed, but none to a file or folder that is there already, or up to a folder of ``tops`` or one above it.
    """
    seen = {os.path.realpath(folder): folder for top in tops for folder in (*Path(os.path.realpath(top)).parents, top)}
    found, hidden = {key: [] for key in places}, []
    direct, links = deque(places.items()), deque()  # links come last, so that it is they that are left out
    while direct or links:
        linked = not direct
        key, path = (direct or links).popleft()
        if path.is_symlink() and not linked:
            links.append((key, path))
            continue
        kind, reason = _kind(path)
        first = seen.setdefault(os.path.realpath(path), path) if kind else path
        if first is not path:
            say(f"skipped {path}: the same {kind} as {first}")
        elif kind == "folder":
            try:
                inside = _inside(path)
            except PaperCodeError as error:
                say(f"skipped {path}: {error.__cause__.strerror}")
                continue
            hidden += [child for child in inside if _is_hidden(child.name)]
            direct += [(key, child) for child in inside if not _is_hidden(child.name)]
        elif kind == "file":
            found[key].append(path)
        else:
            say(f"skipped {path}: {reason}")
    _say_hidden(hidden)
    return {key: sorted(paths, key=lambda path: [os.fsencode(part) for part in path.parts]) for key, paths in found.items()}


def _inside(place):
    try:
        inside = sorted((Path(place, name) for name in os.listdir(place)), key=os.fsencode)
        if inside:
            os.lstat(inside[0])  # fails where a folder can be listed but not entered
        return inside
    except OSError as error:
        raise unreadable(place, error) from error


def _is_hidden(name):
    return name.startswith(".") or name in LITTER


def _say_hidden(paths):
    if paths:
        count = f"{len(paths)} hidden files or folders" if len(paths) > 1 else "a hidden file or folder"
        say(f"skipped {count}: {', '.join(map(str, paths[:3]))}{', ...' if len(paths) > 3 else ''}")


def _kind(path):
    """("folder", None), ("file", None), or (None, the reason why it is neither)."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return None, "a link to nothing"
    except OSError as error:
        return None, error.strerror
    if stat.S_ISDIR(mode):
        return "folder", None
    return ("file", None) if stat.S_ISREG(mode) else (None, "not a regular file")
