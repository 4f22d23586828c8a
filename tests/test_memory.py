"""Programs that are no longer used leave nothing behind."""

import gc
import os
import subprocess
import sys
import weakref

import numpy as np
import pytest

pytest.importorskip("keras")

from test_programs import make_plan, make_steps, trained  # noqa: E402

from aeanomaly.training import memory, programs  # noqa: E402

N_SHAPES = 24
GROWTH = f"""
import pathlib, resource, sys
import numpy as np
from aeanomaly.training import programs
from test_programs import make_plan, make_steps, trained
programs._MAX_PROGRAMS, programs._FORGOTTEN_TOGETHER = 2, 4
rows = np.zeros((30, 4), dtype=np.float32)

def megabytes():
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20

for width in range(3, 3 + {N_SHAPES}):
    if width == 10:
        before = megabytes()
    program = programs.get_program(make_plan(hidden=(width,)))
    trained(program, rows, make_steps(3))
print(megabytes() - before)
"""


def registered():
    from tensorflow.python.framework import ops

    names = ops.gradient_registry._registry
    return {name for name in names if name.startswith("CustomGradient-")}


def test_a_forgotten_program_and_its_graphs_are_freed():
    before = registered()
    program = programs.TrainingProgram(make_plan(hidden=(6,)))
    rows = np.zeros((30, 4), dtype=np.float32)
    trained(program, rows, make_steps(2), held_out=rows)
    (function,) = program._functions.values()
    graphs = [weakref.ref(graph) for graph in memory._with_inner(function.graph)]
    # The function itself, and the bodies and conditions of its two loops.
    assert len(graphs) >= 5
    assert registered() > before
    del function, program
    gc.collect()
    assert registered() == before
    assert not any(graph() for graph in graphs)


def test_what_forgotten_programs_leave_is_freed_every_few_of_them(monkeypatch):
    freed = []
    monkeypatch.setattr(programs, "release_unused", lambda: freed.append(True))
    monkeypatch.setattr(programs, "_programs", type(programs._programs)())
    monkeypatch.setattr(programs, "_MAX_PROGRAMS", 1)
    monkeypatch.setattr(programs, "_FORGOTTEN_TOGETHER", 2)
    monkeypatch.setattr(programs, "TrainingProgram", lambda plan, device: plan)
    for width in range(3, 8):
        programs.get_program(make_plan(hidden=(width,)))
    assert len(freed) == 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_shapes_of_networks():
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", GROWTH],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    # Seventeen shapes took 65 MB when they were kept.
    assert float(found.stdout) < 25
