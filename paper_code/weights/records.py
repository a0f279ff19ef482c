"""Contents of run.json, result.json, the log and the manifest, as pydantic models, checked whenever a file is read.

A fault is reported in one line with the file, the field and the remedy.
"""

import os
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError, model_validator

from paper_code.core.errors import PaperCodeError
from paper_code.training.conditions import Condition


class Record(BaseModel):
    """A record written by a program: every field is present and of its own JSON type. Other keys, of a later version perhaps, may exist."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


SUFFIXES = {"early": ".safetensors", "snapshots": ".snapshots.safetensors", "rest": ".rest.safetensors", "log": ".log.jsonl"}
SomeRecord = TypeVar("SomeRecord", bound=Record)
Text = InstanceOf[str]  # of any characters: str would refuse names that are not UTF-8
Word = Annotated[str, Field(pattern=r"^[\w.+:-]{1,100}$")]  # nothing that a page or a path could interpret as more than a name
Name = Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]  # of a condition
Key = Annotated[str, Field(pattern=r"^[\w-]{1,100}/seed-(0|[1-9]\d{0,9})$")]  # of a network
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Share = Annotated[float, Field(ge=0, le=1)]
Natural = Annotated[int, Field(ge=0)]


def as_record(model: type[SomeRecord], value: Any, name: str | os.PathLike, mend: str) -> SomeRecord:
    """``value``, as read from JSON, as a ``model``; a PaperCodeError gives the file's ``name``, the faulty field and how to ``mend`` it."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where, message = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        found = "" if first["type"] == "missing" or len(repr(first["input"])) > 60 else f", not {first['input']!r}"
        fault = f"{where}: {message[:1].lower()}{message[1:]}{found}".removeprefix(": ")
        raise PaperCodeError(f"{name}: {' '.join(fault.split())}; {mend}") from error


class Experiment(Record):
    """A :class:`Condition` as returned by its ``as_dict``: no setting missing, unknown or invalid."""

    name: Name
    about: Text
    images: Word
    classes: Word
    network: dict
    training: dict

    @model_validator(mode="after")
    def _settings(self):
        try:
            condition = Condition.from_dict(self.model_dump())
        except (PaperCodeError, ArithmeticError) as error:
            raise ValueError(str(error)) from error
        for part in ("network", "training"):
            if lost := condition.as_dict()[part].keys() - getattr(self, part):
                raise ValueError(f"{part} without {', '.join(sorted(lost))}")
        return self


class Images(Record):
    """What a network was trained on."""

    name: Word
    sha256: Hash
    classes: Annotated[list[Text], Field(min_length=1)]


class Machine(Record):
    """Where the computation ran."""

    device: Word
    precision: Word
    threads: Count
    lateral: Word | None = None


class Identity(Record):
    """``run.json``: what makes two runs the same run."""

    condition: Experiment
    seed: Seed
    images: Images
    hardware: Machine
    plan: Hash | None = None  # of the frozen plan under which it was trained; older networks have none


class Result(Identity):
    """``result.json``: a finished run. Without test images there are no accuracies."""

    accuracy: Share | None
    accuracy_noise_free: Share | None
    steps: Count
    train_images: Count
    test_images: Natural
    image_mean: float
    image_sd: Annotated[float, Field(gt=0)]
    wall_seconds: Annotated[float, Field(ge=0)]
    versions: dict[str, str]
    python: str


class File(Record):
    """A file in the manifest, with its path relative to the manifest."""

    path: str
    sha256: Hash
    bytes: Natural


class Entry(Result):
    """A network in the manifest."""

    files: dict[Literal[tuple(SUFFIXES)], File]


class Manifest(Record):
    """``manifest.json``: networks by key."""

    networks: Annotated[dict[Key, Entry], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_their_places(self):
        for key, entry in self.networks.items():
            if key != f"{entry.condition.name}/seed-{entry.seed}":
                raise ValueError(f"{key!r} is the entry of {entry.condition.name}/seed-{entry.seed}")
            if "early" not in entry.files:
                raise ValueError(f"{key} without its file of early layers")
            for kind, file in entry.files.items():
                if file.path != key + SUFFIXES[kind]:
                    raise ValueError(f"{file.path!r} is not the place of the {kind} file of {key}, {key}{SUFFIXES[kind]}")
        return self


class Noted(Record):
    """A log line for a training step."""

    step: Count
    loss: float
    rate: float
    seconds: float


class Tested(Record):
    """A log line for the end of an epoch."""

    step: Count
    epoch: Count
    accuracy: Share | None
    accuracy_noise_free: Share | None
    seconds: float
