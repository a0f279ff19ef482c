"""The command line: ``python -m paper_code`` (or ``paper-code``)."""

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from paper_code.core.errors import PaperCodeError, check_bounds, named, printable
from paper_code.core.plan import NETWORK, condition_and_seed

# Heavy imports (torch, scipy, matplotlib) are inside the commands, so that --help responds immediately.

app = typer.Typer(
    help="Train, analyse and check the networks of the book 'Emergence of Lie symmetries in functional architectures learned by CNNs'.\n\n"
    "\b\nA first training run, without any download:\n  python -m paper_code train --condition photographs --out runs/try",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_app = typer.Typer(help="Natural images: list the sources, download and inspect them.", no_args_is_help=True)
weights_app = typer.Typer(help="Trained weights: list, check hashes, collect finished runs.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(weights_app, name="weights")

Root = Annotated[
    Path | None,
    typer.Option(help="where the images are: an archive or a directory; can also be set by the environment variable PAPER_CODE_IMAGES"),
]
Classes = Annotated[str | None, typer.Option(help="classes to use, after sorting: all, every-N (reference: every-10) or first-N")]

# How to use less memory, by command: advice for a user whose machine has too little.
LESS_MEMORY = {
    "train": "choose a smaller --batch, fewer --classes or a smaller network, then run the command again",
    "data": "choose fewer --classes, or pass the unpacked images in place of an archive",
    "analyse": "pass filters that are fewer or smaller, or a smaller kernel",
    "robustness": "choose fewer --classes",
}


@data_app.command("list")
def data_list():
    """List the available image sources."""
    from paper_code.images import SOURCES

    for name, source in SOURCES.items():
        typer.echo(f"{name:15s} {(source.__doc__ or '').partition(chr(10))[0]}")  # python -OO leaves none


@data_app.command("download")
def data_download(
    name: Annotated[str, typer.Argument(help="tiny-imagenet (248 MB) or stl10 (2.6 GB)")],
    to: Annotated[Path, typer.Option(help="directory for the archive")] = Path("downloads"),
):
    """Download a data set and check its hash. An interrupted download is resumed."""
    from paper_code.images.download import download

    path = download(name, to)
    typer.echo(f"{path} is whole; train on it with:  python -m paper_code train --data {name} --root {quote(str(path))}")


@data_app.command("describe")
def data_describe(
    name: Annotated[str, typer.Argument(help="a source listed by 'python -m paper_code data list'")],
    root: Root = None,
    classes: Classes = None,
    picture: Annotated[Path | None, typer.Option(help="also write a PNG with some images of each class")] = None,
):
    """Load a source as training would, and describe its content."""
    from paper_code import images
    from paper_code.images.image_set import describe

    if picture is not None:
        from paper_code.figures import picture_format

        picture_format(picture)
    image_set = images.load(name, root, classes)
    for key, value in describe(image_set).items():
        typer.echo(f"{key:15s} {value}")
    if picture is not None:
        from paper_code.figures import save, training

        save(training.contact_sheet(image_set), picture)
        typer.echo(f"{'picture':15s} {picture}")


@app.command()
def conditions():
    """List the named training conditions."""
    from paper_code.training.conditions import CONDITIONS

    for condition in CONDITIONS.values():
        typer.echo(f"{condition.name:24s} {condition.about}")


@app.command()
def train(
    condition: Annotated[str, typer.Option(help="a named training condition; 'python -m paper_code conditions' lists them")] = "reference",
    seed: Annotated[int, typer.Option(help="random seed of the initial weights, the order of the images and the noise; at least 0")] = 0,
    out: Annotated[Path | None, typer.Option(help="directory of the run; by default runs/CONDITION/seed-SEED")] = None,
    data: Annotated[str | None, typer.Option(help="an image source listed by 'data list'; by default that of the condition")] = None,
    root: Root = None,
    classes: Classes = None,
    epochs: Annotated[int | None, typer.Option(help="passes over the training images; by default as in the condition")] = None,
    batch: Annotated[int | None, typer.Option(help="images per training step; by default as in the condition")] = None,
    peak_rate: Annotated[float | None, typer.Option(help="peak of the learning-rate cycle; by default as in the condition")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="any other setting; can be repeated; '--set help' lists all", metavar="NAME=VALUE")
    ] = None,
    device: Annotated[str, typer.Option(help="auto (a GPU if PyTorch finds one), cpu, cuda, cuda:1, ...")] = "auto",
    precision: Annotated[str, typer.Option(help="number format: auto (bf16 where it is fast), bf16 or fp32")] = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 = PyTorch's default. Two one-thread runs outpace one of two threads")] = 0,
    checkpoint_every: Annotated[int, typer.Option(help="training steps between checkpoints", min=1)] = 50,
    quiet: Annotated[bool, typer.Option("--quiet", help="show no progress bar")] = False,
):
    """Train a network, or resume a training run that was stopped.

    After a crash, a kill or a power cut, the same command resumes from the last checkpoint and ends with the same bytes
    as a run that was never stopped.

    \b
    python -m paper_code train --condition photographs --out runs/try
    python -m paper_code train --data folder --root my-images --classes all --out runs/mine
    python -m paper_code train --root tiny-imagenet-200.zip --seed 3
    """
    from paper_code import images
    from paper_code.training.run import SEEDS, Hardware, Run
    from paper_code.training.run_files import EARLY, LOG, RESULT

    own = {"epochs": epochs, "batch": batch, "peak_rate": peak_rate}
    settings = [f"{name}={value}" for name, value in own.items() if value is not None] + (setting or [])
    chosen = _condition(condition, data, classes, settings)
    hardware = Hardware(device, precision, threads)
    hardware.resolve()  # so that an error comes before the images are loaded, which may take a while
    check_bounds("seed", seed, *SEEDS)
    image_set = images.load(chosen.images, root, chosen.classes, progress=not quiet)
    out = out or Path("runs") / condition / f"seed-{seed}"
    run = Run(chosen, image_set, seed, out, hardware, checkpoint_every)
    if run.kept and not (out / RESULT).exists():
        typer.echo(f"{out} goes on as it was begun: {run.kept}", err=True)
    if not quiet and not (out / RESULT).exists():
        typer.echo(
            f"{len(image_set.train_images)} training images, {len(image_set.classes)} classes, {run.total} steps, "
            f"{run.hardware.device} {run.hardware.precision}; log in {out / LOG}",
            err=True,
        )
    result = run.train(progress=not quiet)
    if result["accuracy"] is None:
        typer.echo(f"{out}: trained; there were no test images")
    else:
        typer.echo(f"{out}: accuracy {result['accuracy']:.3f}, without receptor noise {result['accuracy_noise_free']:.3f}")
    if not quiet:
        typer.echo(f"next:  python -m paper_code analyse {quote(str(out / EARLY))} --out {quote(str(out / 'report'))}", err=True)


def _condition(name, data, classes, settings):
    """A named condition, with the changes made on the command line."""
    from paper_code.core.text import comments
    from paper_code.training.conditions import CONDITIONS, settings_of, with_settings, written

    chosen = named("condition", name, CONDITIONS)
    if "help" in settings:
        meanings = comments(type(chosen.network)) | comments(type(chosen.training))
        for part, known in settings_of(chosen).items():
            for key, value in known.items():
                typer.echo(f"{part:9s} {key:18s} {written(value):10s} {meanings[key]}")
        raise typer.Exit()
    chosen = with_settings(chosen, settings)
    if data is not None and data != chosen.images:
        chosen = replace(chosen, images=data, classes="all")
    return replace(chosen, classes=classes) if classes is not None else chosen


@app.command()
def analyse(
    filters: Annotated[
        Path,
        typer.Argument(
            help=".npy, .npz or .safetensors with filters (n, h, w), (n, 1, h, w) or (n, 3, h, w); or a network such as reference/seed-10"
        ),
    ],
    kernel: Annotated[
        Path | None,
        typer.Option(help="a file with the kernel K (n, n, k, k), target cell first, k odd; by default the K in the filters' file, if any"),
    ] = None,
    stride: Annotated[int | None, typer.Option(help="pixels between neighbouring cell positions; by default the network's, else 1")] = None,
    out: Annotated[Path, typer.Option(help="folder for the report (index.html and result.json), new or empty")] = Path("report"),
    l0: Annotated[
        Path | None, typer.Option("--l0", help="a file with a linear filter (a, a) applied before all others; by default l0 in the file")
    ] = None,
    filters_name: Annotated[
        str | None, typer.Option(help="name of the array of filters in its file; guessed if it is l1, conv1.weight or similar")
    ] = None,
    kernel_name: Annotated[str | None, typer.Option(help="name of the array of the kernel; guessed if it is K or lateral.weight")] = None,
    l0_name: Annotated[str | None, typer.Option("--l0-name", help="name of the array of l0; guessed if it is l0")] = None,
    scale: Annotated[float | None, typer.Option(help="units per pixel, to give sizes and frequencies in this unit")] = None,
    unit: Annotated[str | None, typer.Option(help="name of the unit of --scale, such as deg")] = None,
    name: Annotated[str | None, typer.Option(help="name of the network, the title of the report; by default that of the file")] = None,
    edges: Annotated[str | None, typer.Option(help="edges of the rings of distance, px, such as 2,6,10.5,18; by default automatic")] = None,
    permutations: Annotated[int, typer.Option(help="number of relabelled kernels behind each p, at least 20")] = 199,
    seed: Annotated[int, typer.Option(help="random seed of all draws")] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="overwrite a report in the folder; other files in it are kept")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="do not report progress")] = False,
):
    """Measure any first layer and lateral kernel against chance. Writes a small report; does not need PyTorch.

    The report has the Gabor fits of all filters, which of them are oriented, their shapes and orientations; for a kernel, its principal
    components between cells of similar orientation and its harmonics by distance, with permutation p. Filters that are constant or
    contain NaN are flagged and left out. A shipped network, or early.safetensors of a run, brings its l0, K and stride.

    \b
    python -m paper_code analyse reference/seed-10 --out report
    python -m paper_code analyse filters.npy --out report
    python -m paper_code analyse filters.npy --kernel K.npy --stride 2 --out report
    python -m paper_code analyse model.safetensors --filters-name features.0.weight --scale 0.05 --unit deg
    """
    from paper_code.analyse import analyse as measure
    from paper_code.analyse.inputs import read_network
    from paper_code.analyse.page import check_folder

    check_folder(out, replace)
    try:
        rings = None if edges is None else [float(edge) for edge in edges.split(",")]
    except ValueError:
        raise PaperCodeError(f"expected numbers with commas between them, such as 2,6,10.5,18, not {edges}") from None
    places = (kernel, l0, filters_name, kernel_name, l0_name)
    if NETWORK.fullmatch(str(filters)):  # a name without a suffix is not a file of arrays, whatever is there
        from paper_code import weights

        if any(one is not None for one in places):
            raise PaperCodeError(f"{filters} is a shipped network with an l0 and a K of its own; leave out --kernel, --l0 and all names")
        title = str(filters)
        early = weights.load_early(*condition_and_seed(title))
        bank, K, front, own = early.l1, early.K, early.l0, vars(weights.configuration(*condition_and_seed(title)))
    else:
        title, own = filters.stem, _recorded(filters)
        bank, K, front = read_network(filters, *places, say=lambda text: typer.echo(text, err=True))
    stride = own.get("stride") if stride is None else stride
    rectified = own.get("l0") == "rectified" and l0 is None and l0_name is None
    result = measure(
        bank,
        K,
        1 if stride is None else stride,
        None if rectified else front,
        scale,
        unit,
        title if name is None else name,
        seed,
        permutations,
        edges=rings,
        progress=None if quiet else lambda text: typer.echo(text, err=True),
    )
    result.save(out, replace)
    for sentence in (*result.summary(), *result.notes):
        typer.echo(sentence)
    if rectified:
        typer.echo("l0 of this network is rectified, so that what its cells see is no convolution with l0: it was left out.")
    if K is not None and stride is None:
        typer.echo("The places of the cells were taken to be 1 px apart; say --stride if they are farther apart.")
    typer.echo(f"report: {out / 'index.html'}")


def _recorded(filters):
    """The settings of the network, a dict, if a run's record beside ``filters``, or a manifest above it, has them; else empty."""
    from paper_code.core.files import is_missing, read_json
    from paper_code.training.run_files import EARLY, IDENTITY

    try:
        if filters.name == EARLY and not is_missing(record := filters.with_name(IDENTITY)):
            return dict(read_json(record)["condition"]["network"])
        if not is_missing(record := filters.parent.parent / "manifest.json"):
            return dict(read_json(record)["networks"][f"{filters.parent.name}/{filters.stem}"]["condition"]["network"])
        return {}
    except (KeyError, TypeError, ValueError):  # a record of something else
        return {}


@app.command()
def measure(
    run: Annotated[Path, typer.Argument(help="directory of a finished training run")],
    out: Annotated[Path | None, typer.Option(help="also write all rows to this CSV file; by default they are only printed")] = None,
):
    """Measure l0, l1 and K of one run as the book does. Takes a few minutes.

    \b
    python -m paper_code train --root IMAGES --seed 100 --set blur=1 --out runs/blur-1
    python -m paper_code measure runs/blur-1 --out blur-1.csv
    """
    import tempfile

    from paper_code.core.files import check_writable
    from paper_code.core.table import write_table
    from paper_code.lateral.bank import FEWEST
    from paper_code.report.measure import measure_network
    from paper_code.weights.collect import collect

    if out is not None:
        check_writable(out)
    with tempfile.TemporaryDirectory() as folder:
        found = measure_network(*condition_and_seed(collect([run], folder)[0]), times=0, directory=folder)
    rows = found.rows
    typer.echo(f"{'step':>6} {'measure':28s} {'version':18s} {'px':8s} {'value':>9s}")
    for row in rows:
        typer.echo(f"{row.step:>6} {row.measure:28s} {row.version:18s} {row.ring:8s} {row.value:9.3f}")
    if out is not None:
        write_table(out, rows)
        typer.echo(f"all rows: {out}")
    if found.sums is None and found.bank.K is not None:
        typer.echo(f"K is not measured: that needs {FEWEST} oriented cells, and there are {len(found.bank.oriented)}", err=True)


@app.command()
def robustness(
    root: Root = None,
    classes: Classes = None,
    out: Annotated[Path | None, typer.Option(help="file to write; by default data/robustness.json, which chapter 10 reads")] = None,
):
    """Test shipped networks on noisy, occluded and dimmed images. Uses test images, with and without lateral connections; some minutes."""
    from paper_code.function import robustness as measure

    measure.main(root, classes, out or measure.FILE, report=typer.echo)


@app.command()
def picture(
    out: Annotated[Path, typer.Argument(help="picture to write: .png, .svg or .pdf")],
    network: Annotated[str, typer.Option(help="a shipped network")] = "reference/seed-10",
    growth: Annotated[bool, typer.Option("--growth", help="show the network through training, at the steps at which K was kept")] = False,
):
    """Draw l0, the bank and K of one network, as in the README."""
    import numpy as np

    from paper_code import weights as store
    from paper_code.emergence.learning import layers_through_training
    from paper_code.figures import overview, picture_format, save
    from paper_code.filters import fit_gabor
    from paper_code.lateral.association_field import like_map
    from paper_code.lateral.bank import Bank

    picture_format(out)
    name, seed = condition_and_seed(network)
    early = store.load_early(name, seed)
    if early.l0 is None or early.K is None:
        raise PaperCodeError(f"{network} lacks l0 or K; choose a network that has both")
    if growth:
        bank = Bank.of(early.l0, early.l1, early.K, store.configuration(name, seed).stride)
        found = zip(*layers_through_training(name, seed), strict=True)
        layers = [replace(one, step=int(step)) for one, step in found if one.K is not None]
        order = bank.oriented[np.argsort(bank.fits.orientation[bank.oriented])][:: max(len(bank.oriented) // 16, 1)][:16]
        maps = np.stack([like_map(bank.frame, bank.among(one.K)) for one in layers])
        figure = overview.growth(layers, maps, order)
    else:
        fits = fit_gabor(early.receptive_fields)
        figure = overview.argument(early, early.receptive_fields, np.argsort(fits.orientation), int(np.argmax(fits.r2)))
    save(figure, out)
    typer.echo(f"wrote {out}")


@weights_app.command("list")
def weights_list():
    """List the shipped networks."""
    from paper_code.weights import manifest

    for key, entry in sorted(manifest()["networks"].items()):
        accuracy = entry["accuracy_noise_free"]
        shown = "unknown" if accuracy is None else f"{accuracy:.3f}"
        size = sum(file["bytes"] for file in entry["files"].values()) / 1e6
        typer.echo(f"{key:32s} accuracy {shown}  {entry['steps']} steps  {entry['images']['name']}  {size:.1f} MB")


@weights_app.command("verify")
def weights_verify():
    """Check the SHA-256 of every shipped file."""
    from paper_code.weights import verify

    typer.echo(f"{verify()} files are as the manifest lists them")


@weights_app.command("collect")
def weights_collect(
    runs: Annotated[list[Path], typer.Argument(help="directories of finished runs")],
    to: Annotated[Path | None, typer.Option(help="directory to copy to; by default data/weights")] = None,
    preset: Annotated[
        str,
        typer.Option(
            help="what to keep: exact (all files unchanged), full (all files, K in half precision), measured (l0, l1 and the log, "
            "and K in half precision), light (the same, with l0, l1 and K all in half precision)"
        ),
    ] = "exact",
    replace: Annotated[bool, typer.Option("--replace", help="replace networks that are already listed with other files")] = False,
):
    """Copy finished runs to data/weights and list them in the manifest. Copies all or none."""
    from paper_code.weights.collect import collect

    for key in collect(runs, to, preset, replace):
        typer.echo(key)


def main():
    """Entry point: an error that the user can fix becomes one line on standard error with exit status 1, Ctrl-C one line with 130."""
    os.environ["MPLBACKEND"] = "agg"  # pictures go to files, whatever backend the user prefers
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # None means that the stream was closed
            stream.reconfigure(errors="backslashreplace")  # for names that the locale cannot encode
    try:
        app()
    except PaperCodeError as error:
        _fail(error)
    except (MemoryError, RuntimeError) as error:
        # PyTorch: RuntimeError "... can't allocate memory ..." on a CPU, its subclass OutOfMemoryError on a GPU
        if not isinstance(error, MemoryError) and not re.search(r"out of memory|allocate memory", str(error)):
            raise
        _fail(f"out of memory; {LESS_MEMORY.get(' '.join(sys.argv[1:2]), 'close other programs or take a larger machine')}")
    except OSError as error:  # one that no reader or writer has turned into a message of its own
        if error.filename is None and sys.stdout is sys.__stdout__:  # the rest of the output must not fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        _fail(f"cannot read or write {error.filename or 'a file, or the output'}: {error.strerror or error}")
    except SystemExit as stop:
        if stop.code == 130:  # typer's exit code for Ctrl-C
            typer.echo(
                "stopped; the same command goes on from the last checkpoint of a training, or begins again if there is none yet", err=True
            )
        elif type(sys.stdout).__name__ == "PacifyFlushWrapper":  # typer's sign that the reader of the pipe has gone
            typer.echo("error: the output was closed before all of it was written", err=True)
        raise


def _fail(message):
    typer.echo(f"error: {printable(message)}", err=True)
    sys.exit(1)
