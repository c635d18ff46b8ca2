"""A noise that gives what a test says, and writes down what it was asked for."""

import numpy as np

from smartsynth.privacy.noise import Noise


class Recorder(Noise):
    """Gives the answers of a list, or next to no noise; `asked` holds what, the counts, the noise and the most that one person changes."""

    def __init__(self, answers=None):
        self.asked, self.answers = [], answers

    def gaussian(self, counts, *, sigma, sensitivity, what):
        self.asked.append((what, np.array(counts, float), sigma, sensitivity))
        if self.answers is not None:
            return self.answers[len(self.asked) - 1]
        return np.random.default_rng(len(self.asked)).normal(np.array(counts, float), 1e-6)
