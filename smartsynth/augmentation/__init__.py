"""Augmentation that proves itself: synthetic rows beside the real ones, and whether models gain from them.

strategy   how many rows of which class
making     a generator learns given real rows and makes them
learners   models that people train, and how their matrix is prepared
measures   how good predictions are
arms       what else people do: nothing, class weights, a moved threshold, random oversampling, SMOTE
threshold  the moved threshold
proof      cross-validation with paired intervals
verdict    what that comes to in sentences
augmenting   the whole path: `augment`
augmented    what it gives back: `Augmented`
page         the report
"""

from smartsynth.augmentation.augmented import Augmented
from smartsynth.augmentation.augmenting import augment
from smartsynth.augmentation.strategy import Strategy

__all__ = ["Augmented", "Strategy", "augment"]
