"""The README's Python runs, and its commands name files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow
def test_the_python_example_runs_and_saves_a_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})
    assert "reason_1" in capsys.readouterr().out
    assert (tmp_path / "detector.aea").exists()


def test_links_and_the_main_command_name_files_that_exist():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
    assert "aeanomaly detect datasets/transactions.csv" in README
    assert (ROOT / "datasets/transactions.csv").exists()


def test_the_main_command_drops_columns_that_exist():
    from aeanomaly.datasets import load_transactions

    (dropped,) = re.findall(r"--drop (\S+) --output", README)
    assert set(dropped.split(",")) < set(load_transactions().columns)


def test_the_gate_finds_the_test_command():
    after = README.split("<!-- test command -->")[1]
    commands = after.split("```")[1].splitlines()
    assert any(line.startswith("python3 -m venv") for line in commands)
