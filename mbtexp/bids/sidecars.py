"""What the columns of a run's tables mean and how it was shown, from the log's header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mbtexp.bids.runs import RunLog, TaggedEvent
from mbtexp.bids.tables import (
    BLANK,
    EVENTS_TAKEN,
    TRIALS_TAKEN,
    Table,
    cell,
    column_name,
    trial_type,
)

Sidecar = dict[str, Any]

PSYCHOPY_RRID = "RRID:SCR_006571"

NOT_DESCRIBED = "not described by the task"

PER_RUN = (
    "Run",
    "onset",  # its zero is the run's own
)
"""Keys that stay with the run even if every run should say the same."""

_TRIAL = {
    "Description": "Number of the trial in the run's design, from 1; n/a outside the trials.",
}
_BLOCK = {"Description": "Number of the block, from 0; block 0 is practice."}
_ATTEMPT = {
    "Description": "How often the trial had been begun, from 1; a trial that was interrupted is "
    "shown again from its first phase."
}
_PRACTICE = {
    "Description": "Whether the trial was practice.",
    "Levels": {"true": "practice, not to be scored", "false": "part of the test"},
}
_DROPPED = "Refreshes of the screen that were missed"

_EVENTS = {
    "phase": "a stretch of time with one constant screen",
    "response": "a key went down",
    "trigger": "a trigger code that marks no phase and no key (start of the run, no response ...)",
    "pulse": "a volume trigger from the scanner",
    "block": "a block of trials, from its start to its end",
    "pause": "the operator paused the run",
    "resume": "the run went on after it had been broken off",
    "abort": "the run was stopped early",
}
_FLAGS = {
    "early": "before the run waited for the scanner; not counted",
    "dummy": "of a dummy volume; not counted",
    "first": "the first that counts: time zero",
    "ok": "counted",
    "missing_before": "counted; pulses between it and the one before were lost",
    "extra": "too soon after another; not counted",
    "manual": "no pulse: the operator began the run by hand",
}
_STATUS = {
    "counted": "the answer",
    "early": "before the response window",
    "late": "after an unanswered response window",
    "extra": "after the answer",
    "other": "a key that does not answer here",
    "operator": "a key of the operator",
    "bounced": "the bouncing of a contact, no press",
}


def events_sidecar(run: RunLog, table: Table) -> Sidecar:
    """The sidecar of an events table, complete for this run."""
    columns = {
        **_events_columns(run, table),
        **_task_columns(run, table, EVENTS_TAKEN),
    }
    ordered = {name: _known(columns[name]) for name in table.columns}
    return {
        **_task_facts(run),
        **_institution(run),
        "StimulusPresentation": _presentation(run),
        "Run": _run_facts(run),
        **ordered,
    }


def trials_sidecar(run: RunLog, table: Table) -> Sidecar:
    """The sidecar of a table with one row a trial, complete for this run."""
    columns = {
        "trial": _TRIAL,
        "block": _BLOCK,
        "attempt": _ATTEMPT,
        **_task_columns(run, table, TRIALS_TAKEN),
        "frames_dropped": {"Description": f"{_DROPPED} during the trial.", "Units": "frames"},
    }
    ordered = {name: _known(columns[name]) for name in table.columns}
    return {**_task_facts(run), **_institution(run), "Run": _run_facts(run), **ordered}


def shared(sidecars: Sequence[Sidecar]) -> Sidecar:
    """What all runs of a task say alike; it stands once, at the root."""
    first = sidecars[0]
    return {
        key: value
        for key, value in first.items()
        if key not in PER_RUN and all(key in other and other[key] == value for other in sidecars)
    }


def undescribed(sidecar: Sidecar) -> list[str]:
    """Values that the task gives no meaning, as ``column: value``."""
    return [
        f"{column}: {value}"
        for column, facts in sidecar.items()
        if isinstance(facts, dict) and isinstance(facts.get("Levels"), dict)
        for value, meaning in facts["Levels"].items()
        if meaning == NOT_DESCRIBED
    ]


# -- columns ------------------------------------------------------------------------------------


def _task_columns(run: RunLog, table: Table, taken: Iterable[str]) -> Sidecar:
    described = {"practice": _PRACTICE}
    for name in run.columns:
        given = run.header.get("columns", {}).get(name)
        if given is not None:
            described[name] = _column(given, several=name in run.list_columns)
    return {
        column: _completed(
            described.get(name, {"Description": f"'{name}' as the task recorded it."}),
            table.values(column),
        )
        for name, column in ((name, column_name(name, taken)) for name in run.columns)
    }


def _column(given: Mapping[str, Any], *, several: bool) -> Sidecar:
    column: Sidecar = {"Description": given.get("description") or NOT_DESCRIBED}
    if given.get("units"):
        column["Units"] = given["units"]
    levels = given.get("levels")
    if several:
        meanings = [f"{value} ({meaning})" for value, meaning in (levels or {}).items()]
        values = f" Values: {', '.join(meanings)}." if meanings else ""
        column["Description"] += f"{values} Several values are joined by a semicolon."
    elif levels:
        column["Levels"] = {str(value): str(meaning) for value, meaning in levels.items()}
    return column


def _completed(column: Sidecar, values: Sequence[str]) -> Sidecar:
    """The column with an entry for each value that stands in it: readers refuse any other."""
    if "Levels" not in column:
        return column
    missing = [value for value in values if value not in column["Levels"]]
    return {**column, "Levels": {**column["Levels"], **dict.fromkeys(missing, NOT_DESCRIBED)}}


def _events_columns(run: RunLog, table: Table) -> Sidecar:
    return {
        "onset": {"Description": _zero(run), "Units": "s"},
        "duration": {
            "Description": "From the onset to the offset, which is the onset of what followed; "
            "0 for what has no duration (keys, codes, pulses).",
            "Units": "s",
        },
        "trial_type": _trial_types(run),
        "response_time": {
            "Description": "From the onset of the response window's phase to the key. On the key's "
            "row, and on the row of the phase that it answered.",
            "Units": "s",
        },
        "event": {"Description": "What the row is.", "Levels": _EVENTS},
        "phase": _phases(run, table),
        "trial": _TRIAL,
        "block": _BLOCK,
        "attempt": _ATTEMPT,
        "key": {
            "Description": "The key that went down.",
            "HED": _keys_hed(table),
        },
        "status": _completed(
            {"Description": "What became of the key.", "Levels": _STATUS}, table.values("status")
        ),
        "window": {
            "Description": "Phase whose response window the key fell into; without an open window "
            "the phase on the screen."
        },
        "trigger": {
            "Description": "Name of the trigger code that was asked for at this onset.",
            "HED": {
                name: f"(Experiment-control, Label/{_label(name)})"
                for name in sorted({*run.header.get("codes", {}), *table.values("trigger")})
            },
        },
        "value": _values(run, table),
        "onset_planned": {
            "Description": "When the onset was due, on the time axis of the onset.",
            "Units": "s",
        },
        "frames_dropped": {
            "Description": f"{_DROPPED} before the phase came on.",
            "Units": "frames",
        },
        "tag": {"Description": "What the phase showed, as the task names it."},
        "excluded": {
            "Description": "Whether the row belongs to an attempt that was not completed; n/a "
            "outside the trials.",
            "Levels": {"true": "interrupted, leave it out", "false": "counts"},
        },
        "flag": {
            "Description": "How the scanner pulse was counted; 'first' began the scan.",
            "Levels": {flag: _FLAGS.get(flag, "") for flag in table.values("flag")},
            "HED": {flag: "(Measurement-event, Label/Pulse)" for flag in table.values("flag")},
        },
    }


def _zero(run: RunLog) -> str:
    if run.starts_with_pulse:
        return (
            "When it began, from the first scanner pulse that was counted (event 'pulse', flag "
            "'first'; 'manual' where the operator began instead). Rows more than 60 s before it "
            "are left out."
        )
    start = "When it began, from the moment when the run was opened on the stimulus computer."
    if run.datatype == "eeg":
        return (
            f"{start} This is not the first sample of the recording: align the two by the trigger "
            "codes in 'value'."
        )
    if run.datatype == "func":
        return f"{start} No scanner pulse was received: align with the recording by other means."
    return start


def _trial_types(run: RunLog) -> Sidecar:
    levels: dict[str, str] = {}
    for tagged in run.of("phase"):
        regressor = trial_type(run, tagged)
        if regressor is not None:
            levels[regressor] = _meaning(run, tagged)
    column: Sidecar = {
        "Description": "Regressor of a model; n/a for what is not modelled: other rows, practice, "
        "attempts that were not completed."
    }
    return {**column, "Levels": dict(sorted(levels.items()))} if levels else column


def _meaning(run: RunLog, tagged: TaggedEvent) -> str:
    """A regressor's phase, with the values of the columns that its name is made of."""
    phase = run.header["phases"][tagged.event["phase"]]
    facts = run.facts(tagged.event["trial"], outcome=True)
    named = [f"{name}: {cell(facts.get(name))}" for name in re.findall(BLANK, phase["trial_type"])]
    return f"{phase['description']} ({', '.join(named)})" if named else str(phase["description"])


def _phases(run: RunLog, table: Table) -> Sidecar:
    declared: dict[str, Any] = run.header.get("phases", {})
    names = [*declared, *sorted(set(table.values("phase")) - set(declared))]
    return {
        "Description": "Name of the phase; n/a on rows that are no phase.",
        "Levels": {
            name: (declared.get(name) or {}).get("description")
            or "a page outside the trials (instructions, a break, a question to the operator)"
            for name in names
        },
        "HED": {
            name: (declared.get(name) or {}).get("hed") or "Sensory-event, Visual-presentation"
            for name in names
        },
    }


def _values(run: RunLog, table: Table) -> Sidecar:
    meanings: dict[str, list[str]] = {}
    for name, facts in run.header.get("codes", {}).items():
        value = facts.get("value", facts["code"])
        meanings.setdefault(str(value), []).append(facts.get("description") or name)
    column: Sidecar = {
        "Description": "Trigger code that was sent to the recording device at this onset; n/a "
        "where none was sent."
    }
    if not meanings:
        return column
    levels = {value: "; ".join(meanings[value]) for value in sorted(meanings, key=int)}
    completed = _completed({**column, "Levels": levels}, table.values("value"))
    # What the moment was is tagged in 'phase', 'key' and 'trigger'; this is the marker itself.
    hed = {value: f"(Experiment-control, Label/Marker-{value})" for value in completed["Levels"]}
    return {**completed, "HED": hed}


def _keys_hed(table: Table) -> dict[str, str]:
    """One group a key: two keys at the same moment must not say the same thing twice."""
    operators = {row["key"] for row in table.rows if row.get("status") == "operator"}
    return {
        key: f"(Agent-action, ({'Experimenter' if key in operators else 'Experiment-participant'}, "
        f"(Press, (Keyboard-key, Label/{_label(key)}))))"
        for key in sorted(table.values("key"))
    }


def _label(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


# -- the run ------------------------------------------------------------------------------------


def _known(facts: Mapping[str, Any]) -> Sidecar:
    """Facts that are known; what is not known is not there at all."""
    return {key: value for key, value in facts.items() if value not in (None, "", [], {})}


def _task_facts(run: RunLog) -> Sidecar:
    info = run.header.get("task_info", {})
    sentences = [info.get("title"), info.get("description")]
    told = [_ended(sentence.strip()) for sentence in sentences if sentence]
    return _known(
        {
            "TaskName": run.labels.task,
            "TaskDescription": " ".join(told),
            "Instructions": _pages(info.get("instructions")),
            "CogAtlasID": info.get("cogatlas"),
        }
    )


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _pages(instructions: Any) -> str | None:
    if isinstance(instructions, list):
        return "\n\n".join(str(page) for page in instructions)
    return None if instructions is None else str(instructions)


def _institution(run: RunLog) -> Sidecar:
    site = run.header.get("rig", {}).get("site", {})
    return _known(
        {
            "InstitutionName": site.get("institution"),
            "InstitutionAddress": site.get("address"),
            "InstitutionalDepartmentName": site.get("department"),
        }
    )


def _presentation(run: RunLog) -> Sidecar:
    software = run.header.get("software", {})
    return _known(
        {
            "OperatingSystem": software.get("os"),
            **_screen(run),
            **_software(run),
            "Code": _code(software),
        }
    )


def _screen(run: RunLog) -> Sidecar:
    screen = run.header.get("rig", {}).get("display", {})
    facts: Sidecar = {}
    if "distance_cm" in screen:
        facts["ScreenDistance"] = round(screen["distance_cm"] / 100, 6)
    # Positions of stimuli are given from the middle of the screen.
    facts["ScreenOrigin"] = ["center", "center"]
    refresh_hz = run.header.get("display", {}).get("refresh_hz") or screen.get("refresh_hz")
    if refresh_hz:
        facts["ScreenRefreshRate"] = round(refresh_hz, 2)
    if "width_px" in screen and "height_px" in screen:
        facts["ScreenResolution"] = [screen["width_px"], screen["height_px"]]
        if "width_cm" in screen:
            width_m = screen["width_cm"] / 100
            height_m = width_m * screen["height_px"] / screen["width_px"]
            facts["ScreenSize"] = [round(width_m, 6), round(height_m, 6)]
    return facts


def _software(run: RunLog) -> Sidecar:
    software = run.header.get("software", {})
    virtual = run.header.get("display", {}).get("backend") == "virtual"
    psychopy = software.get("packages", {}).get("psychopy")
    if psychopy and not virtual:
        return {
            "SoftwareName": "PsychoPy",
            "SoftwareRRID": PSYCHOPY_RRID,
            "SoftwareVersion": psychopy,
        }
    return {"SoftwareName": "mbtexp", "SoftwareVersion": software.get("mbtexp")}


def _code(software: Mapping[str, Any]) -> str | None:
    """The exact code as a URI: a git commit's hash is its identifier at Software Heritage."""
    commit = software.get("git_commit")
    if not commit or software.get("git_dirty") or not re.fullmatch(r"[0-9a-f]{40}", commit):
        return None
    return f"swh:1:rev:{commit}"


def _run_facts(run: RunLog) -> Sidecar:
    header = run.header
    stimuli = header.get("stimuli") or {}
    return _known(
        {
            "Preset": header.get("preset"),
            "Parameters": header.get("params"),
            "Language": header.get("language"),
            "Seed": header.get("seed"),
            "Completed": run.log.completed,
            "Simulated": header.get("simulated"),
            "RigName": header.get("rig", {}).get("name"),
            "StimulusSet": _known(
                {
                    "Name": stimuli.get("set"),
                    "Kind": stimuli.get("kind"),
                    "Version": stimuli.get("version"),
                    "ManifestSHA256": stimuli.get("manifest_sha256"),
                    "Licence": stimuli.get("licence"),
                }
            ),
            "MbtexpVersion": header.get("software", {}).get("mbtexp"),
        }
    )
