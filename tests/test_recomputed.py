"""The shipped table is what the shipped weights give: one network's rows, measured again."""

import numpy as np
import pytest

from paper_code.core.table import read_table
from paper_code.report import __main__ as rules
from paper_code.report.measure import measure_network


def test_the_rows_of_a_network_are_what_its_weights_give():
    table, found = read_table("data/table.csv").where(condition="reference", seed=3), measure_network("reference", 3, times=0)
    own = [row for row in table.rows if not row.measure.startswith(("models.", "DP.", "HR."))]
    shipped = {(row.step, row.measure, row.version, row.ring): row.value for row in own}
    again = {(row.step, row.measure, row.version, row.ring): row.value for row in found.rows}
    assert set(again) == set(shipped) and len(again) > 400
    places = sorted(again)
    np.testing.assert_allclose([again[one] for one in places], [shipped[one] for one in places], rtol=2e-3, atol=2e-4)


def test_models_ask_for_the_networks_of_the_reference_alone(tmp_path):
    for condition in ("control", "reference"):
        damaged = tmp_path / condition / "seed-0.safetensors"
        damaged.parent.mkdir()
        damaged.write_bytes(b"no network")
        asked = ["models", "--networks", str(tmp_path), "--output", str(tmp_path / "models.csv")]
        with pytest.raises(SystemExit) as stopped:
            rules.main(asked)
        said = stopped.value.code  # a text: status 1, and this on standard error
        assert ("no measured network of the reference" if condition == "control" else "reference/seed-0.safetensors") in said.replace(
            "\\", "/"
        )
        assert not (tmp_path / "models.csv").exists()
