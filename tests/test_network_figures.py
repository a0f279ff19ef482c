"""What the figures of chapters 02 and 03 must show: the right images in the right rows, the shapes, every network and cell."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from paper_code.emergence.learning import Accuracy, Growth
from paper_code.figures import architecture, training
from paper_code.images.image_set import ImageSet
from paper_code.network.config import NetworkConfig
from paper_code.network.cost import stages
from paper_code.network.dynamics import trace
from paper_code.network.layers import EarlyLayers
from paper_code.network.model import Network

RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def image_set(per_class):
    """Images of which each is one grey level: ten times its label, plus its rank in the class."""
    labels = np.repeat(np.arange(len(per_class)), per_class)
    ranks = np.concatenate([np.arange(count) for count in per_class])
    images = np.broadcast_to((10 * labels + ranks).astype(np.uint8)[:, None, None], (len(labels), 64, 64)).copy()
    none = np.empty((0, 64, 64), np.uint8), np.empty(0, np.int64)
    return ImageSet("planted", tuple(f"class {number}" for number in range(len(per_class))), images, labels, *none)


def test_contact_sheet_shows_each_class_in_its_own_row_and_copes_with_few_images():
    panel = training.contact_sheet(image_set([10, 3, 1])).axes[0]
    sheet = panel.images[0].get_array()
    shown = [[int(sheet[row * 67 + 5, column * 67 + 5]) for column in range(10)] for row in range(3)]
    assert shown == [list(range(10)), [10, 11, 12, *[255] * 7], [20, *[255] * 9]]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["class 0", "class 1", "class 2"]


def test_contact_sheet_of_many_classes_shows_the_first_and_the_last():
    labels = [label.get_text() for label in training.contact_sheet(image_set([1] * 25)).axes[0].get_yticklabels()]
    assert len(labels) == 20 and labels[0] == "class 0" and labels[-1] == "class 24"


@pytest.mark.parametrize("changes", [{}, {"l0": "none"}, {"lateral_size": 0}, {"blur": 0.0, "noise": 0.0, "silenced": 0.0}, {"stride": 1}])
def test_the_drawing_names_the_shapes_and_weights_of_whatever_network(changes):
    config = replace(NetworkConfig(cells=6, lateral_size=5, widths=(4, 8), classes=3), **changes)
    network = Network(config, seed=0).eval()
    rows = stages(config)
    seen = trace(network, RNG.normal(size=(64, 64)))
    figure = architecture.network(config, rows, seen, EarlyLayers.from_tensors(network.early_layers()), seen.lively(6))
    words = {text.get_text() for text in figure.axes[0].texts}
    for stage in rows:
        if stage.name in ("l0", "l1", "lateral"):
            assert " × ".join(map(str, stage.shape)) in words and f"{stage.parameters:,} weights" in words
    assert ("lateral loop" in words) == config.lateral
    assert any("silenced" in word for word in words) == (config.silenced > 0)
    placed = [text.get_position()[0] for text in figure.axes[0].texts]
    assert 0 < min(placed) and max(placed) < architecture.BOARD[0]


def test_every_network_is_a_dot_at_its_accuracy():
    groups = [Accuracy("reference", "h", 20, 100, (0, 1), np.array([0.4, 0.5]), np.array([0.45, 0.55]))]
    groups.append(Accuracy("one", "h", 20, 100, (7,), np.array([0.2]), np.array([0.3])))
    panel = training.accuracies(groups, {}).axes[0]
    dots = np.concatenate([collection.get_offsets()[:, 0] for collection in panel.collections])
    np.testing.assert_allclose(np.sort(dots), [0.2, 0.3, 0.4, 0.45, 0.5, 0.55])


@pytest.mark.parametrize("l0, rows", [("linear", 2), ("none", 1)])
def test_what_a_cell_sees_is_drawn_with_and_without_l0(l0, rows):
    network = Network(NetworkConfig(cells=6, lateral_size=5, widths=(4, 8), classes=3, l0=l0), seed=0)
    figure = architecture.receptive_fields(EarlyLayers.from_tensors(network.early_layers()), [4, 2], np.arange(3.0), np.arange(3.0))
    words = {panel.get_ylabel() for panel in figure.axes}
    assert ("l1 * l0" in words) == (rows == 2) and "l1" in words
    assert sum(len(panel.images) for panel in figure.axes) == 2 * rows + (rows == 2)


@pytest.mark.parametrize("with_l0", [True, False])
def test_growth_has_a_row_for_l0_and_each_cell_and_a_column_for_each_step(with_l0):
    steps, every = np.array([0, 10, 100]), np.array([0, 1, 10, 100])
    l0 = RNG.normal(size=(3, 7, 7)) if with_l0 else None
    likeness = np.linspace(0, 1, 4) if with_l0 else None
    grown = Growth(steps, l0, np.array([4, 2]), RNG.normal(size=(3, 2, 15, 15)), every, likeness, RNG.uniform(size=(4, 6)))
    pictures = [panel for panel in training.filter_growth(grown).axes if panel.images]
    assert len(pictures) == 3 * (2 + with_l0)
    np.testing.assert_allclose(pictures[-1].images[0].get_array(), grown.fields[-1, -1])
