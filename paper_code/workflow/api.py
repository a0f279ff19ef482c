"""Sphinx extension: the pages of the API, from docstrings. The comment behind each field of a dataclass becomes its description there."""

import dataclasses
import inspect
import re

FIELD = re.compile(r" {4}(\w+): [^#]+?# (.+)")


def fields(cls):
    """What is said of the fields of a dataclass, own and inherited, behind each in the source: ``{name: comment}``."""
    said = {}
    for one in reversed(cls.__mro__):
        if dataclasses.is_dataclass(one):
            said |= dict(found.groups() for line in inspect.getsource(one).splitlines() if (found := FIELD.fullmatch(line)))
    return {field.name: said[field.name] for field in dataclasses.fields(cls) if field.name in said}


def add_fields(app, what, name, thing, options, lines):
    """Add them to the docstring, before its examples; attributes that it describes itself are fields too."""
    if what != "class" or not dataclasses.is_dataclass(thing):
        return
    if "Attributes" in lines:
        place = lines.index("Attributes")
        lines[place : place + 2] = ["Fields", "------"]
    elif said := fields(thing):
        escaped = {field: re.sub(r"([*|\\])", r"\\\1", comment) for field, comment in said.items()}
        place = lines.index("Examples") if "Examples" in lines else len(lines)
        lines[place:place] = ["", "Fields", "------", *(line for pair in escaped.items() for line in (pair[0], f"    {pair[1]}")), ""]


def leave_out(app, what, name, thing, options, signature, returned):
    """A result is not made by its reader: no signature. One that is made by hand takes its fields by name."""
    if what == "class" and dataclasses.is_dataclass(thing) and not all(field.kw_only for field in dataclasses.fields(thing)):
        return "", returned


def setup(app):
    """Register both, the first before napoleon, which works at priority 500."""
    app.connect("autodoc-process-docstring", add_fields, priority=400)
    app.connect("autodoc-process-signature", leave_out)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
