"""The documentation: its commands parse, its examples run, its tables and links are right."""

from __future__ import annotations

import contextlib
import re
import shlex
import tomllib
import typing
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from mbtexp import cli
from mbtexp.conduct import Request, conduct
from mbtexp.rig import Rig, read_rig, rig_from
from mbtexp.task import task_names
from mbtexp.triggers import check
from tasks.eyes.design import PRESETS, Params

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *ROOT.glob("docs/**/*.md"),
    ]
)
FENCE = re.compile(r"^([ ]*)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(
    r"^(?:scripts/with-display )?(?:mbtexp|\.venv/bin/mbtexp|\.venv\\Scripts\\mbtexp)(?: |$)(.*)"
)
PICTURES = ROOT / "docs" / "pictures"


@dataclass(frozen=True)
class Fenced:
    """A block of code in a page."""

    page: Path
    language: str
    text: str


def fenced(page: Path) -> list[Fenced]:
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Fenced(page, language, text) for _, language, text in (m.groups() for m in found)]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(page: Path) -> Iterator[str]:
    """What follows the program's name in every command line of a page."""
    lines = [line.strip() for block in fenced(page) for line in block.text.splitlines()]
    for line in [*lines, *re.findall(r"`([^`\n]+)`", prose(page))]:
        found = PROGRAM.match(line)
        if found and not line.startswith("mbtexp: "):
            yield found[1]


def words_of(command: str) -> list[str]:
    """The words of a command; an explanation after two blanks is left out, dots stand for more."""
    words = shlex.split(re.split(r" {2,}", command)[0], comments=True)
    if words[-1:] == ["..."]:
        words[-1:] = ["--participant", "01", "--data", "study"]
    named_only = len(words) == 1  # the page speaks of a command and does not give a line
    return [*words, "--help"] if named_only else words


ALL_COMMANDS = [
    pytest.param(command, id=f"{page.name}: {command}")
    for page in PAGES
    for command in dict.fromkeys(commands(page))
    if command
]


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_every_command_line_of_the_documentation_parses(command: str) -> None:
    words = words_of(command)
    if "--help" not in words:
        cli._parser().parse_args(words)
        return
    with pytest.raises(SystemExit) as ended:
        cli._parser().parse_args(words)
    assert ended.value.code == 0


def test_a_command_with_a_spelling_mistake_would_be_found() -> None:
    with pytest.raises(SystemExit):
        cli._parser().parse_args(words_of("run eyes --particpant 01 --data study"))
    assert len(ALL_COMMANDS) > 30


@pytest.mark.parametrize(
    "command",
    [
        *("run", "plan", "bids", "analyse", "report", "show", "stimuli", "tasks", "storyboard"),
        *("demo", "payout", "codes", "rig", "check", "reconcile", "study", "questionnaires"),
        *("session", "allocate", "protocols", "photos", "exclude", "watch"),
    ],
)
def test_every_command_of_the_program_is_in_the_readme_or_the_guide(command: str) -> None:
    pages = (ROOT / "README.md", ROOT / "docs/guide.md", ROOT / "docs/guide-session.md")
    shown = [command for page in pages for command in commands(page)]
    assert any(line.startswith(command) for line in shown)


# -- examples -------------------------------------------------------------------------------------


def code_pages() -> list[Path]:
    return [page for page in PAGES if any(b.language == "python" for b in fenced(page))]


@pytest.mark.parametrize("page", code_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_examples_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with prepared_folder(page, tmp_path, monkeypatch) as namespace:
        for block in fenced(page):
            _save(block, tmp_path)
        for block in fenced(page):
            if block.language == "python":
                code = compile(block.text, f"{page.name}, python", "exec", dont_inherit=True)
                exec(code, namespace)


def _save(block: Fenced, folder: Path) -> None:
    """A block whose first line is a file's name is that file."""
    first, _, rest = block.text.partition("\n")
    if re.fullmatch(r"# [\w./]+\.\w+", first):
        path = folder / first[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest, encoding="utf-8")


@contextlib.contextmanager
def prepared_folder(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """What a page takes for granted: a log to read, or a rig file with a line that answers."""
    namespace: dict[str, Any] = {"__name__": "documentation", "__file__": str(folder / "page.py")}
    if page.name == "log-format.md":
        request = Request(
            "eyes", "01", folder / "study", simulate=True, virtual=True, changes={"items": "2"}
        )
        yield {**namespace, "path": conduct(request).log}
    elif page.name == "triggers.md":
        emulate = pytest.importorskip("mbtexp.triggers.emulate", reason="needs a pseudo-terminal")
        monkeypatch.setattr(check, "WALK", (1, 2))  # a second each
        with emulate.RecordingPort() as port:
            rig = f'[trigger]\ndevice = "serial"\nport = "{port.name}"\n'
            (folder / "rig.toml").write_text(rig, encoding="utf-8")
            yield namespace
    else:
        yield namespace


def test_the_example_task_of_contributing_can_be_planned_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in fenced(ROOT / "CONTRIBUTING.md"):
        _save(block, tmp_path)
    assert cli.main(["plan", "reaction.py", "--participant", "01", "--set", "trials=3"]) == 0
    assert "3 trials" in capsys.readouterr().out
    words = "run reaction.py --participant 01 --data trial-run --simulate --virtual"
    assert cli.main(words.split()) == 0
    assert "10 trials; timing: good" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_rig_files_in_the_documentation_are_accepted(page: Path) -> None:
    known = {field.name for field in fields(Rig)}
    for block in fenced(page):
        if block.language == "toml" and known & set(tomllib.loads(block.text)):
            rig_from(tomllib.loads(block.text), where=page.name)


# -- tables ---------------------------------------------------------------------------------------


def spoken(default: Any) -> str:
    """A default as the documentation writes it."""
    if default is None:
        return "left out"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, str):
        return f'`"{default}"`'
    return "`[]`" if default == () else f"`{default}`"


def range_of(hint: Any, limits: Any) -> str:
    """A range as the documentation writes it."""
    if typing.get_origin(hint) is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(hint))
    return "" if limits is None else f"{plain(limits.low)} to {plain(limits.high)}"


def plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def wanted(settings: type[Any]) -> dict[str, tuple[str, str]]:
    """Default and range of every setting, tables within left out."""
    hints = typing.get_type_hints(settings)
    return {
        field.name: (spoken(field.default), range_of(hints[field.name], field.metadata["range"]))
        for field in fields(settings)
        if not is_dataclass(hints[field.name])
    }


def documented(text: str) -> dict[str, tuple[str, str]]:
    """Default and range as the tables of a page have them."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\| [^|]+ \|", text, re.MULTILINE)
    return {name: (default.strip(), limits.strip()) for name, default, limits in rows}


def rig_sections() -> dict[str, tuple[type[Any], str]]:
    """Each table of the rig file: its settings, and its part of the page."""
    page = (ROOT / "docs/rig.md").read_text(encoding="utf-8")
    top, *rest = re.split(r"^## \[(\w+)\]$", page, flags=re.MULTILINE)
    hints = typing.get_type_hints(Rig)
    parts = dict(zip(rest[::2], rest[1::2], strict=True))
    return {"": (Rig, top), **{name: (hints[name], part) for name, part in parts.items()}}


def test_the_rig_page_has_every_section() -> None:
    hints = typing.get_type_hints(Rig)
    sections = [name for name, hint in hints.items() if is_dataclass(hint)]
    assert [name for name in rig_sections() if name] == sections


@pytest.mark.parametrize("section", rig_sections())
def test_the_rig_page_has_every_key_with_its_default_and_range(section: str) -> None:
    settings, part = rig_sections()[section]
    assert documented(part) == wanted(settings)


def test_the_example_rig_is_the_defaults_key_by_key() -> None:
    path = ROOT / "rig.example.toml"
    assert read_rig(path) == Rig()
    text = path.read_text(encoding="utf-8")
    for settings, _ in rig_sections().values():
        for key in wanted(settings):
            assert re.search(rf"^(# )?{key} = ", text, re.MULTILINE), key


@pytest.fixture
def parameters() -> str:
    """The part of the Eyes page that lists the parameters."""
    page = (ROOT / "docs/tasks/eyes.md").read_text(encoding="utf-8")
    return re.split(r"^## ", page.partition("## Parameters")[2], flags=re.MULTILINE)[0]


def test_the_eyes_page_has_every_parameter_with_its_default_and_range(parameters: str) -> None:
    assert documented(parameters) == wanted(Params)


def test_every_parameter_of_the_eyes_page_has_a_source(parameters: str) -> None:
    rows = [line.split("|") for line in parameters.splitlines() if line.startswith("| `")]
    sources = {row[1].strip(" `"): row[5].strip() for row in rows}
    assert set(sources) == set(wanted(Params))
    assert all(sources.values())


def test_the_eyes_page_has_every_preset() -> None:
    page = (ROOT / "docs/tasks/eyes.md").read_text(encoding="utf-8")
    for preset, values in PRESETS.items():
        (row,) = re.findall(rf"^\| `{preset}` \| .*$", page, re.MULTILINE)
        assert all(str(value) in row for value in values.values() if isinstance(value, str))


def test_the_readme_says_of_each_paradigm_what_is_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| \[?(\w+)[^|]* \| [^|]+ \| (built|in work|planned)\b", readme, re.MULTILINE
    )
    said = {name.lower(): state for name, state in rows}
    assert len(said) == len(rows), "each once"
    installed = set(task_names())
    with_page = {name for name in said if (ROOT / "docs/tasks" / f"{name}.md").is_file()}
    for name, state in said.items():
        there = name in installed, name in with_page
        assert state == {(True, True): "built", (True, False): "in work"}.get(there, "planned"), (
            name
        )
    assert installed <= set(said)


# -- links and pictures ---------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings can be linked."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), target


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/**/*.md"):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert name == "README.md" or f"({name})" in index, name


def test_every_picture_is_shown_and_small() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = sorted(PICTURES.iterdir())
    assert pictures
    for picture in pictures:
        assert f"pictures/{picture.name}" in shown, picture.name
        assert picture.stat().st_size < 400_000
    assert sum(picture.stat().st_size for picture in pictures) < 3_000_000
