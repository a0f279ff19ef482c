"""What a file must hold: models of pydantic, checked where the file is read. What is wrong becomes one line with file, field and mend."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json


class Record(BaseModel):
    """What a program wrote: every field there and of its own JSON type. Other keys, of a later version perhaps, are let through."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class Settings(Record):
    """What a person types: a key that is not known is a slip, and would be lost."""

    model_config = ConfigDict(extra="forbid")


def is_text(value: object) -> str:
    """``value``, or a ValueError unless it is a string; of any characters, where pydantic would refuse names that are not UTF-8."""
    if not isinstance(value, str):
        raise ValueError("should be a string")
    return value


Model = TypeVar("Model", bound=Record)
Text = Annotated[Any, AfterValidator(is_text)]
Word = Annotated[str, Field(pattern=r"^[\w.+:-]{1,100}$")]  # nothing that a page or a path could take for more than a name
Name = Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]  # of a condition
Key = Annotated[str, Field(pattern=r"^[\w-]{1,100}/seed-(0|[1-9]\d{0,9})$")]  # of a network
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def check(model: type[Model], value: Any, name: str | os.PathLike, mend: str) -> Model:
    """``value`` as a ``model``.

    Parameters
    ----------
    model : subclass of Record
    value : dict
        As JSON or YAML has it.
    name : str or path
        Of the file, for people.
    mend : str
        What to do about a fault.

    Raises
    ------
    PaperCodeError
        One line with ``name``, the field at fault and ``mend``.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise PaperCodeError(f"{name}: {fault(error)}; {mend}") from error


def fault(error: ValidationError) -> str:
    """The first fault of a ValidationError in one line: the field, what it should be, and what it is where that is short."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    found = "" if first["type"] == "missing" or len(repr(first["input"])) > 60 else f", not {first['input']!r}"
    return " ".join(f"{where}: {message[:1].lower()}{message[1:]}{found}".removeprefix(": ").split())


def read(model: type[Model], path: str | os.PathLike, mend: str = "restore it or make it again") -> Model:
    """A JSON or YAML file as a ``model``; a PaperCodeError as :func:`check` has it, also if it cannot be read."""
    return check(model, _read_yaml(path) if Path(path).suffix == ".yaml" else read_json(path), path, mend)


def _read_yaml(path: str | os.PathLike) -> Any:
    import yaml  # here, as the pipeline alone has such a file

    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise PaperCodeError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise PaperCodeError(f"{path} is not valid YAML ({' '.join(str(error).split())}); correct it or restore it") from error


class Chapter(Settings):
    """What one chapter needs beside its source."""

    needs: list[str] = []
    measures: bool = False
    parameters: dict[str, Any] = {}


class Train(Settings):
    """Networks to train, and what a cluster is asked for."""

    conditions: list[Name]
    seeds: list[Seed]
    control_seeds: list[Seed]
    third_seeds: list[Name]
    root: str
    options: str
    threads: Count
    memory_mb: Count
    minutes: Count


class Config(Settings):
    """``paper_code/workflow/config.yaml``."""

    profile: Literal["full", "quick"]
    build: Annotated[str, Field(min_length=1)]
    quick_network: Annotated[str, Field(pattern=r"^[\w-]+/seed-\d+$")]
    data: list[str]
    chapters: dict[str, Chapter | None]
    train: Train
