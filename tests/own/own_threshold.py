"""A threshold outside the package, with a name: so many deviations from the median."""

import numpy as np

from aeanomaly import Threshold


class MedianThreshold(Threshold):
    """Flags rows whose score lies far below the median of the held-out ones."""

    name = "median"

    def __init__(self, *, n_deviations=4.0):
        self.n_deviations = n_deviations

    def offset(self, scores, weights):
        median = np.median(scores)
        return float(median - self.n_deviations * np.median(np.abs(scores - median)))
