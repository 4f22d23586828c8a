"""``aeanomaly score`` of a folder or several files: an output for each input.

A run can end at any moment, and the next one goes on where it was. `inputs` says which
file becomes which; `manifest` what is done, and by what; `scoring` scores one part, in
this process or in those of `workers`; `watch` looks at all of them together; `run` puts
it together, and `summary` and `words` say it.
"""

from .inputs import writes_parts
from .run import score_parts

__all__ = ["score_parts", "writes_parts"]
