"""What was usual in the columns of the training rows, which reasons speak of."""

from .base import Usual
from .levels import UsualLevels
from .numbers import UsualNumbers
from .ranges import ExpectedRange
from .times import UsualClock, UsualTimes

USUAL_CLASSES = (UsualNumbers, UsualTimes, UsualClock, UsualLevels)

__all__ = [
    "USUAL_CLASSES",
    "ExpectedRange",
    "Usual",
    "UsualClock",
    "UsualLevels",
    "UsualNumbers",
    "UsualTimes",
]
