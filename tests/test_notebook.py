"""The notebook of the guide runs from its first cell to its last, and is kept without outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def cells(repo: Path) -> list[dict[str, Any]]:
    notebook = json.loads((repo / "docs" / "analysis.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    found: list[dict[str, Any]] = notebook["cells"]
    return found


def test_the_notebook_is_kept_without_outputs(cells: list[dict[str, Any]]) -> None:
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_the_notebook_runs_and_draws_every_person_with_an_interval(
    cells: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)  # there is nobody to look
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    figure = names["figure"]
    figure.savefig(tmp_path / "figure.png", dpi=80)
    assert len(figure.axes) == 2
    assert all(len(axis.get_yticklabels()) == 8 for axis in figure.axes)
    assert len(names["analysed"].runs) == 16
    assert names["quick"]["value"].notna().any()
    names["plt"].close("all")
