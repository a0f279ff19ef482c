"""Which folders hold the training images and which the test images, in the spellings that people use.

A split is told by the names of its parts: ``train``, ``Training`` or ``seg_train`` beside ``test``, ``valid``, ``Val_Images`` or
``seg_test``. What looks like a split and cannot be used as one is refused; what of it is not used is named.
"""

import re
from collections import defaultdict

from paper_code.core.errors import PaperCodeError
from paper_code.images.image_set import say
from paper_code.images.listing import folders, text

PARTS = {
    **dict.fromkeys(("train", "training", "trainval", "trn"), "training"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), "validation"),
}
FILLER = re.compile(r"(?:data|sets?|splits?|parts?|folders?|images?|imgs?|pictures?|photos?)+$")


def find(root):
    """The folder of the training classes and that of the test classes, or None where test images are to be held out.

    Of a test and a validation part, the test part is used if a folder in it is named like a class, and otherwise the validation part.

    Raises
    ------
    PaperCodeError
        If it is unclear what is training and what is test.
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
