"""Your own images: a folder that holds one folder of images for each class.

Either ``root/<class>/...``, of which a tenth is held out for the test, or the parts of a split, ``root/train/<class>/...`` beside
``root/test/<class>/...`` or ``root/val/<class>/...`` (:func:`find`). A split is told by the names of its parts: ``train``,
``Training`` or ``seg_train`` beside ``test``, ``valid``, ``Val_Images`` or ``seg_test``. What looks like a split and cannot be used as one
is refused. Class folders may hold folders in turn, and links are followed. Whatever is not used is named on standard error.
"""

import hashlib
import os
import re
import stat
from collections import defaultdict, deque
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import unreadable
from paper_code.images.image_set import IMAGE_SIZE, ImageSet, choose_classes, decode, say

HELD_OUT = 0.1
LITTER = ("__MACOSX", "@eaDir")  # folders that archivers and file servers leave behind
PARTS = {
    **dict.fromkeys(("train", "training", "trainval", "trn"), "training"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), "validation"),
}
FILLER = re.compile(r"(?:data|sets?|splits?|parts?|folders?|images?|imgs?|pictures?|photos?)+$")


def load(root, classes=None, progress=True):
    """Read a folder of class folders of images of any size and of any kind of 8 bits that Pillow reads.

    Each is brought to 64 x 64 grey levels by :func:`paper_code.images.image_set.decode`. A file, link or folder that is not used is
    named in one line on standard error with the reason, hidden ones in one line for all, and so is a class without any readable
    image, or without one for the test. Without a test part, the tenth of each class (one image at least, if the class has two) whose
    names have the lowest SHA-256 is held out: the choice depends on no order and no generator. Classes and, within a class, images are
    sorted by name, whatever the locale; a name's bytes that are not UTF-8 are surrogate escapes.
    """
    root = Path(root)
    if not root.is_dir():
        raise PaperCodeError(f"{root} is not a folder; pass one that holds a folder of images for each class")
    train_root, test_root = find(root)
    inside = {top: {text(path): path for path in folders(top)} for top in (train_root, test_root) if top}
    names = inside[train_root]
    if len(names) < 2:
        inner = f", or pass {next(iter(names.values()))} if it holds them" if names else ""
        raise PaperCodeError(
            f"{train_root} holds {len(names)} class folders; put the images of each of two or more classes in a folder{inner}"
        )
    chosen = choose_classes(names, classes)
    tops = {root: None, **inside}
    for top in tops:
        say_the_rest(top)
    for name, path in inside.get(test_root, {}).items():
        if name not in names:
            say(f"skipped {path}: no such class among the training images")

    places = {(top, name): inside[top][name] for top in inside for name in chosen if name in inside[top]}
    listed = files(places, tops)
    read = _read([(key, path) for key in places for path in listed[key]], progress)
    train, test, kept = [], [], []
    for name in chosen:
        training = read[train_root, name]
        if not training:
            say(f"skipped the class {name}: {names[name]} holds no readable image")
            if read[test_root, name]:
                say(f"skipped {inside[test_root][name]}: the class {name} has no training image")
            continue
        tested = read[test_root, name] if test_root else _held_out(training, train_root)
        if test_root and not tested:
            say(f"the class {name} has no test image: {test_root / names[name].name} holds none that can be read")
        out = {path for path, _ in tested}
        train += [(image, len(kept)) for path, image in training if path not in out]
        test += [(image, len(kept)) for _, image in tested]
        kept.append(name)
    if len(kept) < 2:
        raise PaperCodeError(f"{train_root} holds readable images of {len(kept)} classes; training needs two or more")
    if not test:
        raise PaperCodeError(f"{root} leaves no image for the test; give a class two images or more, or fill {test_root or root / 'test'}")
    return ImageSet("folder", tuple(kept), *_arrays(train), *_arrays(test))


def _read(listed, progress):
    """Decode (key, path) pairs into ``{key: [(path, uint8 image), ...]}``; a file that cannot be used is named."""
    images = defaultdict(list)
    for key, path in tqdm(listed, "reading images", unit="image", disable=not progress, leave=False):
        try:
            images[key].append((path, decode(path, resize=True)))
        except ValueError as error:
            say(f"skipped {path}: {error}")
    return images


def _held_out(images, top):
    """Of (path, image) pairs, the tenth whose paths below ``top`` have the lowest hashes, in the order of the pairs."""

    def hashed(path):
        return hashlib.sha256(os.fsencode(path.relative_to(top).as_posix())).digest()

    count = 0 if len(images) < 2 else max(1, round(HELD_OUT * len(images)))
    lowest = set(sorted(dict(images), key=hashed)[:count])
    return [(path, image) for path, image in images if path in lowest]


def _arrays(pairs):
    images = np.array([image for image, _ in pairs], np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    return images, np.array([label for _, label in pairs], np.int64)


def find(root):
    """The folder of the training classes and that of the test classes, or None where test images are to be held out.

    Of a test and a validation part, the test part is used if a folder in it is named like a class, and otherwise the validation part.
    """
    inside = folders(root)
    kinds = defaultdict(lambda: defaultdict(list))  # of parts whose names are alike but for the kind
    for folder in inside:
        if part := part_of(folder):
            kinds[part[1]][part[0]].append(folder)
    # "seg_train" beside "seg_test" is a split; "steam_train" alone is a class
    splits = [parts for rest, parts in kinds.items() if not rest or ("training" in parts and len(parts) > 1)]
    if not splits:
        _look_inside(inside)
        return root, None
    if len(splits) > 1 or any(len(group) > 1 for group in splits[0].values()):
        every = (path for parts in splits for group in parts.values() for path in group)
        raise PaperCodeError(f"{root} holds several parts of a kind ({_names(every)}); keep one of each, or rename what is a class")
    parts = {kind: group[0] for kind, group in splits[0].items()}
    if "training" not in parts:
        raise PaperCodeError(
            f"{root} has a part of a split ({_names(parts.values())}) but no training part; put the classes in {root / 'train'}, "
            "or rename what is a class"
        )
    train = parts.pop("training")
    classes = {text(folder) for folder in folders(train)}
    rest = [folder for folder in inside if folder not in (train, *parts.values())]
    if not parts and not classes:
        return root, None  # a class of trains
    if not parts and rest:
        raise PaperCodeError(
            f"{train} may be the training part or a class; move away what lies beside it ({_names(rest)}), or rename it if it is a class"
        )
    if not classes:
        raise PaperCodeError(f"{train} holds no class folders, so that nothing says what its images show; sort them into {train}/<class>")

    test = None
    for place in (parts[kind] for kind in ("test", "validation") if kind in parts):
        if test:
            say(f"skipped {place}: the test images are those of {test}")
        elif classes & {text(folder) for folder in folders(place)}:
            test = place
        else:
            say(f"skipped {place}: none of its folders is named like a class of {train}, so that nothing says what its images show")
    for folder in rest:
        say(f"skipped {folder}: neither the training part nor the test part")
    say(f"training images from {train}, test images " + (f"from {test}" if test else "held out of them"))
    return train, test


def part_of(folder):
    """(kind of part, other words) by the name of a folder, or None; of "seg_Val-Images" ("validation", ("seg",))."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", folder.name))
    words = [word for word in (FILLER.sub("", word.lower()) for word in words) if word]
    kinds = [PARTS[word] for word in words if word in PARTS]
    return (kinds[0], tuple(word for word in words if word not in PARTS)) if len(kinds) == 1 else None


def _look_inside(classes):
    """Refuse a class folder that holds the parts of a split; say if all hold folders of the same names, as unknown parts would."""
    names = set()
    for folder in classes:
        try:
            within = folders(folder)
        except PaperCodeError:  # it is named when its files are listed
            continue
        parts = [path for path in within if (part := part_of(path)) and not part[1]]
        if len({part_of(path) for path in parts}) > 1:
            raise PaperCodeError(
                f"{folder} holds the parts of a split ({_names(parts)}); pass it if it is the whole, or put the class folders into the "
                "parts, as in train/<class> and test/<class>"
            )
        names.add(_names(within))
    if len(classes) > 1 and len(names) == 1 and "," in (shared := names.pop()):
        say(f"{_names(classes)} all hold the folders {shared}: the former are taken for the classes")


def _names(paths):
    return ", ".join(path.name for path in paths)


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
