"""Kernels are resolved or refused: closed forms without blur, sharp processes, estimates against errors, and bad arguments."""

import re
import time
import tracemalloc
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from se2_reference import hankel, sampled

from paper_code import se2
from paper_code.core.errors import PaperCodeError
from paper_code.se2 import checks
from paper_code.se2.modes import Process
from paper_code.se2.sampling import TOLERANCE, losses, resolved

# Right where they were wrong in silence


@pytest.mark.parametrize(
    "D11, D22, t", [(1, 1, 0.4), (1, 1, 0.2), (1, 1, 0.1), (1, 1, 0.05), (4, 0.5, 0.2), (0.01, 2, 0.1), (1e10, 1, 0.2), (1e-8, 50, 0.004)]
)
def test_short_times_without_blur_are_refined(D11, D22, t):
    value = float(se2.sample_points(se2.Enhancement(D11=D11, D22=D22, time=t, blur=0, blur_theta=0), 0, 0, 0))
    u = D22 * t
    assert value * 16 * D11 * D22 * t**2 == pytest.approx(1 + u / 8, abs=0.01 * u**2 + TOLERANCE)


def test_heat_kernels_without_blur_make_a_semigroup():
    given = dict(D11=0.7, D22=0.4, blur=0, blur_theta=0)
    once = se2.sample_grid(se2.Enhancement(time=0.5, **given), size=80, spacing=0.1, n_theta=48)
    square = (once.values**2).sum() * 0.1**2 * 2 * np.pi / 48
    assert square == pytest.approx(float(se2.sample_points(se2.Enhancement(time=1.0, **given), 0, 0, 0)), rel=1e-3)
    assert once.mass == pytest.approx(1, abs=2 * TOLERANCE) and once.values.min() > -1e-3 * once.values.max()
    assert once.moments().x2 == pytest.approx(once.process.moments().x2, rel=1e-3)


@pytest.mark.parametrize("life", [dict(time=9.0), dict(alpha=0.3), dict(alpha=0.8, shape=3)])
def test_straight_paths_have_their_closed_form(life):
    blur, jitter = 0.5, 0.1
    process = se2.DirectionProcess(D=1e-9, blur=blur, blur_theta=jitter, **life)
    x, y, theta = np.array([1.0, 9.0, 8.8, 3.0, 8.0]), np.array([0.0, 0.0, 1.5, -0.4, 1.0]), np.array([0.0, 0.1, 0.2, -0.3, 0.0])
    angle = np.linspace(-0.8, 0.8, 801)[:, None]  # of the source
    t, weight = (np.array([9.0]), 1.0) if "time" in life else (np.arange(0.02, 40, 0.04), 0.04)
    if "alpha" in life:
        rate = life["alpha"]
        weight = weight * rate * np.exp(-rate * t) * (rate * t) ** (life.get("shape", 1) - 1) / (2 if "shape" in life else 1)
    expected = []
    for px, py, turn in zip(x, y, theta, strict=True):
        gap = (px - t * np.cos(angle)) ** 2 + (py - t * np.sin(angle)) ** 2
        density = np.exp(-gap / (2 * blur**2) - (angle**2 + (turn - angle) ** 2) / (2 * jitter**2)) / (2 * np.pi * blur * jitter) ** 2
        expected.append((density * weight).sum() * (angle[1, 0] - angle[0, 0]))
    found, unchecked = (se2.sample_points(process, x, y, theta, tolerance=some) for some in (TOLERANCE, np.inf))
    np.testing.assert_allclose(found, expected, atol=2 * TOLERANCE * max(expected))
    if "time" in life:  # the modes that the blur alone asks for are too few
        assert np.abs(unchecked - expected).max() > 3 * TOLERANCE * max(expected)


def test_a_long_thin_resolvent_by_the_hankel_route():
    given = dict(D11=100.0, D22=0.01, alpha=1.0, blur=0.8, blur_theta=0.2)
    x, y, theta = np.array([0.0, 2.0, 5.0, 9.0]), np.array([0.0, 0.0, 0.5, -0.5]), np.array([0.0, 0.1, 0.0, -0.1])
    found, unchecked = (se2.sample_points(se2.Enhancement(**given), x, y, theta, tolerance=some) for some in (TOLERANCE, np.inf))
    expected = hankel(x, y, theta, modes=64, nodes=300, **given)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE * expected.max())
    assert np.abs(unchecked - expected).max() > 10 * TOLERANCE * expected.max()


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e5])
def test_heat_kernels_do_not_depend_on_the_unit_of_length(scale):
    given = dict(size=16, D22=0.1, time=2.0)
    unit = sampled(se2.Enhancement, D11=1.0, blur=0.5, spacing=0.5, **given).values
    scaled = sampled(se2.Enhancement, D11=scale**2, blur=0.5 * scale, spacing=0.5 * scale, **given).values
    np.testing.assert_allclose(scaled * scale**2, unit, atol=1e-9 * unit.max())


@pytest.mark.parametrize("life", [dict(time=3.0), dict(alpha=0.4), dict(alpha=2.0, shape=5)])
@pytest.mark.parametrize("D", [1e-12, 1e-7, 1e-3, 0.006, 0.2, 30.0])
def test_moments_keep_their_digits_as_the_diffusion_vanishes(D, life):
    found = vars(se2.DirectionProcess(D=D, blur=0, blur_theta=0, **life).moments())
    with localcontext() as digits:
        digits.prec = 80
        D = Decimal(D)
        time, rate, shape = (Decimal(life.get(name, 1)) for name in ("time", "alpha", "shape"))
        mean = time if "time" in life else shape / rate
        one, four = ((-c * time).exp() if "time" in life else (rate / (rate + c)) ** shape for c in (D, 4 * D))
        r2, z2 = 2 * (mean / D - (1 - one) / D**2), 2 / (3 * D**2) * (Decimal("0.75") - one + four / 4)
        back, forth = (1 - one) / D, (one - four) / (3 * D)
        expected = {"x": back, "x2": (r2 + z2) / 2, "y2": (r2 - z2) / 2, "x_cos": (back + forth) / 2, "y_sin": (back - forth) / 2}
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-11, abs=1e-13 * float(expected["x2" if "2" in name else "x"])), name


# The estimate


COARSE = [
    (se2.DirectionProcess(D=0.05, alpha=2.0, modes=8), 0.25),
    (se2.DirectionProcess(D=0.05, alpha=2.0), 0.7),
    (se2.DirectionProcess(D=0.3, alpha=2.0, blur=0.8, blur_theta=0.05, modes=12), 0.4),
    (se2.DirectionProcess(D=0.3, time=3.0, steps=4), 0.25),
    (se2.Enhancement(D11=1.0, D22=0.1, alpha=2.0, modes=8), 0.5),
    (se2.Enhancement(D11=2.0, D22=0.1, time=0.3, blur=0, blur_theta=0, modes=10), 0.3),
    (se2.Enhancement(D11=1.0, D22=0.1, time=1.0, blur=0, undirected=True), 0.5),
]


@pytest.mark.parametrize("process, step", COARSE, ids=str)
def test_the_estimate_bounds_the_error_and_is_not_far_above_it(process, step):
    rng = np.random.default_rng(0)
    near = process.reach / 6
    x, y, theta = rng.uniform(-near, near, 90), rng.uniform(-near, near, 90), rng.uniform(-0.5, 0.5, 90)
    x[:40], y[:40], theta[:40] = np.linspace(-near, 3 * near, 40), 0, 0
    fine = replace(process, modes=4 * process.modes, **({"steps": 4 * process.steps} if process.time_steps else {}))
    exact = se2.sample_points(fine, x, y, theta, step=step / 2, tolerance=np.inf)
    found = se2.sample_points(process, x, y, theta, step=step, tolerance=np.inf)
    error, estimate = np.abs(found - exact).max() / exact.max(), sum(losses(process, step).values())
    assert error / 2 < estimate < 100 * error


def test_what_is_resolved_is_left_as_it_is():
    for process in (
        se2.DirectionProcess(D=0.05, alpha=0.2),
        se2.DirectionProcess(D=0.1, time=6.0, blur=0.8, blur_theta=0.15),
        se2.Enhancement(D11=2.0, D22=0.1, alpha=0.25, blur=0.8, blur_theta=0.15),
        se2.Enhancement(D11=4.0, D22=0.1, time=3.0),
    ):
        assert resolved(process) == (process, process.blur / 2)
        assert max(losses(process, process.blur / 2).values()) < 1e-5


@pytest.mark.parametrize(
    "process, given",
    [
        (se2.DirectionProcess(D=0.1, alpha=0.5, modes=5), {}),
        (se2.DirectionProcess(D=1e-6, alpha=0.1, modes=39), {}),
        (se2.Enhancement(D11=1.0, D22=1.0, time=0.05, blur=0, blur_theta=0, modes=40), {}),
        (se2.DirectionProcess(D=0.1, alpha=0.5), {"step": 1.0}),
        (se2.Enhancement(D11=1.0, D22=1.0, time=0.1, blur=0, blur_theta=0), {"step": 0.25}),
        (se2.DirectionProcess(D=0.1, time=5.0, steps=2), {}),
    ],
    ids=str,
)
def test_a_number_that_is_too_coarse_is_refused_with_the_one_it_takes(process, given):
    for sample in (se2.sample_points, se2.lattice_kernel):
        with pytest.raises(PaperCodeError, match="too coarse") as refused:
            sample(process, *[0.5, 0, 0][: 3 * (sample is se2.sample_points)], **given)
    name, value = re.search(r"give (\w+) = ([\d.e+-]+)", str(refused.value)).groups()
    if name == "step":
        assert resolved(process, 0.999 * float(value))[1] == 0.999 * float(value)
    else:
        finer = replace(process, **{name: int(float(value))})
        assert resolved(finer)[0] == finer
    assert resolved(process, **given, tolerance=np.inf) == (process, given.get("step", resolved(process, tolerance=np.inf)[1]))


@pytest.mark.parametrize(
    "process, cure",
    [
        (se2.DirectionProcess(D=0.01, alpha=0.1, blur=0), "blur"),
        (se2.Enhancement(D11=1.0, D22=0.1, alpha=1.0, blur=0), "blur"),
        (se2.DirectionProcess(D=0.1, alpha=2.0, blur=0, shape=2, undirected=True), "blur"),
        (se2.DirectionProcess(D=0.1, time=2.0, blur=0), "blur"),
        (se2.DirectionProcess(D=0.1, alpha=0.5, blur_theta=0), "blur_theta"),
        (se2.DirectionProcess(D=0.1, alpha=0.5, blur=1e-6), "blur"),
    ],
    ids=str,
)
def test_what_no_grid_resolves_is_refused(process, cure):
    with pytest.raises(PaperCodeError, match=f"larger {cure}"):
        se2.sample_points(process, 1.0, 0, 0)


# Bad arguments: one line, at once, in little memory

NOTHING = Decimal("1e-400")  # of a blur or a cell, which may be 0
WRONG = [
    "1.5",
    b"1",
    None,
    [0.3, 0.4],
    {},
    1j,
    np.nan,
    -np.inf,
    10**400,
    10**5000,
    1e-320,
    1e300,
    Decimal("NaN"),
    np.array(["a"]),
    NOTHING,
]
PROCESS = se2.DirectionProcess(D=0.1, alpha=1.0)
FIELD = (np.zeros((3, 3)), [0, 1, 2], [2, 1, 0])
NUMBERS = {
    "D": lambda v: se2.DirectionProcess(D=v, alpha=1.0),
    "alpha": lambda v: sampled(se2.DirectionProcess, size=8, D=0.1, alpha=v),
    "time": lambda v: se2.Enhancement(D11=1.0, D22=1.0, time=v),
    "D11": lambda v: se2.Enhancement(D11=v, D22=1.0, time=1.0),
    "D22": lambda v: sampled(se2.Enhancement, size=8, D11=1.0, D22=v, time=1.0),
    "blur": lambda v: replace(PROCESS, blur=v),
    "blur_theta": lambda v: replace(PROCESS, blur_theta=v),
    "spacing": lambda v: se2.sample_grid(PROCESS, size=8, spacing=v),
    "tolerance": lambda v: se2.sample_points(PROCESS, 0, 0, 0, tolerance=v),
    "length": lambda v: se2.geodesic(0.1, 0.1, v),
    "curvature": lambda v: se2.association_arcs(length=1.0, curvature=v),
    "lattice spacing": lambda v: se2.lattice_kernel(PROCESS, spacing=v),
    "cell": lambda v: se2.lattice_kernel(PROCESS, cell=v),
    "cell_theta": lambda v: se2.lattice_kernel(PROCESS, cell_theta=v),
    "step": lambda v: se2.lattice_kernel(PROCESS, step=v),
    "box": lambda v: sampled(se2.DirectionProcess, size=8, D=0.1, alpha=1.0, box=v),
}
COUNTS = {
    "shape": lambda v: se2.DirectionProcess(D=0.1, alpha=1.0, shape=v),
    "modes": lambda v: replace(PROCESS, modes=v),
    "steps": lambda v: se2.sample_points(se2.DirectionProcess(D=0.1, time=1.0, steps=v), 0, 0, 0),
    "size": lambda v: se2.sample_grid(PROCESS, size=v),
    "n_theta": lambda v: se2.sample_grid(PROCESS, size=8, n_theta=v),
    "radius": lambda v: se2.lattice_kernel(PROCESS, radius=v),
    "lattice n_theta": lambda v: se2.lattice_kernel(PROCESS, n_theta=v),
    "geodesic count": lambda v: se2.geodesic(0.1, 0.1, 1.0, count=v),
    "arcs count": lambda v: se2.association_arcs(length=1.0, curvature=1.0, count=v),
    "points": lambda v: se2.association_arcs(length=1.0, curvature=1.0, points=v),
}
ARRAYS = {
    "points": lambda v: se2.sample_points(PROCESS, v, [1.0, 2.0, 3.0], 0),
    "spectrum": lambda v: PROCESS.spectrum(v, [1.0, 2.0, 3.0]),
    "frames": lambda v: se2.lattice_kernel(PROCESS, radius=1, frame_angles=v, offsets=np.zeros((9, 9, 2))),
    "angles": lambda v: se2.lattice_kernel(PROCESS, radius=1, angles=v, offsets=np.zeros((9, 9, 2))),
    "offsets": lambda v: se2.lattice_kernel(PROCESS, radius=1, offsets=v),
    "mode": se2.mode_field,
    "curvature": lambda v: se2.constant_curvature(v, [1.0, 2.0, 3.0]),
    "co-circular": lambda v: se2.co_circular(v, [1.0, 2.0, 3.0]),
}


def refused(call):
    """The message of a call that has to be refused at once and in little memory."""
    tracemalloc.start()
    start = time.perf_counter()
    try:
        with pytest.raises(PaperCodeError) as error:
            call()
        assert time.perf_counter() - start < 5 and tracemalloc.get_traced_memory()[1] < 3e8
    finally:
        tracemalloc.stop()
    message = str(error.value)
    assert "\n" not in message and 10 < len(message) < 250
    return message


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_not_a_number_in_range_is_refused(name):
    for value in [*WRONG, -1]:
        if (value is None and name in ("cell", "cell_theta", "step", "box")) or (value is NOTHING and name.startswith(("blur", "cell"))):
            continue
        assert name.split()[-1] in refused(lambda value=value: NUMBERS[name](value))


@pytest.mark.parametrize("name", COUNTS)
def test_what_is_not_a_count_that_fits_is_refused(name):
    for value in [-1, 1.0, "3", False, np.nan, [2], 2**31, 2**63, 10**400, 10**5000, 10**9, Decimal(3), None]:
        if value is None and name in ("modes", "steps"):  # then they are chosen
            continue
        message = refused(lambda value=value: COUNTS[name](value))
        assert name.split()[-1] in message or "would" in message


@pytest.mark.parametrize("name", ARRAYS)
def test_what_is_not_an_array_that_fits_is_refused(name):
    strange = ["a", ["a", "b"], [1j, 2.0], [[1.0], [1.0, 2.0]], [10**400], [None, 1.0], [Decimal("1e999")], {"x": 1}, object()]
    for value in [*strange, np.zeros(7), np.zeros((2, 5))]:
        refused(lambda value=value: ARRAYS[name](value))
    if name != "theta":  # an orientation that is missing is nan
        refused(lambda: ARRAYS[name](np.array([1.0, np.nan, 0.0])))


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: sampled(se2.DirectionProcess, size=8, D=0.1, alpha=1e-9), "alpha"),
        (lambda: se2.sample_points(se2.DirectionProcess(D=0.1, alpha=1e-9), 0, 0, 0), "alpha"),
        (lambda: se2.lattice_kernel(se2.Enhancement(D11=1e12, D22=1.0, alpha=1.0)), "alpha"),
        (lambda: se2.sample_points(PROCESS, 1e9, 0, 0), "memory"),
        (lambda: se2.sample_points(PROCESS, 1, 0, 0, box=1e9), "memory"),
        (lambda: se2.sample_grid(PROCESS, size=40000), "memory"),
        (lambda: se2.sample_grid(PROCESS, size=8, spacing=1e4), "memory"),
        (lambda: se2.sample_grid(PROCESS, size=8, spacing=1e-6), "memory"),
        (lambda: se2.sample_grid(PROCESS, size=2000, n_theta=200), "memory"),
        (lambda: se2.lattice_kernel(PROCESS, frame_angles=np.zeros(2000), angles=np.zeros(2000)), "memory"),
        (lambda: se2.lattice_kernel(PROCESS, radius=3000, n_theta=1), "memory|minutes"),
        (lambda: se2.sample_points(PROCESS, np.zeros(10**6), 0, 0), "minutes"),
        (lambda: se2.DirectionProcess(D=0.1, alpha=1.0, shape=10**6).spectrum(np.ones(10**4), 1.0), "minutes"),
        (lambda: replace(PROCESS, modes=8000).spectrum(np.ones(10**4), 1.0), "memory"),
        (lambda: se2.DirectionProcess(D=0.1, time=1e20).spectrum([1.0], [1.0]), "minutes"),
        (lambda: se2.DirectionProcess(D=0.1, alpha=1.0, blur_theta=1e-9), "blur_theta"),
        (lambda: se2.geodesic(0.1, 1e3, 1e3), "too long"),
        (lambda: se2.sample_points("a process", 0, 0, 0), "process must"),
        (lambda: se2.sample_grid(None, size=8), "process must"),
        (lambda: se2.lattice_kernel(3), "process must"),
        (lambda: replace(PROCESS, undirected="no"), "undirected"),
        (lambda: replace(PROCESS, alpha=None), "either alpha"),
        (lambda: replace(PROCESS, time=3.0), "either alpha"),
        (lambda: se2.DirectionProcess(D=0.1, time=1.0, shape=2), "shape"),
        (lambda: sampled(se2.DirectionProcess, size=8, D=0.1, alpha=0.2, box=20.0), "too small"),
        (lambda: se2.lattice_kernel(PROCESS, box=9.0), "too small"),
        (lambda: se2.lattice_kernel(PROCESS, frame_angles=0.3), "frame_angles must"),
        (lambda: se2.lattice_kernel(PROCESS, offsets=np.zeros((2, 2))), "offsets must"),
        (lambda: se2.geodesic(np.nan, 0, 1), "b must"),
        (lambda: se2.mode_field(np.zeros((2, 3, 3))), "mode_field"),
        (lambda: se2.sample_points(PROCESS, [1, 2], [1, 2, 3], 0), "shapes"),
    ],
)
def test_what_would_take_too_much_or_is_no_argument_is_refused(call, word):
    assert re.search(word, refused(call))


def test_every_kind_of_real_number_is_taken():
    values = [
        se2.sample_points(se2.DirectionProcess(D=kind("0.125"), alpha=kind("0.5"), blur=kind("0.5")), kind("1"), 0, 0)
        for kind in (float, Decimal, Fraction, lambda text: np.float32(text), lambda text: np.array(float(text)))
    ]
    assert np.ptp(values) == 0
    assert se2.sample_points(se2.DirectionProcess(D=1, alpha=np.int64(1), modes=np.int32(40)), [Fraction(1, 2), 1], 0, 0).shape == (2,)


@pytest.mark.parametrize("strange", [[], {}, np.zeros(2)], ids=["list", "dict", "array"])
def test_what_cannot_be_hashed_is_refused_like_any_other_argument(strange):
    for call in (lambda: se2.sample_grid(strange, size=8), lambda: resolved(PROCESS, strange), lambda: resolved(PROCESS, None, strange)):
        refused(call)


def test_a_process_without_its_diffusion_is_none():
    class Half(Process):
        """Lacks what the two processes add."""

    with pytest.raises(TypeError, match="abstract.*evolve.*moments.*reach.*resolve"):
        Half(alpha=1.0)


@pytest.mark.parametrize("size, n_theta", [(150, 8), (80, 64)])
def test_memory_is_what_the_check_reckons_with(size, n_theta, monkeypatch):
    asked = []
    monkeypatch.setattr("paper_code.se2.sampling.check_memory", lambda needed, advice: asked.append(needed))
    process = se2.DirectionProcess(D=0.1, alpha=0.6)
    used = checks.peak_memory(lambda: se2.sample_grid(process, size=size, n_theta=n_theta))
    blocks = 1e7
    assert 0.3 * max(asked) < used < 1.1 * max(asked) + blocks
    asked.clear()
    wide = checks.peak_memory(lambda: se2.sample_points(process, 50.0, 0, 0))
    assert 0.3 * max(asked) < wide < 1.1 * max(asked) + 2 * blocks


@pytest.mark.parametrize("value", ["1.5", [b"1"], np.array("2020-01-01", "M8[D]"), [10**400]], ids=["text", "bytes", "a date", "huge"])
@pytest.mark.parametrize("take", [se2.fold, lambda value: se2.co_circular(value, 1)], ids=["fold", "co_circular"])
def test_what_is_no_number_is_no_place(take, value):
    with pytest.raises(PaperCodeError, match="as an array of numbers"):
        take(value)
