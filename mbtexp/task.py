"""What the core needs to know of a paradigm, and how it finds one: entry points or a file."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.languages import languages, read_words
from mbtexp.ports import Facts
from mbtexp.strict import build, from_text

if TYPE_CHECKING:
    from mbtexp.events import Log
    from mbtexp.run import Run
    from mbtexp.session import Session
    from mbtexp.simulate import Participant
    from mbtexp.stimuli import StimulusSet

GROUP = "mbtexp.tasks"
"""Entry-point group in which a package offers its paradigms."""


@dataclass(frozen=True)
class Column:
    """What a column of the design or the outcome means, for the log and the BIDS sidecar."""

    description: str
    units: str | None = None
    levels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class PhaseNote:
    """What a phase is, for the log and the BIDS sidecar."""

    description: str
    hed: str
    trial_type: str | None = None
    """Name of the regressor a model would use; None: nothing to model."""


@dataclass(frozen=True)
class Catalogue:
    """A task's words in one language; a missing key is an error, never an empty screen."""

    language: str
    words: Mapping[str, str]
    fingers: Mapping[str, str] = field(default_factory=dict)
    """What the participant calls a key or button, where the rig says so."""

    def __call__(self, key: str, **values: object) -> str:
        """The text for a key, with its blanks filled in; a button goes by its finger's name."""
        if key not in self.words:
            raise SettingError(f"the {self.language!r} texts have no entry {key!r}; add it.")
        return self.words[key].format(**{k: self._called(value) for k, value in values.items()})

    def _called(self, value: object) -> object:
        return self.fingers.get(value.lower(), value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Material:
    """What a run is made from: parameters, words and pictures."""

    params: Any
    text: Catalogue
    stimuli: StimulusSet | None = None
    keys: tuple[str, ...] = ()
    """The participant's keys, in the order in which the task names them."""
    earlier: tuple[Log, ...] = ()
    """Logs of the runs that this one builds on (``Task.builds_on``), in the order of the session;
    none where nobody has been here yet: in a plan, a storyboard, a trial run."""
    excluded: frozenset[str] = frozenset()
    """Words and stimuli, by their names in the log, that this participant must not see."""


@dataclass(frozen=True)
class Task:
    """A paradigm: its settings, its design, how it is played, and who can play it in simulation."""

    name: str
    title: str
    description: str
    params: type[Any]
    presets: Mapping[str, Mapping[str, Any]]
    design: Callable[[Session, Material], Sequence[Any]]
    play: Callable[[Run, Material], None]
    participant: Callable[[Session, Material], Participant]
    keys: Callable[[Any], tuple[str, ...]]
    instructions: Callable[[Material], str]
    """The instructions as the participant reads them."""
    columns: Mapping[str, Column]
    phases: Mapping[str, PhaseNote]
    codes: Mapping[str, int]
    texts: Path
    """Folder with one folder a language, and in each ``<task>.toml``."""
    stimuli: Callable[[Any], str | None] = lambda _: None
    """Name of the stimulus set that the parameters ask for."""
    own_photos: bool = False
    """Whether the participant's own photographs can take the place of that set."""
    builds_on: str | None = None
    """Task whose runs in the same session this one needs, to ask what was seen there."""
    references: tuple[str, ...] = ()
    cogatlas: str | None = None
    code_facts: Callable[[], Facts] = field(default=dict)
    person: type[Any] | None = None
    """Dataclass of numbers: the parameters of its simulated participants, if they can be chosen."""
    participant_of: Callable[[Session, Material, Any], Participant] | None = None
    """The simulated participant with these parameters (a ``person``)."""

    def settings(
        self, preset: str, changes: Mapping[str, str] | None = None, *, where: str = "--set"
    ) -> Any:
        """The parameters of a preset with the command line's changes, checked."""
        if preset not in self.presets:
            raise SettingError(
                f"task '{self.name}' has no preset {preset!r}; {did_you_mean(preset, self.presets)}"
            )
        typed = {
            key: from_text(self.params, key, text, where=where)
            for key, text in (changes or {}).items()
        }
        return build(self.params, {**self.presets[preset], **typed}, where=where)

    def played_by(self, person: Any) -> Task:
        """The task with this person in place of its own simulated participant."""
        simulated = self.participant_of
        if simulated is None:
            raise SettingError(
                f"task '{self.name}' lets nobody choose its simulated participant's parameters; "
                "it needs person and participant_of."
            )
        return replace(self, participant=lambda session, of: simulated(session, of, person))

    def languages(self) -> list[str]:
        """Languages that have a text file."""
        return languages(self.texts, self.name)

    def catalogue(self, language: str) -> Catalogue:
        """The task's words in a language: its name, or a folder of a lab's own words."""
        return Catalogue(*read_words(self.texts, self.name, language, whose=f"task '{self.name}'"))

    def column_facts(self) -> Facts:
        """The columns' meaning as plain JSON."""
        return {
            name: {
                "description": column.description,
                "units": column.units,
                "levels": dict(column.levels) if column.levels else None,
            }
            for name, column in self.columns.items()
        }

    def phase_facts(self) -> Facts:
        """The phases' meaning as plain JSON."""
        return {
            name: {"description": note.description, "hed": note.hed, "trial_type": note.trial_type}
            for name, note in self.phases.items()
        }


def with_keys(
    material: Material, keys: tuple[str, ...], fingers: Mapping[str, str] | None = None
) -> Material:
    """The material with the rig's keys or buttons, which its texts call by their fingers."""
    return replace(material, keys=keys, text=replace(material.text, fingers=fingers or {}))


def setting_table(settings: type[Any]) -> list[tuple[str, Any, str]]:
    """Name, default and meaning of each parameter, for help and documents."""
    return [(f.name, f.default, f.metadata.get("doc", "")) for f in fields(settings)]


def task_names() -> list[str]:
    """Names of the paradigms that installed packages offer."""
    return sorted(entry.name for entry in importlib.metadata.entry_points(group=GROUP))


def find_task(name: str) -> Task:
    """A paradigm by its name or by the path of a Python file that defines ``TASK``."""
    if name.endswith(".py"):
        return _task_from_file(Path(name))
    for entry in importlib.metadata.entry_points(group=GROUP):
        if entry.name == name:
            task = entry.load()
            break
    else:
        raise SettingError(f"task {name!r} is not known; {did_you_mean(name, task_names())}")
    if not isinstance(task, Task):
        raise SettingError(f"task {name!r}: its entry point does not lead to a Task.")
    return task


def _task_from_file(path: Path) -> Task:
    if not path.is_file():
        raise SettingError(f"{path}: there is no such task file; check the path.")
    # A name of its own: a file called random.py must not stand in for Python's.
    spec = importlib.util.spec_from_file_location(f"mbtexp_task_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingError(f"{path}: this is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # its dataclasses look for their module there
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise SettingError(
            f"{path}: line {error.lineno} is no valid Python ({error.msg}); correct it."
        ) from None
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise SettingError(f"{path}: the file defines no TASK = Task(...); add it.")
    return task
