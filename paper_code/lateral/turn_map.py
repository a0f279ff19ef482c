"""The coefficient of cos Phi at each place around a cell and each turn of the source, by sums over pairs.

The sums serve the bootstrap over filters and the relabelling of cells as well.
"""

import numpy as np

from paper_code import se2

THETAS = np.pi * np.arange(12) / 12
WIDTH = np.deg2rad(15)  # sd of the Gaussian in theta
BLUR = 0.8  # px, sd of the Gaussian in the plane
MARGIN = 3  # px of squares beyond the outermost place, for the blur


class TurnMap:
    """The coefficient of cos Phi at q places and n turns: ``sum w K cos Phi / sum w cos^2 Phi``, w Gaussian in place and in turn.

    An offset counts at (along, across) and at (-along, -across).

    Parameters
    ----------
    frame : PairFrame
        Of p pairs.
    x, y : arrays (q,)
        Places: along the target's bars and across them, px.
    coherent : bool
        False leaves cos Phi out: the phase-blind mean.
    """

    def __init__(self, frame, x, y, coherent=True):
        reach = int(np.ceil(max(np.abs(x).max(), np.abs(y).max()))) + MARGIN
        self.side = 2 * reach + 1
        column, row = (np.rint(part).astype(int) + reach for part in (frame.along, frame.across))
        self.inside = (column >= 0) & (column < self.side) & (row >= 0) & (row < self.side)
        self.square = (row * self.side + column)[self.inside]
        self.pair = np.nonzero(self.inside)[0]
        self.frame, self.bins = frame, self.side**2
        self.wave = (np.cos(frame.phase) if coherent else np.ones_like(frame.phase))[self.inside]
        rows, columns = (part.ravel() - reach for part in np.indices((self.side, self.side)))
        self.blur = sum(np.exp(-((columns[:, None] - sign * x) ** 2 + (rows[:, None] - sign * y) ** 2) / (2 * BLUR**2)) for sign in (1, -1))
        self.turns = _turn_weights(frame.turn)
        self.squares = self._sum(self.wave**2)

    def _sum(self, values):
        return np.bincount(self.pair * self.bins + self.square, values, len(self.frame.turn) * self.bins).reshape(-1, self.bins)

    def products(self, kernel):
        """Sums of K cos Phi in the squares, (p, bins)."""
        flat = np.asarray(kernel, float).reshape(*np.shape(kernel)[:2], -1)
        return self._sum(flat[self.frame.target, self.frame.source][self.inside] * self.wave)

    def __call__(self, kernel):
        """The map of one kernel (m, m, k, k): (n, q)."""
        return self._ratio(self.turns @ self.products(kernel), self.turns @ self.squares)

    def bootstrap(self, kernel, draws):
        """With filter i counted ``draws[r, i]`` times: (r, n, q)."""
        numerator, denominator = self.products(kernel) @ self.blur, self.squares @ self.blur
        maps = []
        for draw in draws:
            turns = self.turns * (draw[self.frame.target] * draw[self.frame.source])
            maps.append(_divide(turns @ numerator, turns @ denominator))
        return np.stack(maps)

    def relabelled(self, kernel, orders):
        """With cell a given the label of cell b where ``orders[r, b] = a``: (r, n, q)."""
        below = self.turns @ self.squares
        return np.stack([self._ratio(self.turns @ self.products(kernel[np.ix_(order, order)]), below) for order in orders])

    def regrouped(self, kernel, orders):
        """With every pair's K, place and phase kept, and the turns dealt out anew by relabelled cells: (r, n, q)."""
        numerator, denominator = self.products(kernel) @ self.blur, self.squares @ self.blur
        count = len(kernel)
        number = np.zeros((count, count), int)
        number[self.frame.target, self.frame.source] = np.arange(len(self.frame.turn))
        maps = []
        for order in orders:
            turns = self.turns[:, number[order[self.frame.target], order[self.frame.source]]]
            maps.append(_divide(turns @ numerator, turns @ denominator))
        return np.stack(maps)

    def _ratio(self, numerator, denominator):
        return _divide(numerator @ self.blur, denominator @ self.blur)


def _turn_weights(turn):
    gap = se2.fold(turn - THETAS[:, None])
    return np.exp(-(gap**2) / (2 * WIDTH**2))


def _divide(numerator, denominator):
    """The ratio, 0 where a map has nothing to say."""
    enough = denominator > 1e-9
    return np.where(enough, numerator / np.where(enough, denominator, 1), 0.0)
