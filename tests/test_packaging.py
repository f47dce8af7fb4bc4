"""The wheel is whole, and its analysis works on a machine without PsychoPy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("mbtexp", "tasks", "analysis", "stimuli")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; fails with what it says if it fails."""
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def files_of_the_packages(repo: Path) -> set[str]:
    """Every file that belongs into the wheel."""
    files = (path.relative_to(repo) for name in PACKAGES for path in (repo / name).rglob("*"))
    return {
        path.as_posix()
        for path in files
        if (repo / path).is_file()
        and not any(part == "__pycache__" or part.startswith(".") for part in path.parts)
    }


@pytest.fixture(scope="module")
def wheel(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        *(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, repo),
        cwd=folder,
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(repo: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a fresh environment that holds the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    uv = shutil.which("uv") if os.name == "nt" else repo / "scripts" / "uv"
    if uv is None:
        pytest.skip("uv is not on the PATH")
    run(uv, "venv", "--python", sys.executable, folder / "venv", cwd=folder)
    bounds = ("--constraints", repo / "constraints.txt")
    run(uv, "pip", "install", "--python", folder / "venv", *bounds, wheel, cwd=folder)
    return folder / "venv" / ("Scripts" if os.name == "nt" else "bin")


def test_the_wheel_holds_every_file_of_the_four_packages(repo: Path, wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert {f"{name}/py.typed" for name in PACKAGES} <= shipped
    missing = files_of_the_packages(repo) - shipped
    assert missing == set()


def test_the_wheel_holds_nothing_but_the_packages_and_its_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    roots = {name.partition("/")[0] for name in names}
    [metadata] = roots - set(PACKAGES)
    assert metadata.endswith(".dist-info")
    assert f"{metadata}/licenses/LICENSE" in names


@pytest.mark.slow
def test_analysis_imports_where_there_is_no_psychopy(installed: Path, tmp_path: Path) -> None:
    said = run(
        installed / "python",
        "-c",
        """
import importlib, importlib.util, pkgutil
import analysis
assert "site-packages" in analysis.__file__, analysis.__file__
for module in pkgutil.walk_packages(analysis.__path__, "analysis."):
    importlib.import_module(module.name)
for name in ("psychopy", "pyglet", "psychtoolbox"):
    assert importlib.util.find_spec(name) is None, name
print("imported")
""",
        cwd=tmp_path,
    )
    assert said == "imported\n"


@pytest.mark.slow
def test_the_command_explains_itself_where_there_is_no_psychopy(
    installed: Path, tmp_path: Path
) -> None:
    assert "usage: mbtexp" in run(installed / "mbtexp", "--help", cwd=tmp_path)


def test_the_version_is_the_same_wherever_it_is_written(repo: Path) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text("utf-8"))["project"]
    citation = (repo / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [project["version"]]


def test_the_constraints_are_plain_versions_that_any_machine_can_take(repo: Path) -> None:
    lines = (repo / "constraints.txt").read_text("utf-8").splitlines()
    versions = [line for line in lines if not line.startswith("#")]
    assert len(versions) > 100
    assert [line for line in versions if not re.fullmatch(r"[a-z0-9.-]+==[0-9a-z.]+", line)] == []
