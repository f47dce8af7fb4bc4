"""What the command line says: plans, logs, sets and tasks as text for a terminal."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mbtexp.errors import DataError, DiskError, SettingError

if TYPE_CHECKING:
    from mbtexp.conduct import Conducted, Prepared
    from mbtexp.events import Log
    from mbtexp.plan import Plan
    from mbtexp.stimuli import StimulusSet
    from mbtexp.triggers.book import Code

BAR_WIDTH = 30


class Progress:
    """A bar on the operator's terminal; silent where the output is not a terminal."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int, whole: int) -> None:
        """Show how much is done."""
        if not sys.stderr.isatty() or whole == 0:
            return
        full = round(BAR_WIDTH * done / whole)
        bar = "#" * full + "." * (BAR_WIDTH - full)
        sys.stderr.write(f"\r[{bar}] {self._unit} {done} of {whole} ")
        sys.stderr.flush()
        self._shown = True

    def tell(self, text: str) -> None:
        """Say something while the work goes on; the bar goes on below."""
        sys.stderr.write(("\n" if self._shown else "") + f"mbtexp: {text}\n")
        sys.stderr.flush()
        self._shown = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the line, so that what follows starts on its own."""
        if self._shown:
            sys.stderr.write("\n")


def columns_text(rows: Sequence[Sequence[object]], heads: Sequence[str] = ()) -> str:
    """Rows in columns as wide as they need to be.

    >>> print(columns_text([["eyes", 37]], ["task", "n"]))
    task  n
    eyes  37
    """
    lines = [[str(cell) for cell in row] for row in ([heads, *rows] if heads else rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a new TSV file."""
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_new(path, table.getvalue())


def write_new(path: Path, text: str) -> None:
    """A new text file; an existing one is never overwritten."""
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise SettingError(f"{path} exists already; give --out another name.") from None
    except OSError as error:
        raise DiskError(
            f"{path}: the file cannot be written ({error.strerror}); give --out another place."
        ) from None


def minutes(seconds: float) -> str:
    """A length of time as minutes and seconds.

    >>> minutes(93.4)
    '1 min 33 s'
    """
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


# -- runs -----------------------------------------------------------------------------------------


def timing_text(timing: Mapping[str, Any]) -> str:
    """The verdict on a run's timing in one sentence."""
    phases, late = timing["phases"], timing["late_phases"]
    if late == 0:
        return f"timing: good; all {phases} screens came on the frame that was planned."
    share = 100 * late / phases
    worst = 1000 * timing["worst_late_s"]
    verdict = "acceptable" if share <= 1 else "poor"
    return (
        f"timing: {verdict}; {late} of {phases} screens came late ({share:.1f} %, at worst "
        f"{worst:.0f} ms), {timing['missed_frames']} frames were missed."
    )


def pulses_text(pulses: Mapping[str, Any]) -> str:
    """What came of the scanner's pulses, and what to do about it.

    >>> pulses_text({"seen": 3, "expected": 3, "tr_estimate_s": 2.0, "warnings": []})
    'scanner: 3 of 3 pulses seen, none lost; TR 2.0000 s by the pulses.'
    """
    seen, expected = pulses["seen"], pulses["expected"]
    count = f"{seen} pulses seen" if expected is None else f"{seen} of {expected} pulses seen"
    tr_s = pulses["tr_estimate_s"]
    tr = "" if tr_s is None else f"; TR {tr_s:.4f} s by the pulses"
    if not pulses["warnings"]:
        return f"scanner: {count}, none lost{tr}."
    return "\n".join(
        [f"SCANNER, LOOK AT THIS: {count}{tr}.", *map("  {}".format, pulses["warnings"])]
    )


def after_run(done: Conducted) -> str:
    """What the operator reads when a run is over."""
    return "\n".join(
        [
            f"{done.trials} trials; {timing_text(done.timing)}",
            _line_text(done),
            *([] if done.pulses is None else [pulses_text(done.pulses.facts())]),
            f"log: {done.log}",
        ]
    )


def _line_text(done: Conducted) -> str:
    """What became of the trigger codes; a line that leads nowhere is never called a good one."""
    line = done.devices["trigger"]
    if line["device"] == "none":
        return "trigger codes: NO TRIGGER LINE; the rig has none."
    if line.get("mock"):
        return "trigger codes: NO TRIGGERS SENT; the run was made with --mock-triggers."
    if line.get("port") == "memory":
        return "trigger codes: NO TRIGGERS SENT; they were only noted down (pilot or virtual lab)."
    counts = outcomes_text(done.codes)
    if done.codes_lost:
        return (
            f"TRIGGER CODES LOST: {done.codes_lost}. To {line['port']}: {counts}. The log says "
            "which; check cable and port."
        )
    return f"trigger codes to {line['port']}: {counts}; none lost."


def outcomes_text(counts: Mapping[str, Any]) -> str:
    """What became of the codes of a run, in five numbers.

    >>> outcomes_text({"requested": 9, "lost": 2, "sent": 6, "deferred_sent": 1, "blocked": 2})
    '9 requested, 6 sent, 1 deferred, 2 failed, 0 rejected'
    """
    sent = counts.get("sent", 0) + counts.get("truncated", 0)
    rejected = counts.get("rejected", 0)
    return (
        f"{counts['requested']} requested, {sent} sent, {counts.get('deferred_sent', 0)} deferred, "
        f"{counts['lost'] - rejected} failed, {rejected} rejected"
    )


def log_text(log: Log) -> str:
    """One log: what was run, how far it came, how well it kept time."""
    try:
        return _log_text(log)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{log.path}: a line is not as mbtexp writes it ({error}); it was changed by hand or "
            "by another program, use a copy from before that."
        ) from None


def _log_text(log: Log) -> str:
    header = log.header
    trials = {event["trial"]: event for event in log.of("trial")}
    heads = ["trial", "block", "stimulus", "response", "correct", "RT (s)"]
    rows = [
        [
            number,
            event["block"],
            event["design"].get("stim_id", ""),
            _or(event["outcome"].get("response"), "-"),
            _or(event["outcome"].get("correct"), "-"),
            _or(event["outcome"].get("rt_s"), "-"),
        ]
        for number, event in sorted(trials.items())
    ]
    who = "simulated participant" if header["simulated"] else "participant"
    lines = [
        f"{header['task_info']['title']}, preset {header['preset']}, {who} "
        f"{header['participant']}, session {header['session']}, run {header['run']}"
        + (" (PILOT)" if header["mode"] == "pilot" else ""),
        f"begun {header['clock']['utc_at_zero']}, mbtexp {header['software']['mbtexp']}, "
        f"{header['display'].get('refresh_hz', 0):.3f} Hz",
        "",
        columns_text(rows, heads) if rows else "no trial was completed",
        "",
        f"{len(trials)} of {len(header['design'])} trials; " + _ending(log),
    ]
    lines += [timing_text(event["timing"]) for event in log.of("end")]
    lines += [pulses_text(event["pulses"]) for event in log.of("end") if event.get("pulses")]
    outcomes = Counter(event["outcome"] for event in log.of("trigger"))
    if outcomes:
        lines.append("trigger codes: " + ", ".join(f"{n} {o}" for o, n in sorted(outcomes.items())))
    return "\n".join([*lines, *log.damage])


def _or(value: object, missing: str) -> object:
    return missing if value is None else value


def _ending(log: Log) -> str:
    if log.completed:
        return "the run is complete."
    reasons = [event["reason"] for event in log.of("abort")]
    if reasons:
        return f"stopped: {reasons[-1]}"
    return "the run broke off; --resume goes on with it."


def analysed_text(analysed: Any) -> str:
    """What an analysis found: the main indices of each run and the checks that failed."""
    rows = [
        [
            i.participant,
            i.session,
            i.task,
            i.run,
            i.index,
            i.condition,
            _number(i.value),
            "; ".join(i.flag),
        ]
        for i in analysed.look.indices
    ]
    heads = ["participant", "session", "task", "run", "index", "condition", "value", "flag"]
    lines = [columns_text(rows, heads)] if rows else []
    lines += [
        f"quality: {c.participant} {c.task} run {c.run}: {c.check}: {c.what_to_do}"
        for c in analysed.look.failed
    ]
    lines += [f"note: {sentence}" for sentence in analysed.told]
    return "\n".join([*lines, f"{analysed.look.runs} runs; tables in {analysed.out}"])


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "n/a"


# -- plans ----------------------------------------------------------------------------------------


def plan_table(plan: Plan) -> list[dict[str, Any]]:
    """One row a phase with its trial, frames, seconds, code and due time."""
    rows = {row.trial: asdict(row) for row in plan.rows}
    columns = [name for name in next(iter(rows.values()), {}) if name != "trial"]
    return [
        {
            "trial": _or(phase["trial"], "n/a"),
            "phase": phase["phase"],
            "tag": phase["tag"] or "n/a",
            "planned_s": f"{phase['onset_planned']:.4f}",
            "frames": _or(phase["frames_planned"], "n/a"),
            "duration_s": _seconds(phase["frames_planned"], plan.refresh_hz),
            "code": _or(phase["code"], "n/a"),
            **{name: _or(rows.get(phase["trial"], {}).get(name), "n/a") for name in columns},
        }
        for phase in plan.phases
    ]


def _seconds(frames: int | None, refresh_hz: float) -> str:
    return "n/a" if frames is None else f"{frames / refresh_hz:.4f}"


def plan_text(prepared: Prepared, plan: Plan, *, whole: bool) -> str:
    """The plan for a reader: what a trial is made of, how many there are, codes and length."""
    session = prepared.session
    lines = [
        f"{prepared.task.title}, preset {prepared.preset}, participant {session.participant}, "
        f"session {session.session}, run {session.run}, seed {session.seed}",
        f"screen at {plan.refresh_hz:g} Hz; stimuli: "
        + (prepared.material.stimuli.name if prepared.material.stimuli else "none"),
        "",
    ]
    if whole:
        lines += [
            columns_text(_trial_rows(plan), ["trial", "block", "phases (frames)", "what"]),
            "",
        ]
    counts = Counter(row.block for row in plan.rows)
    lines += [
        f"{_count(len(plan.rows), 'trial')} in {_count(len(counts), 'block')}; "
        f"{_count(len(plan.phases), 'screen')}.",
        "codes: "
        + (", ".join(f"{name} x {n}" for name, n in sorted(plan.codes.items())) or "none"),
        ("typical length (answers are not timed): " if plan.untimed else "length: ")
        + minutes(plan.length_s),
        *(f"note: {warning}" for warning in plan.warnings),
    ]
    return "\n".join(lines)


def _count(n: int, thing: str) -> str:
    """A number of things.

    >>> _count(1, "trial"), _count(3, "trial")
    ('1 trial', '3 trials')
    """
    return f"{n} {thing}{'' if n == 1 else 's'}"


def _trial_rows(plan: Plan) -> list[list[object]]:
    phases: dict[int, list[str]] = {}
    for phase in plan.phases:
        if phase["trial"] is not None:
            frames = phase["frames_planned"]
            word = f"{phase['phase']} {'until answer' if frames is None else frames}"
            phases.setdefault(phase["trial"], []).append(word)
    return [
        [row.trial, row.block, _counted(phases.get(row.trial, [])), _what(row)] for row in plan.rows
    ]


def _counted(words: Sequence[str]) -> str:
    """Words in a row, the same ones once with their number.

    >>> _counted(["cross 30", "slider 5", "slider 5"])
    'cross 30, slider 5 (2 times)'
    """
    groups = [(word, len(list(same))) for word, same in groupby(words)]
    return ", ".join(word if n == 1 else f"{word} ({n} times)" for word, n in groups)


def _what(row: Any) -> str:
    return getattr(row, "stim_id", "") or ""


# -- what there is --------------------------------------------------------------------------------


def sets_text(sets: Iterable[StimulusSet]) -> str:
    """The stimulus sets with their kind and licence."""
    rows = [[s.name, s.kind, len(s.items), s.licence, s.folder] for s in sets]
    return columns_text(rows, ["set", "kind", "items", "licence", "folder"])


def match_rows(report: Iterable[Any]) -> list[dict[str, Any]]:
    """A report of matched cells as rows of a table."""
    return [
        {name: "n/a" if value is None else _rounded(value) for name, value in asdict(row).items()}
        for row in report
    ]


def match_text(report: Iterable[Any]) -> str:
    """A report of matched cells for the terminal."""
    rows = match_rows(report)
    return columns_text([list(row.values()) for row in rows], list(rows[0]))


def _rounded(value: Any) -> Any:
    return f"{value:.3f}" if isinstance(value, float) else value


def codes_text(codes: Iterable[Code]) -> str:
    """The code book, codes in use only."""
    rows = [[c.code, c.name, c.task or "every task", c.description] for c in codes if not c.retired]
    return columns_text(rows, ["code", "name", "task", "meaning"])


def tasks_text(progress: Callable[[int, int], None]) -> str:
    """Every task with its presets, trials and typical length for participant 01."""
    from mbtexp.conduct import Request, prepare  # noqa: PLC0415  numpy only where it is needed
    from mbtexp.plan import make_plan  # noqa: PLC0415
    from mbtexp.task import find_task, task_names  # noqa: PLC0415

    presets = [(name, preset) for name in task_names() for preset in find_task(name).presets]
    rows = []
    for done, (name, preset) in enumerate(presets, start=1):
        prepared = prepare(Request(task=name, participant="01", data=Path(), preset=preset))
        plan = make_plan(
            prepared.task, prepared.session, prepared.material, prepared.rig, prepared.rows
        )
        stimuli = prepared.material.stimuli.name if prepared.material.stimuli else "-"
        length = ("about " if plan.untimed else "") + minutes(plan.length_s)
        keys = " ".join(prepared.material.keys)
        rows.append([name, preset, len(plan.rows), length, stimuli, keys])
        progress(done, len(presets))
    return columns_text(rows, ["task", "preset", "trials", "length", "stimuli", "keys"])
