"""Tables of any size, in pieces: what of them trains, and what all rows showed."""

from .drawing import DEFAULT_SAMPLE, Drawing, Drawn, KnownLabels, sampling_seed
from .frames import iter_frames
from .mixin import StreamMixin

__all__ = [
    "DEFAULT_SAMPLE",
    "Drawing",
    "Drawn",
    "KnownLabels",
    "StreamMixin",
    "iter_frames",
    "sampling_seed",
]
