"""Commands with which the pipeline measures networks:

python -m paper_code.report levels --output _build/levels.json
python -m paper_code.report network reference/seed-10 reference/seed-11 --networks _build/networks
python -m paper_code.report models --networks _build/networks --output _build/models.csv
python -m paper_code.report table --networks _build/networks --models _build/models.csv --output _build/table.csv
"""

import argparse
import sys
from pathlib import Path

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import write_json
from paper_code.core.plan import condition_and_seed, plan, reported
from paper_code.core.table import Table, read_table, write_table
from paper_code.emergence.controls import CONTROL_MEASURES, FULL_LENGTH
from paper_code.network.config import NetworkConfig
from paper_code.report.levels import Levels
from paper_code.report.measure import measure_network
from paper_code.report.models import model_rows
from paper_code.report.networks import file_of, load_measured, save_measured
from paper_code.report.pool import control_differences, pooled
from paper_code.training.conditions import CONTROLS


def network(options):
    """Measure networks and save the measures."""
    shared = Levels.load(options.levels) if options.levels else Levels()
    for name in options.names:
        condition, seed = condition_and_seed(name)
        planned = condition in plan()["networks"]["reported"]
        times = options.permutations if options.permutations is not None or planned else 0
        measured = measure_network(condition, seed, times, levels=shared)
        save_measured(measured, file_of(options.networks, condition, seed))
        print(f"{name}: {len(measured.rows)} measures", flush=True)


def levels(options):
    """Compute and save the chance levels for filters of the reference's sizes, to be shared by all networks."""
    found = Levels()
    found.radial(NetworkConfig.l0_size, "log_r2")
    found.gabor(NetworkConfig.l1_size)
    write_json(options.output, found.known)


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


def models(options):
    """Fit the group models to the reported networks of the reference and save the rows."""
    members = reported_in(measured_in(options.networks, "reference"))["reference"]
    write_table(options.output, model_rows("reference", members) if len(members) > 2 else [])


def table(options):
    """Pool all rows into one table and save it."""
    found = measured_in(options.networks)
    single = [row for members in found.values() for one in members for row in one.rows]
    chosen = reported_in(found)
    rows = single + pooled(chosen) + read_table(options.models).rows
    compared = Table(row for name in found for one in chosen[name] for row in one.rows)  # exploratory networks excluded
    controls = [name for name in found if name in CONTROLS and name != "control"]
    for base, conditions in (("control", controls), ("reference", [name for name in FULL_LENGTH if name in found])):
        if base in found and conditions:
            rows += control_differences(compared, conditions, CONTROL_MEASURES, base)
    write_table(options.output, rows)
    print(f"{len(rows)} rows in {options.output}", flush=True)


def main(arguments=None):
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m paper_code.report", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("network", help="measure networks")
    one.add_argument("names", nargs="+", help="such as reference/seed-10")
    one.add_argument("--permutations", type=int, help="of each null; the plan's when absent")
    one.add_argument("--levels", help="what the command levels wrote; worked out anew when absent")
    one.set_defaults(run=network)
    chance = commands.add_parser("levels", help="what chance gives single filters")
    chance.set_defaults(run=levels)
    fits = commands.add_parser("models", help="fit group models")
    fits.set_defaults(run=models)
    whole = commands.add_parser("table", help="write the tidy table")
    whole.add_argument("--models", required=True)
    whole.set_defaults(run=table)
    for command in (one, fits, whole):
        command.add_argument("--networks", required=True, help="folder of the measured networks, <condition>/seed-<n>.safetensors")
    for command in (chance, fits, whole):
        command.add_argument("--output", required=True)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except PaperCodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
