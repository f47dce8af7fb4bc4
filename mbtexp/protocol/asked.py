"""What the operator asked for, and the request for each run that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mbtexp.conduct import Prepared, Request, prepare
from mbtexp.errors import MbtexpError, SettingError
from mbtexp.plan import Plan, make_plan
from mbtexp.protocol.cells import Cell, Step
from mbtexp.protocol.settings import Need, Protocol
from mbtexp.rig import Rig, read_rig

MODES: dict[Need, str] = {"scanner": "fmri", "eeg": "eeg"}
"""The rig's mode that each need asks for."""


@dataclass(frozen=True)
class Asked:
    """What the operator asked for on the command line."""

    protocol: str
    participant: str
    data: Path
    session: str = "01"
    group: str | None = None
    rig: Path | None = None
    language: str = "en"
    seed: int = 0
    pilot: bool = False
    simulate: bool = False
    virtual: bool = False
    with_triggers: bool = False
    mock_triggers: bool = False
    size: tuple[int, int] | None = None
    photos: Path | None = None
    """Folder of the participants' own photographs."""
    start_at: str | None = None
    """Step to begin with; those before it are skipped."""
    skip: tuple[str, ...] = ()
    resume: bool = False
    changed_protocol: bool = False
    """Go on although the protocol's file is another one than at the beginning."""
    yes: bool = False
    """Ask nothing between the steps."""
    reason: str = ""
    """Why steps are left out, where nobody is asked."""

    @property
    def asks(self) -> bool:
        """Whether somebody answers between the steps."""
        return not self.yes

    def request(self) -> Request:
        """What all runs have in common."""
        return Request(
            task="",
            participant=self.participant,
            data=self.data,
            session=self.session,
            rig=self.rig,
            seed=self.seed,
            language=self.language,
            pilot=self.pilot,
            simulate=self.simulate,
            virtual=self.virtual,
            with_triggers=self.with_triggers,
            mock_triggers=self.mock_triggers,
            size=self.size,
            photos=self.photos,
        )

    def rig_read(self) -> Rig:
        """The rig that was named, or the one without anything."""
        return Rig() if self.rig is None else read_rig(self.rig)


@dataclass(frozen=True)
class Ready:
    """A step's run, checked and played through beforehand."""

    request: Request
    prepared: Prepared
    plan: Plan


def request_of(
    asked: Asked,
    protocol: Protocol,
    cell: Cell,
    step: Step,
    run: int,
) -> Request:
    """The request for a step's run."""
    if step.task is None:
        raise SettingError(f"step {step.step} is no run.")
    return replace(
        asked.request(),
        task=step.task,
        run=run,
        preset=step.preset,
        changes=dict(step.changes),
        first=step.first,
        protocol=place_of(protocol, cell, step),
    )


def place_of(protocol: Protocol, cell: Cell, step: Step) -> Mapping[str, object]:
    """Where in the protocol a run stands, for the run's own log."""
    return {
        **protocol.facts(),
        "step": step.step,
        "cell": cell.number,
        "levels": cell.facts(),
        "half": step.half,
        "role": step.role,
        "state": step.state,
    }


def prepared_for(request: Request, step: Step) -> Prepared:
    """A step's run with its design, on the rig as the step needs it.

    Raises
    ------
    MbtexpError
        The run is not possible on this rig, with these words or this participant.
    """
    try:
        return _on_its_rig(prepare(request), step)
    except MbtexpError as error:
        raise type(error)(f"step {step.step}: {error}") from None


def ready(request: Request, step: Step) -> Ready:
    """A step's run with its plan: how long it takes, which codes it leaves.

    Raises
    ------
    MbtexpError
        The run is not possible, or does not wait for the scanner although the step needs it.
    """
    prepared = prepared_for(request, step)
    try:
        plan = make_plan(
            prepared.task, prepared.session, prepared.material, prepared.rig, prepared.rows
        )
    except MbtexpError as error:
        raise type(error)(f"step {step.step}: {error}") from None
    if "scanner" in step.needs and plan.scan_s is None:
        raise SettingError(
            f"step {step.step}: {step.task} ({prepared.preset}) does not wait for the scanner, and "
            "the step needs it; take a preset with fixed onsets (mbtexp tasks)."
        )
    return Ready(request, prepared, plan)


def _on_its_rig(prepared: Prepared, step: Step) -> Prepared:
    """A run that is not for the scanner waits for no pulse, also where there is a scanner.

    Only if its onsets are not fixed: a run with fixed onsets keeps to the rig as it is.
    """
    rig = prepared.rig
    if rig.mode != "fmri" or "scanner" in step.needs:
        return prepared
    plan = make_plan(prepared.task, prepared.session, prepared.material, rig, prepared.rows)
    return prepared if plan.scan_s is not None else _without_scanner(prepared)


def _without_scanner(prepared: Prepared) -> Prepared:
    return replace(prepared, rig=replace(prepared.rig, mode="behaviour"))


def unmet_needs(steps: tuple[Step, ...], rig: Rig) -> list[str]:
    """Sentences on what the steps need and the rig does not have."""
    told = []
    for need, mode in MODES.items():
        names = [step.step for step in steps if need in step.needs]
        if names and rig.mode != mode:
            told.append(
                f"{len(names)} steps ({', '.join(names[:3])}{' ...' if len(names) > 3 else ''}) "
                f"need {'the scanner' if need == 'scanner' else 'EEG'}, and the rig '{rig.name}' "
                f"has mode '{rig.mode}'; name a rig file with mode = \"{mode}\"."
            )
    return told
