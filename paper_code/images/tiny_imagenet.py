"""Tiny ImageNet (Le and Yang 2015), from its official archive or the directory that it unpacks to.

Layout: ``tiny-imagenet-200/wnids.txt``, ``train/<wnid>/images/*.JPEG``, ``val/images`` and ``val/val_annotations.txt``;
the labelled validation images serve as the test set, since those of ``test`` have no labels. People sort the validation images into
``val/<wnid>`` or ``val/<wnid>/images``, with or without the annotations, and take the folders ``images`` or the classes out of
``train``: all these are read as the same set. What of ``train`` and ``val`` is not used is named.
"""

import os
import re
import stat
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import unreadable
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes, decode, say

FOLDER = "tiny-imagenet-200"


def load(root, classes=None, progress=True):
    """Read Tiny ImageNet.

    ``root`` is the zip archive, the directory ``tiny-imagenet-200`` or the one that holds it; a subset of the same layout will do as long
    as it holds the classes asked for. The rule ``classes`` is over the sorted wnids of ``wnids.txt``; the rest as in
    :func:`paper_code.images.load`. Images come in the order of their file names within a class (training) and of ``val_annotations.txt``,
    that of their numbers (test).
    """
    files = _Directory(root) if Path(root).is_dir() else _Archive(root)
    top = next((top for top in ("", f"{FOLDER}/") if "wnids.txt" in files.names(top)), None)
    if top is None:
        raise PaperCodeError(f"{root} holds no {FOLDER}/wnids.txt; pass the Tiny ImageNet archive or the directory that it unpacks to")
    wnids = set(files.text(f"{top}wnids.txt").split())
    chosen = choose_classes(wnids, classes)
    train = _training(files, f"{top}train/", wnids, chosen)
    test = _validation(files, f"{top}val/", wnids, chosen)

    images = np.empty((len(train) + len(test), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    for index, (file, _) in enumerate(tqdm(train + test, "reading images", unit="image", disable=not progress, leave=False)):
        try:
            images[index] = decode(files.read(file))
        except ValueError as error:
            raise PaperCodeError(f"{root}: {file}: {error}; fetch the archive again") from error
    labels = np.array([chosen.index(name) for _, name in train + test], np.int64)
    count = len(train)
    return ImageSet("tiny-imagenet", tuple(chosen), images[:count], labels[:count], images[count:], labels[count:])


def _training(files, part, wnids, chosen):
    """(path, wnid) of the training images."""
    listed = _listed(files, part, wnids, chosen, {})
    for name in chosen:
        if not listed[name]:
            raise PaperCodeError(
                f"{files.root} holds no training images of class {name}; use the whole archive or choose other classes "
                "(--classes every-10, say)"
            )
    return [(listed[name][file], name) for name in chosen for file in sorted(listed[name])]


def _validation(files, part, wnids, chosen):
    """(path, wnid) of the validation images, in the order of the annotations or, without them, of the numbers in their names: the same."""
    sheet = "val_annotations.txt"
    class_of = _annotations(files, f"{part}{sheet}", wnids) if sheet in files.names(part) else {}
    listed = _listed(files, part, wnids, chosen, class_of)
    for file, name in class_of.items():
        if file not in listed.get(name, class_of):
            raise PaperCodeError(f"{files.root} lacks {part}images/{file}; fetch the archive again")
    for name in chosen:
        if not listed[name]:
            say(f"the class {name} has no validation image")
    place = {file: number for number, file in enumerate(class_of)}

    def order(image):
        file = image[0].rpartition("/")[2]
        return place.get(file, len(place)), int((re.findall(r"[0-9]+", Path(file).stem) or "0")[-1]), image

    found = sorted(((path, name) for name in chosen for path in listed[name].values()), key=order)
    if not found:
        raise PaperCodeError(
            f"{files.root} says of no validation image that it is of a chosen class: {part} needs {sheet} or a folder for each class; "
            "fetch the archive again"
        )
    return found


def _listed(files, part, wnids, chosen, class_of):
    """``{wnid: {file: path}}`` of the images of the chosen classes, wherever in a part of the set they lie; those of no class are named.

    The class is told by a folder, by ``class_of`` (``{file: wnid}``) or by the file's name up to the last ``_``.
    """
    _say_unknown(files, part, files.folders(part), wnids | {"images"})
    listed = {name: {} for name in chosen}
    for own in (None, *chosen):
        for folder in (f"{own}/images/", f"{own}/") if own else ("images/", ""):
            for file in sorted(file for file in files.names(part + folder) if not file.endswith(".txt")):
                path, name = part + folder + file, own or class_of.get(file, file.rpartition("_")[0])
                if class_of.get(file, name) != name:
                    raise PaperCodeError(f"{files.root}: the annotations say that {path} is of the class {class_of[file]}; mend it")
                if name not in wnids:
                    if file not in class_of:  # whose unknown class is named already
                        say(f"skipped {files.root}: {path}: nothing says what it shows")
                elif name in listed and listed[name].setdefault(file, path) != path:
                    say(f"skipped {files.root}: {path}: {listed[name][file]} is of the same name")
    return listed


def _annotations(files, sheet, wnids):
    """``{file: wnid}`` in the order of the lines; a line that says the same as an earlier one counts once."""
    class_of, lines = {}, [line for line in files.text(sheet).splitlines() if line.strip()]
    for line in lines:
        file, name = (line.split("\t") + [""])[:2]
        if class_of.setdefault(file, name) != name:
            raise PaperCodeError(f"{files.root}: {sheet} gives {file} two classes, {class_of[file]} and {name}; fetch the archive again")
    if len(class_of) < len(lines):
        say(f"{files.root}: {sheet}: {len(lines) - len(class_of)} lines repeat others and count once")
    _say_unknown(files, f"{sheet}: ", class_of.values(), wnids)
    return class_of


def _say_unknown(files, part, names, wnids):
    for name in sorted(set(names) - wnids):
        say(f"skipped {files.root}: {part}{name}: wnids.txt names no such class")


class _Directory:
    """Files below a directory; folders are written with a final slash, and hidden files are not seen."""

    def __init__(self, root):
        self.root = Path(root)

    def _inside(self, folder, folders):
        place = self.root / folder
        try:
            entries = sorted(place.iterdir()) if place.is_dir() else []
        except OSError as error:
            raise unreadable(place, error) from error
        return [entry.name for entry in entries if not entry.name.startswith(".") and os.path.isdir(entry) == folders]

    def names(self, folder):
        """Names of the files that lie in a folder; none if there is no such folder."""
        return self._inside(folder, False)

    def folders(self, folder):
        """Names of the folders that lie in a folder."""
        return self._inside(folder, True)

    def read(self, name):
        """Content of a file as bytes."""
        path = self.root / name
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise PaperCodeError(f"{path} is not a regular file; fetch the archive again")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise PaperCodeError(f"{self.root} lacks {name}; fetch the archive again") from error
        except OSError as error:
            raise unreadable(path, error) from error

    def text(self, name):
        """Content of a UTF-8 text file."""
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            raise PaperCodeError(f"{self.root}: {name} is not text; fetch the archive again") from error


class _Archive(_Directory):
    """The same for a zip archive, indexed once: :class:`zipfile.Path` would search all names for each folder."""

    def __init__(self, root):
        self.root = Path(root)
        try:
            self.zip = zipfile.ZipFile(root)
        except Exception as error:  # on damaged input zipfile raises what it likes: BadZipFile, NotImplementedError, struct.error
            if getattr(error, "filename", None):
                raise unreadable(root, error) from error
            raise PaperCodeError(f"{root} is not a whole zip archive ({error}); it may be truncated: fetch it again") from error
        entries = {}
        for entry in self.zip.infolist():
            first = entries.setdefault(entry.filename, entry)
            if (first.CRC, first.file_size) != (entry.CRC, entry.file_size):
                raise PaperCodeError(f"{root} holds {entry.filename} twice, and not the same; fetch the archive again")
        if repeated := len(self.zip.infolist()) - len(entries):
            say(f"{root}: {repeated} entries repeat others and count once")
        self.inside = defaultdict(list)
        for entry in entries:
            folder, slash, name = entry.rpartition("/")
            if name and not name.startswith("."):
                self.inside[folder + slash].append(name)

    def names(self, folder):
        return self.inside.get(folder, [])

    def folders(self, folder):
        below = (path.removeprefix(folder) for path in self.inside if path.startswith(folder))
        return sorted({path.partition("/")[0] for path in below if path})

    def read(self, name):
        try:
            return self.zip.read(name)
        except KeyError as error:
            raise PaperCodeError(f"{self.root} lacks {name}; fetch the archive again") from error
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise PaperCodeError(f"{self.root}: cannot read {name} ({error}); fetch the archive again") from error
