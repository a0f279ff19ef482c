"""Laws of the families of lateral kernels: group kernels are those of se2, all are reciprocal, and the families nest."""

from dataclasses import replace

import numpy as np
import pytest
from lateral_cells import random_cells

from paper_code import se2
from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.lateral import pair_frame
from paper_code.lateral.models import FAMILIES, PARAMETERS, Group, Places, evaluate, library, model

# One kernel a family, each well away from those it includes and of a like extent.
EXAMPLES = {
    "ISO": {"scale": 3.0, "exponent": 2},
    "SEP": {"scale": 3.0, "exponent": 2, "kappa": 2.0},
    "ANI": {"scale": 3.0, "exponent": 2, "kappa": 2.0, "elongation": 2.0},
    "COC": {"scale": 3.0, "exponent": 2, "kappa": 1.0},
    "DP": {"length": 7.0, "diffusion": 0.3, "blur": 0.8},
    "HR": {"length": 3.5, "diffusion": 0.3, "blur": 0.8},
}

GROUPS = [
    Group("DP", 7.0, 0.3, 0.8),
    Group("HR", 3.5, 0.3, 0.8),
    Group("DP", 4.0, 3.0, 2.4),
    Group("HR", 2.0, 1.0, 1.6),
    Group("DP", 0.5, 10.0, 0.8),
    Group("HR", 0.25, 0.1, 0.8),
]


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_the_tables_are_the_kernels_of_se2(group):
    rng = np.random.default_rng(0)
    r, psi = rng.uniform(1, 12, (40, 6)), rng.uniform(-np.pi, np.pi, (40, 6))
    places = Places(r * np.cos(psi), r * np.sin(psi), rng.uniform(-np.pi / 2, np.pi / 2, 40))
    exact = se2.sample_points(group.process, places.along, places.across, places.turn[:, None])
    exact /= se2.sample_points(group.process, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(group.at(places), exact, atol=0.02)
    assert np.corrcoef(group.at(places).ravel(), exact.ravel())[0, 1] > 0.9995


@pytest.mark.parametrize("group", GROUPS[:2], ids=str)
def test_pairs_of_cells_get_what_the_lattice_kernel_gives(group):
    cells = random_cells(4, 0)
    frame = pair_frame(cells, 5, 2)
    found = group.at(Places(frame.along, frame.across, frame.turn)).reshape(-1, 5, 5)
    centres = np.stack([cells.x, cells.y], axis=1)
    exact = se2.lattice_kernel(
        group.process,
        radius=2,
        spacing=2.0,
        cell=0,
        frame_angles=cells.orientation,
        angles=cells.orientation,
        offsets=centres[None] - centres[:, None],
    )
    exact = exact[frame.target, frame.source] / se2.sample_points(group.process, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(found, exact, atol=0.02)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_reciprocal_and_changes_sign_with_the_phase(family):
    cells = random_cells(8, 1)
    frame = pair_frame(cells, 7, 2)
    kernel = model(frame, family, EXAMPLES[family])
    np.testing.assert_allclose(kernel, kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], atol=0.02)
    assert kernel.max() > 0.3
    half = np.arange(8) % 2 == 0
    opposite = model(pair_frame(replace(cells, phase=cells.phase + np.pi * half), 7, 2), family, EXAMPLES[family])
    sign = np.where(half[:, None] ^ half, -1, 1)[:, :, None, None]
    np.testing.assert_allclose(opposite, sign * kernel, atol=1e-6)
    assert (kernel[np.arange(8), np.arange(8)] == 0).all()  # the frame holds no pair of a cell with itself


@pytest.mark.parametrize("family", FAMILIES)
def test_reflection_and_half_turns_leave_a_model_as_it_is(family):
    rng = np.random.default_rng(2)
    along, across, turn = rng.uniform(-8, 8, (30, 5)), rng.uniform(-8, 8, (30, 5)), rng.uniform(-1.5, 1.5, 30)
    plain = evaluate(family, Places(along, across, turn), **EXAMPLES[family])
    for other in (Places(along, -across, -turn), Places(-along, -across, turn)):
        np.testing.assert_allclose(evaluate(family, other, **EXAMPLES[family]), plain, atol=1e-5)


def test_the_baselines_nest():
    rng = np.random.default_rng(3)
    places = Places(rng.uniform(-8, 8, (30, 5)), rng.uniform(-8, 8, (30, 5)), rng.uniform(-1.5, 1.5, 30))
    plain = {"scale": 3.0, "exponent": 1}
    iso = evaluate("ISO", places, **plain)
    np.testing.assert_allclose(iso, np.exp(-np.hypot(places.along, places.across) / 3))
    np.testing.assert_allclose(evaluate("COC", places, **plain, kappa=0.0), iso)
    np.testing.assert_allclose(evaluate("SEP", places, **plain, kappa=0.0), iso)
    sep = evaluate("SEP", places, **plain, kappa=2.0)
    np.testing.assert_allclose(sep, iso * np.exp(-4 * np.sin(places.turn[:, None]) ** 2))
    np.testing.assert_allclose(evaluate("ANI", places, **plain, kappa=2.0, elongation=1.0), sep)


def test_what_tells_the_families_apart():
    ahead, aside = Places(np.array([[5.0]]), np.array([[0.0]]), np.zeros(1)), Places(np.array([[0.0]]), np.array([[5.0]]), np.zeros(1))
    for family in ("ANI", "DP", "HR"):
        assert evaluate(family, ahead, **EXAMPLES[family]) > 3 * evaluate(family, aside, **EXAMPLES[family])
    place = np.array([[5.0]]), np.array([[2.0]])
    psi = np.arctan2(2.0, 5.0)
    for family in ("COC", "DP", "HR"):
        bent, unbent = (evaluate(family, Places(*place, np.array([turn])), **EXAMPLES[family]) for turn in (2 * psi, -2 * psi))
        assert bent > 1.5 * unbent


def test_the_library_holds_every_combination_of_the_plan():
    shapes, rng, grid = library(), np.random.default_rng(4), plan()["models"]["grid"]
    places = Places(rng.uniform(-8, 8, (20, 3)), rng.uniform(-8, 8, (20, 3)), rng.uniform(-1.5, 1.5, 20))
    for family, members in shapes.members.items():
        for name in PARAMETERS[family]:
            wanted = grid[name] if name != "length" else grid[name][family]
            if (family, name) == ("COC", "kappa"):
                wanted = [0.0, *grid["bend"]]
            assert {shapes.parameters(family, element)[name] for element in members} == set(wanted)
        some = rng.choice(members, 3)
        for element, values in zip(some, shapes.values(places, some), strict=True):
            parameters = shapes.parameters(family, element)
            assert tuple(parameters) == PARAMETERS[family]
            np.testing.assert_allclose(evaluate(family, places, **parameters), values, atol=1e-6)
    for inner, outer in (("ISO", "SEP"), ("SEP", "ANI"), ("ISO", "COC")):
        assert set(shapes.members[inner]) < set(shapes.members[outer])


@pytest.mark.parametrize("family", ["DP", "HR"])
def test_without_length_a_group_kernel_knows_distance_and_turn_but_no_direction(family):
    both = Places(np.array([[3.0], [0.0]]), np.array([[0.0], [3.0]]), np.zeros(2))
    ahead, aside = Group(family, 0.05, 0.3, 1.2).at(both)[:, 0]
    assert ahead == pytest.approx(aside, rel=0.03)
    ahead, aside = Group(family, plan()["models"]["grid"]["length"][family][0], 0.3, 1.2).at(both)[:, 0]
    assert ahead > 1.15 * aside


def test_unknown_families_and_parameters_are_refused():
    places = Places(np.ones((1, 1)), np.ones((1, 1)), np.zeros(1))
    with pytest.raises(PaperCodeError, match="choose one of ISO"):
        evaluate("GABOR", places)
    with pytest.raises(PaperCodeError, match="length, diffusion, blur"):
        evaluate("DP", places, D=0.1)
