"""Runs that are killed at random moments leave the older output or the newer one."""

import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals"),
]


@pytest.mark.parametrize(("command", "n_kills"), [("save", 2)])
def test_killed_runs_leave_no_half_and_no_orphan(
    tmp_path, monkeypatch, command, n_kills
):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    import kills

    monkeypatch.setattr(kills, "N_ROWS", 5_000)
    kills.make_inputs(tmp_path)
    found = kills.kill_often(tmp_path, command, n_kills)
    assert set(found) == set(kills.SIGNALS)
    for outcomes in found.values():
        assert outcomes["HALF"] == outcomes["none"] == 0
        assert outcomes["orphan after the next run"] == 0
