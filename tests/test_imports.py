"""What importing loads and starts: nothing that an analysis or a help text would wait for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BLOCK = """
import importlib, json, os, pkgutil, sys, threading

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("psychopy", "psychtoolbox", "pyglet", "serial"):
            raise ImportError(f"{name} must not be loaded here")

sys.meta_path.insert(0, Blocked())
"""


def python(code: str, *, cwd: Path, timeout_s: float = 60) -> str:
    """What a fresh interpreter prints."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def facts(code: str, *, cwd: Path) -> Any:
    """What a fresh interpreter without screen and ports prints as JSON."""
    return json.loads(python(BLOCK + code, cwd=cwd))


def test_the_block_blocks(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="serial must not be loaded here"):
        facts("import serial", cwd=tmp_path)


@pytest.mark.parametrize("package", ["mbtexp", "analysis", "tasks", "stimuli"])
def test_a_package_imports_without_screen_and_ports_and_starts_no_thread(
    package: str, tmp_path: Path
) -> None:
    threads = facts(
        f"import {package}; print(json.dumps([t.name for t in threading.enumerate()]))",
        cwd=tmp_path,
    )
    assert threads == ["MainThread"]


@pytest.mark.parametrize("package", ["analysis", "tasks", "stimuli"])
def test_no_module_left_or_right_of_a_run_needs_screen_or_ports(
    package: str, tmp_path: Path
) -> None:
    modules = facts(
        f"""
import {package}
names = [m.name for m in pkgutil.walk_packages({package}.__path__, "{package}.")]
for name in names:
    importlib.import_module(name)
print(json.dumps(names))
""",
        cwd=tmp_path,
    )
    assert all(name.startswith(f"{package}.") for name in modules)


def test_importing_mbtexp_loads_no_numbers_library(tmp_path: Path) -> None:
    loaded = facts("import mbtexp; print(json.dumps(sorted(sys.modules)))", cwd=tmp_path)
    assert "mbtexp" in loaded
    assert not {"numpy", "pandas", "scipy"} & set(loaded)


@pytest.mark.skipif(sys.platform != "linux", reason="counts the system's threads in /proc")
def test_importing_mbtexp_starts_no_thread_of_the_system_either(tmp_path: Path) -> None:
    threads = facts("import mbtexp; print(len(os.listdir('/proc/self/task')))", cwd=tmp_path)
    assert threads == 1


def test_the_help_comes_at_once_and_loads_neither_numbers_nor_screen(tmp_path: Path) -> None:
    said = python(
        """
import sys
from importlib.metadata import entry_points

[command] = entry_points(group="console_scripts", name="mbtexp")
sys.argv = ["mbtexp", "--help"]
try:
    status = command.load()()
except SystemExit as leave:
    status = leave.code
print("status", status or 0)
print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}))
""",
        cwd=tmp_path,
        timeout_s=20,
    )
    *help_text, status, loaded = said.splitlines()
    assert "usage: mbtexp" in "\n".join(help_text)
    assert status == "status 0"
    assert "mbtexp" in loaded.split()
    assert not {"numpy", "pandas", "scipy", "psychopy", "serial"} & set(loaded.split())
