"""Commands with which the pipeline measures networks:

python -m paper_code.report levels --output _build/levels.json
python -m paper_code.report network reference/seed-10 reference/seed-11 --networks _build/networks
python -m paper_code.report models --networks _build/networks --output _build/models.csv
python -m paper_code.report table --networks _build/networks --models _build/models.csv --output _build/table.csv
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import write_json
from paper_code.core.plan import condition_and_seed, plan, reported
from paper_code.core.table import Table, read_table, write_table
from paper_code.emergence.controls import CONTROL_MEASURES, FULL_LENGTH
from paper_code.network.config import NetworkConfig
from paper_code.report.levels import Levels
from paper_code.report.measure import measure_network
from paper_code.report.models import model_rows
from paper_code.report.networks import load_measured, save_measured
from paper_code.report.pool import control_differences, pooled
from paper_code.training.conditions import CONTROLS

app = typer.Typer(help="Measure networks for the pipeline.", add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
Networks = Annotated[Path, typer.Option(help="folder of the measured networks, <condition>/seed-<n>.safetensors")]
Output = Annotated[Path, typer.Option(help="file to write")]


@app.command()
def network(
    names: Annotated[list[str], typer.Argument(help="such as reference/seed-10")],
    networks: Networks,
    permutations: Annotated[int | None, typer.Option(help="of each null; the plan's when absent")] = None,
    levels: Annotated[Path | None, typer.Option(help="what the command levels wrote; worked out anew when absent")] = None,
):
    """Measure networks and save the measures."""
    shared = Levels.load(levels) if levels else Levels()
    for name in names:
        condition, seed = condition_and_seed(name)
        planned = condition in plan()["networks"]["reported"]
        times = permutations if permutations is not None or planned else 0
        measured = measure_network(condition, seed, times, levels=shared)
        save_measured(measured, Path(networks, condition, f"seed-{seed}.safetensors"))
        print(f"{name}: {len(measured.rows)} measures", flush=True)


@app.command()
def levels(output: Output):
    """Compute and save the chance levels for filters of the reference's sizes, to be shared by all networks."""
    found = Levels()
    found.radial(NetworkConfig.l0_size, "log_r2")
    found.gabor(NetworkConfig.l1_size)
    write_json(output, found.known)


def measured_in(folder, condition="*"):
    """Load the measured networks in a folder, for one condition or all: a list of Measured for each condition."""
    found, paths = {}, Path(folder).glob(f"{condition}/seed-*.safetensors")
    for path in sorted(paths, key=lambda path: (path.parent.name, int(path.stem.partition("-")[2]))):
        found.setdefault(path.parent.name, []).append(load_measured(path))
    if not found:
        kind = "" if condition == "*" else f" of the {condition}"
        raise PaperCodeError(f"there is no measured network{kind} in {folder}; 'make book' measures them")
    return found


def reported_in(found):
    """Select from lists of Measured the networks used for estimates, by condition; the reference's others go under ``exploratory``."""
    chosen, rest = {}, []
    for condition, members in found.items():
        wanted = reported(condition, [one.seed for one in members])
        chosen[condition] = [one for one in members if one.seed in wanted]
        rest += [one for one in members if condition == "reference" and one.seed not in wanted]
    return chosen | ({"exploratory": rest} if rest else {})


@app.command()
def models(networks: Networks, output: Output):
    """Fit the group models to the reported networks of the reference and save the rows."""
    members = reported_in(measured_in(networks, "reference"))["reference"]
    write_table(output, model_rows("reference", members) if len(members) > 2 else [])


@app.command()
def table(networks: Networks, models: Annotated[Path, typer.Option(help="what the command models wrote")], output: Output):
    """Pool all rows into one table and save it."""
    found = measured_in(networks)
    single = [row for members in found.values() for one in members for row in one.rows]
    chosen = reported_in(found)
    rows = single + pooled(chosen) + read_table(models).rows
    compared = Table(row for name in found for one in chosen[name] for row in one.rows)  # exploratory networks excluded
    controls = [name for name in found if name in CONTROLS and name != "control"]
    for base, conditions in (("control", controls), ("reference", [name for name in FULL_LENGTH if name in found])):
        if base in found and conditions:
            rows += control_differences(compared, conditions, CONTROL_MEASURES, base)
    write_table(output, rows)
    print(f"{len(rows)} rows in {output}", flush=True)


def main(arguments=None):
    """Run the command line; an error that the user can mend is one line, with exit status 1."""
    try:
        app(arguments)
    except PaperCodeError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
