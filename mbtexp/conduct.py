"""Conduct a run: from what was asked for to a closed log, with every check before the window."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mbtexp.clock import VIRTUAL_UTC, MonotonicClock, VirtualClock
from mbtexp.errors import DataError, DeviceError, DiskError, SettingError
from mbtexp.events import FORMAT, EventLog, Log, find_logs, read_log
from mbtexp.excluded import allowed, read_excluded
from mbtexp.languages import font_of, is_path, languages, read_words
from mbtexp.plan import make_plan, run_codes
from mbtexp.port import Ports
from mbtexp.ports import Clock, Display, Facts, Responses, Trigger
from mbtexp.priority import normal_memory, quiet_memory, raise_priority, restore_priority
from mbtexp.responses.buttoncheck import check_buttons, fingers_of, what_is_wrong
from mbtexp.responses.fingers import answer_keys, finger_names
from mbtexp.responses.holding import Holding
from mbtexp.responses.merged import Merged
from mbtexp.responses.opening import open_box
from mbtexp.rig import Rig, read_rig
from mbtexp.run import Run
from mbtexp.scanner.counter import PulseSummary
from mbtexp.scanner.opening import Scanner, scanner_of
from mbtexp.scanner.source import with_pulses
from mbtexp.session import Session
from mbtexp.simulate import Participant, SimulatedResponses
from mbtexp.stimuli import PHOTOS, StimulusSet, find_set, is_own, verify
from mbtexp.task import Catalogue, Material, Task, find_task, with_keys
from mbtexp.timeline import Text
from mbtexp.triggers import open_trigger
from mbtexp.triggers.compact import sent_values
from mbtexp.triggers.exports import exports_of, write_beside
from mbtexp.virtual import VirtualDisplay

FREE_DISK_BYTES = 20_000_000
"""Least free space with which a run is started."""


@dataclass(frozen=True)
class Request:
    """What the operator asked for on the command line."""

    task: str
    participant: str
    data: Path
    session: str = "01"
    run: int = 1
    preset: str | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    rig: Path | None = None
    seed: int = 0
    language: str = "en"
    pilot: bool = False
    resume: bool = False
    simulate: bool = False
    virtual: bool = False
    with_triggers: bool = False
    mock_triggers: bool = False
    """Do without the rig's trigger line, and say so wherever it matters."""
    emulate_scanner: str | None = None
    """What an emulated scanner does (``mbtexp.scanner.emulate``); None: no emulated scanner."""
    volumes: int | None = None
    """Volumes of this run's scan, in place of the rig's."""
    first: int = 0
    """Show only that many trials of the design, to try a task out; 0: all."""
    size: tuple[int, int] | None = None
    photos: Path | None = None
    """Store of the participants' own photographs; tasks that can show them then do."""
    protocol: Mapping[str, Any] | None = None
    """Where in a session's protocol the run stands, for the log; None: a run of its own."""
    virtual_utc: str = VIRTUAL_UTC
    """Time of day at which a virtual run's clock shows zero: a session's runs have an order."""


@dataclass(frozen=True)
class Prepared:
    """A run that has been checked: its design, its words and pictures, its rig."""

    task: Task
    session: Session
    preset: str
    material: Material
    rig: Rig
    rows: tuple[Any, ...]
    left_out: int = 0
    """Trials of the design that this participant must not see."""

    @property
    def participant(self) -> Participant:
        """The simulated participant for this design."""
        return self.task.participant(self.session, self.material)


@dataclass(frozen=True)
class Conducted:
    """How a run went."""

    log: Path
    trials: int
    timing: Facts
    codes: Facts
    """What became of the trigger codes: how many were asked for, were lost, had each outcome."""
    devices: Facts
    pulses: PulseSummary | None = None
    """What came of the scanner's pulses; None without a scanner."""

    @property
    def codes_lost(self) -> int:
        """How many trigger codes never reached the line."""
        return int(self.codes["lost"])


@dataclass(frozen=True)
class Devices:
    """The open ports of a run, and what they say of themselves."""

    clock: MonotonicClock | VirtualClock
    display: Display
    responses: Responses
    trigger: Trigger
    priority: str

    def facts(self) -> Facts:
        """For the header."""
        return {
            "display": {**self.display.describe(), "priority": self.priority},
            "responses": self.responses.describe(),
            "trigger": self.trigger.describe(),
        }


def prepare(request: Request) -> Prepared:
    """Everything about a run that can be known, and refused, before a device is opened."""
    task = find_task(request.task)
    preset = request.preset or next(iter(task.presets))
    params = task.settings(preset, _changes(task, request))
    rig = Rig() if request.rig is None else read_rig(request.rig)
    session = Session(request.participant, task.name, request.session, request.run, request.seed)
    material = Material(params, task.catalogue(request.language), _stimuli(task, params, request))
    keys = answer_keys(rig.responses, task.name, preset, task.keys(params))
    material = with_keys(material, keys, finger_names(rig.responses))
    material = replace(material, earlier=_earlier_runs(task, session, request))
    material = replace(material, excluded=read_excluded(request.data, session.participant))
    designed = tuple(task.design(session, material))
    rows = allowed(designed, material.excluded, task.columns)
    if designed and not rows:
        raise SettingError(
            f"{task.name}: this participant must not see anything of it; leave the run out."
        )
    left_out = len(designed) - len(rows)
    rows = rows[: request.first] if request.first else rows
    return Prepared(task, session, preset, material, rig, rows, left_out)


def conduct(
    request: Request,
    *,
    prepared: Prepared | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_ready: Callable[[Devices], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Conducted:
    """Run a task with a participant, or a simulated one, and leave a closed log.

    Parameters
    ----------
    request
        What was asked for.
    prepared
        The run if it has been prepared already, perhaps with another simulated participant.
    on_progress
        Called with the number of finished trials and of all.
    on_ready
        Called with the open devices before the first screen.
    tell
        Called between trials with a sentence that the operator should read at once.

    Raises
    ------
    MbtexpError
        Something asked for is not possible, a device failed, or the operator stopped the run.
    """
    prepared = prepared or prepare(request)
    plan = make_plan(
        prepared.task, prepared.session, prepared.material, prepared.rig, prepared.rows
    )
    scanner = scanner_of(
        prepared.rig,
        plan.scan_s,
        volumes=request.volumes,
        emulate=request.emulate_scanner,
        simulated=request.simulate or request.virtual,
    )
    path = prepared.session.log_path(request.data, pilot=request.pilot)
    _refuse_without_earlier(prepared, request)
    refuse_data(request)
    earlier = _earlier(path, prepared, request)
    elapsed = _elapsed(earlier, virtual=request.virtual)
    with _devices(request, prepared, elapsed, scanner) as devices:
        if on_ready is not None:
            on_ready(devices)
        asks = prepared.rig.responses.check and not request.simulate
        checked = _refuse_wrong_buttons(request, prepared, devices) if asks else None
        kind, facts = _opening(request, prepared, devices, earlier)
        if scanner is not None:
            facts["scanner"] = scanner.facts()
        unwritten = _leave_codes(prepared, path.parent)
        log = EventLog(path, resume=earlier is not None)
        log.append(kind, facts.pop("t"), **facts)
        run = Run(
            display=devices.display,
            responses=devices.responses,
            trigger=devices.trigger,
            clock=devices.clock,
            log=log,
            trials=prepared.rows,
            recorded=[] if earlier is None else list(earlier.of("trial")),
            operator=prepared.rig.operator,
            codes=run_codes(prepared.task),
            code_names={code: name for name, code in prepared.task.codes.items()},
            words=_core_words(request.language, prepared.rig),
            scanner=None if scanner is None else scanner.settings,
            stop_when_lost=_stop_when_lost(prepared.rig),
            asks_operator=not request.simulate,
            pause_button=prepared.rig.responses.pause_button,
            on_progress=on_progress,
            tell=tell,
        )
        with _room_for_the_run(request), run:
            for warning in (*plan.warnings, *unwritten):
                run.note("about the trigger codes", warning=warning)
                if tell is not None:
                    tell(warning)
            for sentence in _about_photographs(prepared):
                run.note("about the photographs", warning=sentence)
                if tell is not None:
                    tell(sentence)
            if prepared.left_out:
                run.note("trials that this participant must not see", left_out=prepared.left_out)
            if "mock" in devices.trigger.describe():
                run.banner("no_triggers")
            if checked is not None:
                run.note("buttons checked", buttons=checked)
            prepared.task.play(run, prepared.material)
            if prepared.rig.responses.device != "keyboard":
                run.note("response device", **devices.responses.describe())
        return Conducted(
            log=path,
            trials=len(run.recorded),
            timing=run.timing.facts(),
            codes=devices.trigger.counts(),
            devices=devices.facts(),
            pulses=run.pulses,
        )


# -- before the window ----------------------------------------------------------------------------


def _changes(task: Task, request: Request) -> Mapping[str, str]:
    """What the operator changed; with photographs, a task that can show them takes them."""
    if request.photos is None or not task.own_photos or "stimuli" in request.changes:
        return request.changes
    return {**request.changes, "stimuli": PHOTOS}


def _stimuli(task: Task, params: Any, request: Request) -> StimulusSet | None:
    name = task.stimuli(params)
    if name is None:
        return None
    stimuli = _own_photos(name, request) if is_own(name) else find_set(name)
    verify(stimuli)
    return stimuli


def _own_photos(name: str, request: Request) -> StimulusSet:
    """The participant's photographs, in memory; a plan has no data folder."""
    from mbtexp.photos.own import own_set  # noqa: PLC0415  only where they are shown

    data = None if request.data == Path() else request.data
    return own_set(name, request.photos, request.participant, simulated=request.simulate, data=data)


def _about_photographs(prepared: Prepared) -> tuple[str, ...]:
    """Which of somebody's own photographs may not be shown, by condition."""
    stimuli = prepared.material.stimuli
    return () if stimuli is None or stimuli.kind != "own" else stimuli.warnings


def _pictures(prepared: Prepared) -> Mapping[str, bytes]:
    """Pictures that the screen cannot find in files."""
    return {} if prepared.material.stimuli is None else prepared.material.stimuli.pictures


def _earlier_runs(task: Task, session: Session, request: Request) -> tuple[Log, ...]:
    """The session's runs that a task builds on, by the time at which they began."""
    if task.builds_on is None:
        return ()
    folder = session.log_path(request.data, pilot=request.pilot).parent
    stem = f"sub-{session.participant}_ses-{session.session}_task-{task.builds_on}_run-"
    logs = [read_log(path) for path in sorted(folder.glob(f"{stem}*_log.jsonl"))]
    return tuple(sorted(logs, key=lambda log: str(log.header.get("clock", {}).get("utc_at_zero"))))


def _refuse_without_earlier(prepared: Prepared, request: Request) -> None:
    """A run that asks what was seen before needs somebody who has seen it."""
    needed = prepared.task.builds_on
    if needed is None or prepared.material.earlier or request.pilot or request.virtual:
        return
    raise DataError(
        f"{prepared.task.name} asks about what was seen in '{needed}', and this session has no "
        f"run of it; run {needed} first."
    )


def refuse_data(request: Request) -> None:
    """Refuse a data folder that holds others' data, or that cannot take a run's.

    Raises
    ------
    DataError
        It is a file, is read-only or full, or holds real participants beside simulated ones.
    """
    _refuse_mixing(request)
    _refuse_bad_disk(request.data)


def _refuse_mixing(request: Request) -> None:
    """Simulated and real participants never share a data folder."""
    if request.pilot or not request.data.is_dir():
        return
    simulated = _simulated(find_logs(request.data))
    if simulated is None:
        return
    if simulated and not request.simulate:
        raise DataError(
            f"{request.data} holds simulated participants; give real ones another --data folder."
        )
    if request.simulate and not simulated:
        raise DataError(
            f"{request.data} holds real participants; give simulated ones another --data folder."
        )


def _simulated(logs: Iterable[Path]) -> bool | None:
    """Whether a folder's runs are simulated; None if it has no log that tells.

    A log that cannot be read (a run that ended before its first line) keeps nobody from starting.
    """
    for path in logs:
        with contextlib.suppress(DataError):
            return read_log(path).header.get("simulated") is not None
    return None


def _refuse_bad_disk(data: Path) -> None:
    existing = next(folder for folder in (data, *data.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise DataError(f"{existing} is a file; give --data a folder.")
    disk = shutil.disk_usage(existing)
    # A file system without any room is no disk (/proc); one may look writable to root.
    if disk.total == 0 or not os.access(existing, os.W_OK):
        raise DiskError(f"{existing} cannot be written; choose another --data folder.")
    if disk.free < FREE_DISK_BYTES:
        raise DiskError(
            f"{data}: less than {FREE_DISK_BYTES // 1_000_000} MB are free on this disk; "
            "make room before the participant starts."
        )


def _earlier(path: Path, prepared: Prepared, request: Request) -> Log | None:
    """The interrupted run to go on with, if that was asked for and fits."""
    if not path.exists() or path.stat().st_size == 0:
        if request.resume:
            raise DataError(f"{path}: there is no run to resume; leave out --resume.")
        return None
    if not request.resume:
        raise DataError(
            f"{path} exists already. Nothing is overwritten: use --resume to go on with that run, "
            "or --run with another number."
        )
    earlier = read_log(path)
    if earlier.completed:
        raise DataError(f"{path}: this run is complete; use --run with another number.")
    now = _identity(prepared)
    for name, value in now.items():
        if earlier.header.get(name) != value:
            raise DataError(
                f"{path}: the run was started with another {name}; "
                "resume it with the options it was started with."
            )
    _refuse_other_lab(path, earlier, request)
    return earlier


def _refuse_other_lab(path: Path, earlier: Log, request: Request) -> None:
    """A run is gone on with by whoever began it, a person or a simulation, and on its clock."""
    simulated = earlier.header.get("simulated") is not None
    virtual = earlier.header.get("clock", {}).get("source") == VirtualClock.source
    for option, then, now in (
        ("--simulate", simulated, request.simulate),
        ("--virtual", virtual, request.virtual),
    ):
        if then != now:
            raise DataError(
                f"{path}: the run was started {'with' if then else 'without'} {option}; "
                "resume it with the options it was started with."
            )


def _elapsed(earlier: Log | None, *, virtual: bool) -> float:
    """Where the clock of a resumed run starts: on the time axis of its first part."""
    if earlier is None:
        return 0.0
    last = max(event["t"] for event in earlier.events)
    if virtual:
        return float(last) + 1.0
    began = datetime.fromisoformat(earlier.header["clock"]["utc_at_zero"])
    since = (datetime.now(tz=began.tzinfo) - began).total_seconds()
    return max(since, float(last) + 0.001)


# -- devices --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _devices(
    request: Request, prepared: Prepared, at: float, scanner: Scanner | None
) -> Iterator[Devices]:
    """Open the ports, the cheapest to fail first; close what was opened, whatever happens."""
    rig = prepared.rig
    with contextlib.ExitStack() as stack:
        if request.virtual:
            virtual = VirtualClock(at, request.virtual_utc)
            trigger = _line(request, prepared, virtual)
            stack.callback(trigger.close)
            display = VirtualDisplay(virtual, rig.display.refresh_hz)
            simulated: Responses = SimulatedResponses(virtual, prepared.participant.answer)
            pulses = None if scanner is None else scanner.source(virtual)
            simulated = with_pulses(simulated, pulses, rig.scanner.key, virtual)
            yield Devices(virtual, display, simulated, trigger, "virtual")
            return
        clock = MonotonicClock(at)
        stack.callback(clock.close)
        ports = Ports(clock)
        stack.callback(ports.close)
        line = _line(request, prepared, clock, ports)
        stack.callback(line.close)
        pulses = None if scanner is None else scanner.source(clock, ports)
        # PsychoPy takes a second to import: only where a window is really wanted.
        from mbtexp.responses.mouse import Mouse, WithMouse  # noqa: PLC0415
        from mbtexp.screen import open_screen  # noqa: PLC0415

        windowed = request.pilot or request.simulate
        screen = open_screen(
            rig.display,
            clock,
            pilot=windowed,
            size=request.size,
            pictures=_pictures(prepared),
            font=font_of(request.language),
        )
        stack.callback(screen.close)
        responses: Responses = (
            SimulatedResponses(clock, prepared.participant.answer)
            if request.simulate
            else Holding(
                WithMouse(
                    _participants_device(request, prepared, ports, clock, screen),
                    Mouse(screen, clock),
                    clock,
                ),
                clock,
            )
        )
        stack.callback(responses.close)
        responses = with_pulses(responses, pulses, rig.scanner.key, clock)
        yield Devices(clock, screen, responses, line, raise_priority())


def _participants_device(
    request: Request, prepared: Prepared, ports: Ports, clock: Clock, screen: Any
) -> Responses:
    """The keyboard, and the rig's box with it; a pilot does without a box that is not there."""
    from mbtexp.responses.keyboard import open_keyboard  # noqa: PLC0415

    rig = prepared.rig
    try:
        box = open_box(rig, ports, clock)
    except DeviceError:
        if not request.pilot:
            raise
        box = None
    keyboard = open_keyboard(rig.responses, clock, screen)
    if box is None:
        return keyboard
    too = rig.responses.keyboard_too or request.pilot
    return Merged(box, keyboard, prepared.material.keys, clock, keyboard_too=too)


def _refuse_wrong_buttons(request: Request, prepared: Prepared, devices: Devices) -> list[Facts]:
    """Ask for every button before the run, on the participant's screen, if the rig wants that."""
    display, words = devices.display, core_texts(request.language)

    def ask(finger: str) -> None:
        stimuli = (Text(words("press_button", finger=finger), size=0.045, wrap=1.2),)
        display.prepare(stimuli)
        display.draw(stimuli)
        display.swap(lambda _: None)

    settings = prepared.rig.responses
    wanted = fingers_of(prepared.material.keys, finger_names(settings))
    rows = check_buttons(devices.responses, wanted, lambda _: None, ask=ask, clock=devices.clock)
    wrong = what_is_wrong(rows)
    if wrong:
        raise DeviceError(f"The buttons were checked, and not all are right. {wrong}")
    return [row.facts() for row in rows]


def _line(
    request: Request, prepared: Prepared, clock: Clock, ports: Ports | None = None
) -> Trigger:
    """The trigger line; a pilot's ends in memory unless the real one is asked for."""
    in_memory = request.virtual or (request.pilot and not request.with_triggers)
    return open_trigger(
        prepared.rig.trigger,
        clock,
        ports,
        memory=in_memory,
        mock=request.mock_triggers,
        values=_sent_values(prepared),
    )


@contextlib.contextmanager
def _room_for_the_run(request: Request) -> Iterator[None]:
    """No garbage collection while a participant sits there; as before afterwards."""
    if request.virtual:
        yield
        return
    quiet_memory()
    try:
        yield
    finally:
        normal_memory()
        restore_priority()


def _sent_values(prepared: Prepared) -> dict[int, int] | None:
    trigger = prepared.rig.trigger
    return sent_values(prepared.task.codes, trigger.max_code, trigger.code_map)


def _leave_codes(prepared: Prepared, folder: Path) -> list[str]:
    """Write the code book next to the session's logs; why not, if that fails: no run waits for it.

    The log's header has the task's codes as well.
    """
    task, session = prepared.task, prepared.session
    if not task.codes:
        return []
    stem = f"sub-{session.participant}_ses-{session.session}"
    try:
        write_beside(folder, stem, exports_of(prepared.rig.trigger, task.name, task.codes))
    except DiskError as error:
        return [str(error)]
    return []


def _stop_when_lost(rig: Rig) -> str | None:
    return rig.trigger.stop_at if rig.trigger.on_error == "strict" else None


# -- the header -----------------------------------------------------------------------------------


def _identity(prepared: Prepared) -> Facts:
    """What must be the same for a run to be the same run."""
    session = prepared.session
    facts = {
        "task": prepared.task.name,
        "preset": prepared.preset,
        "params": asdict(prepared.material.params),
        "language": prepared.material.text.language,
        "seed": session.seed,
        "design": [asdict(row) for row in prepared.rows],
        "stimuli": None if prepared.material.stimuli is None else prepared.material.stimuli.facts(),
    }
    return dict(json.loads(json.dumps(facts)))


def _opening(
    request: Request, prepared: Prepared, devices: Devices, earlier: Log | None
) -> tuple[str, Facts]:
    """The line that a new or a resumed run begins with."""
    if earlier is None:
        return "header", {"t": 0.0, **_header(request, prepared, devices)}
    done = {event["trial"] for event in earlier.of("trial")}
    return "resume", {
        "t": devices.clock.now(),
        **devices.facts(),
        "software": software_facts(),
        "next_trial": next((r.trial for r in prepared.rows if r.trial not in done), None),
        "clock": _clock_facts(devices),
    }


def _clock_facts(devices: Devices) -> Facts:
    return {"utc_at_zero": devices.clock.utc_at_zero(), "source": devices.clock.source}


def _code_facts(prepared: Prepared) -> Facts:
    """The task's codes with their meanings, and with what is sent for them if it is not they."""
    facts, values = prepared.task.code_facts(), _sent_values(prepared)
    if values is None:
        return facts
    return {name: {**one, "value": values.get(one["code"])} for name, one in facts.items()}


def _header(request: Request, prepared: Prepared, devices: Devices) -> Facts:
    task, session = prepared.task, prepared.session
    return {
        "format": FORMAT,
        **_identity(prepared),
        "participant": session.participant,
        "session": session.session,
        "run": session.run,
        "mode": "pilot" if request.pilot else "lab",
        "protocol": None if request.protocol is None else dict(request.protocol),
        "simulated": prepared.participant.facts() if request.simulate else None,
        "keys": list(prepared.material.keys),
        "columns": task.column_facts(),
        "phases": task.phase_facts(),
        "codes": _code_facts(prepared),
        "task_info": {
            "title": task.title,
            "description": task.description,
            "instructions": task.instructions(prepared.material),
            "references": list(task.references),
            "cogatlas": task.cogatlas,
        },
        "rig": prepared.rig.as_facts(),
        **devices.facts(),
        "software": software_facts(),
        "clock": _clock_facts(devices),
    }


def software_facts() -> Facts:
    """Which program and which libraries produced a log."""
    commit, dirty = _git()
    return {
        "mbtexp": importlib.metadata.version("mbtexp"),
        "python": platform.python_version(),
        "os": platform.platform(),
        "packages": {name: _version(name) for name in ("numpy", "psychopy", "pyserial")},
        "git_commit": commit,
        "git_dirty": dirty,
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git() -> tuple[str | None, bool | None]:
    """Commit of the checkout that runs, and whether it was changed; None for an installed copy."""
    here = Path(__file__).resolve().parent.parent
    if not (here / ".git").exists():
        return None, None
    try:
        commit = _git_says(here, "rev-parse", "HEAD")
        return commit, bool(_git_says(here, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git_says(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=5,
        check=True,
    )
    return done.stdout.strip()


def _core_words(language: str, rig: Rig) -> Callable[..., str]:
    words = core_texts(language)
    return lambda key, **blanks: words(key, **operator_keys(rig), **blanks)


def operator_keys(rig: Rig) -> dict[str, str]:
    """The operator's keys, as the core's screens name them."""
    return {
        "stop": rig.operator.stop,
        "pause": rig.operator.pause,
        "start": rig.scanner.start_key,
    }


def core_texts(language: str) -> Catalogue:
    """The core's own screens in a language; in English where the core does not speak it."""
    folder = Path(__file__).parent / "texts"
    known = is_path(language) or language in languages(folder, "core")
    return Catalogue(*read_words(folder, "core", language if known else "en", whose="the core"))
