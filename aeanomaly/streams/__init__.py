"""Tables of any size, in pieces: what of them trains, and what all rows showed."""

from .drawing import Drawing, Drawn, KnownLabels, sampling_seed
from .frames import iter_frames
from .mixin import StreamMixin, check_sample_size, drawing_for

__all__ = [
    "Drawing",
    "Drawn",
    "KnownLabels",
    "StreamMixin",
    "check_sample_size",
    "drawing_for",
    "iter_frames",
    "sampling_seed",
]
