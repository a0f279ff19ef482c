"""Laws of the group: it acts from the left, its frame is left-invariant, and parking moves sideways."""

import numpy as np

from paper_code.se2.curves import compose, frame, moved, parking

G, H = np.array([0.5, -0.4, 0.7]), np.array([-0.3, 1.0, 1.9])


def bump(x, y):
    return np.exp(-((x - 0.3) ** 2) - (2 * y + 0.1) ** 2)


def test_the_action_is_of_the_group_from_the_left():
    x, y = np.random.default_rng(0).normal(size=(2, 50))
    np.testing.assert_allclose(moved(G, moved(H, bump))(x, y), moved(compose(G, H), bump)(x, y), atol=1e-12)
    assert np.abs(moved(compose(H, G), bump)(x, y) - moved(compose(G, H), bump)(x, y)).max() > 0.1


def test_a_moved_function_has_its_origin_at_the_element():
    turned = moved([2.0, 3.0, np.pi / 2], lambda x, y: x)  # grows along y now
    np.testing.assert_allclose([turned(2.0, 3.0), turned(2.0, 4.0), turned(3.0, 3.0)], [0, 1, 0], atol=1e-12)


def test_the_frame_is_left_invariant():
    step = 1e-6
    for number, direction in enumerate(([1, 0, 0], [0, 0, 1], [0, 1, 0])):  # X1, X2, X3 at the identity
        carried = (compose(G, step * np.array(direction)) - G) / step
        np.testing.assert_allclose(carried, frame(G)[number], atol=1e-6)


def test_parking_ends_to_the_right():
    np.testing.assert_allclose(parking(1e-3)[-1] / 1e-6, [0, -1, 0], atol=2e-3)
