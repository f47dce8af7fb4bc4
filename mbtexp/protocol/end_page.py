"""The end of a session as a page for the operator: what was run, what is missing, what is next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from mbtexp.check.page import STYLE
from mbtexp.check.report import spoken_time
from mbtexp.errors import DiskError
from mbtexp.protocol.distress import DistressCourse, distress_course, distress_svg
from mbtexp.protocol.log import read_session
from mbtexp.protocol.summary import RunGlance, StepGlance, Summary
from mbtexp.show import minutes

GENERATOR = '<meta name="generator" content="mbtexp session">'
"""By this line a page of ours is known, which may be written anew."""

OUTCOMES = {
    "completed": ("done", "pass"),
    "skipped": ("left out", "warn"),
    "stopped": ("stopped", "fail"),
    "failed": ("failed", "fail"),
    None: ("not done", "fail"),
}
"""What became of a step in the operator's words, and the colour of it."""

NO_LINE = frozenset({"none", "memory"})
"""Where codes go that reach no recorder."""

OWN_STYLE = """
body { max-width: 62rem; }
.result p { margin: 0; } .result ul { margin: .3rem 0 0; padding-left: 1.1rem; font-weight: 400; }
.note { border: 2px solid var(--warn); padding: .35rem .9rem; font-weight: 600; }
td, th { padding: .18rem .6rem .18rem 0; } td:first-child { min-width: 0; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.pass, td.warn, td.fail, td.skip { border-color: var(--line); }
td.pass { color: var(--pass); } td.warn { color: var(--warn); font-weight: 700; }
td.fail { color: var(--fail); font-weight: 700; } td.skip { color: var(--skip); }
tr.rest td:not(.warn, .fail) { color: var(--soft); }
.columns { columns: 18rem; column-gap: 2rem; margin-top: 2rem; } .columns h2 { margin-top: 0; }
section { break-inside: avoid; margin-bottom: 1rem; }
section li { margin: .2rem 0; overflow-wrap: anywhere; }
section ol, section ul { list-style: disc; margin: .2rem 0; padding-left: 1.1rem; }
section ol { list-style: decimal; }
code { font: .85em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
a { color: inherit; }
.wide svg { max-width: 46rem; min-width: 30rem; }
svg polyline { fill: none; stroke: var(--bar); stroke-width: 1.5; }
svg circle { fill: var(--bar); } svg .limit { stroke: var(--fail); stroke-dasharray: 5 4; }
svg .induced { stroke: var(--warn); stroke-width: 1.5; }
@media print { @page { margin: 9mm 10mm; } body { font-size: 7.6pt; line-height: 1.25; }
  h1 { font-size: 12pt; } h2 { font-size: 9pt; margin: .7rem 0 .2rem; } p { margin: .1rem 0; }
  .result { margin: .3rem 0; padding: .3rem .6rem; } .soft, table { font-size: 7pt; }
  .soft, table { line-height: 1.2; } td, th { padding: .15mm 2mm .15mm 0; }
  tr { break-inside: avoid; } .wide svg { max-width: 105mm; min-width: 0; margin: 0; }
  section ul, section ol { margin: 0; } section li { margin: 0; }
  section { margin: 0 0 .4rem; } .columns { columns: 3; column-gap: 6mm; margin-top: .6rem; } }
"""


@dataclass(frozen=True)
class Remark:
    """Something that somebody should look at."""

    where: str
    text: str


def write_end_page(told: Summary) -> Path:
    """The page beside the session's log; ours is written anew, anybody else's file is left alone.

    Raises
    ------
    DiskError
        The page cannot be written.
    """
    path = _place(told.log.with_suffix(".html"))
    past = read_session(told.log)
    text = end_page(told, None if past is None else distress_course(past))
    fresh = path.with_name(f".{path.name}.part")
    try:
        fresh.write_text(text, encoding="utf-8", newline="")
        fresh.replace(path)
    except OSError as error:
        raise DiskError(f"{path}: the page cannot be written ({error.strerror}).") from None
    return path


def _place(path: Path) -> Path:
    """The first name that is free or that a page of ours has."""
    number, place = 1, path
    while place.exists() and not _is_ours(place):
        number += 1
        place = path.with_stem(f"{path.stem}-{number}")
    return place


def _is_ours(path: Path) -> bool:
    try:
        return GENERATOR.encode() in path.read_bytes()[:1000]
    except OSError:
        return False


# -- the page --------------------------------------------------------------------------------------


def end_page(told: Summary, course: DistressCourse | None = None) -> str:
    """The whole page: no other file, light and dark, for screen, phone and paper."""
    title = f"Session {told.session} of participant {told.participant}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{_about(told)}</p>',
        *_notes(told),
        _result(told),
        "<h2>What was run</h2>",
        _table(told),
        *_distress(course),
        f'<div class="columns">{"".join(_sections(told))}</div>',
    ]
    body = "\n".join(parts)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'{GENERATOR}\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{OWN_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _about(told: Summary) -> str:
    levels = ", ".join(f"{name} {level}".replace("_", " ") for name, level in told.levels.items())
    said = [
        f"{told.protocol} {told.version}",
        f"group {told.group}" if told.group else "no group",
        f"cell {told.cell}" + (f" ({levels})" if levels else ""),
        f"rig {told.rig}",
        f"began {spoken_time(told.began)}",
        f"took {minutes(told.length_s)}",
    ]
    return " &middot; ".join(escape(part) for part in said)


def _notes(told: Summary) -> Iterator[str]:
    if told.simulated:
        yield '<p class="note">Simulated answers: this session measures nobody.</p>'
    if told.mode == "pilot":
        yield '<p class="note">A pilot: it belongs to no study.</p>'


def _result(told: Summary) -> str:
    remarks = list(remarks_of(told))
    state = "Complete" if told.completed else "Not over"
    reason = told.reason or "it broke off or still goes on"
    wanted = f"{len(remarks)} {'thing' if len(remarks) == 1 else 'things'} to look at"
    said = f"{state}: {reason}. {wanted if remarks else 'Nothing to look at'}."
    tone = "fail" if not told.completed else "warn" if remarks else "pass"
    items = "".join(
        f"<li><b>{escape(remark.where)}</b>: {escape(remark.text)}</li>" for remark in remarks
    )
    return (
        f'<div class="result {tone}"><p>{escape(said)}</p>{f"<ul>{items}</ul>" * bool(items)}</div>'
    )


def remarks_of(told: Summary) -> Iterator[Remark]:
    """What somebody should look at: what is missing, what went wrong in a run, damaged lines."""
    for step in told.missing:
        reason = f": {step.reason}" if step.reason else ""
        yield Remark(step.step, f"{OUTCOMES[step.outcome][0]}{reason}")
    for step in told.steps:
        for number, run in enumerate(step.runs, start=1):
            again = f", time {number}" if len(step.runs) > 1 else ""
            for remark in run.remarks:
                yield Remark(f"{step.step}{again}", _calm(remark))
    for sentence in told.damage:
        yield Remark("the session's log", sentence)


def _calm(remark: str) -> str:
    """Capitals are for the terminal, where nothing else stands out."""
    return " ".join(word.lower() if word.isupper() else word for word in remark.split(" "))


# -- steps -----------------------------------------------------------------------------------------


def _table(told: Summary) -> str:
    scanned = any(run.pulses_expected is not None for run in told.runs)
    heads = ["step", "", "trials", "min", "late screens", "lost codes", "not answered"]
    heads += ["pulses"] * scanned
    head = "".join(
        f'<th class="{"n" if place > 1 else ""}">{name}</th>' for place, name in enumerate(heads)
    )
    rows = "".join(
        _row(step, scanned=scanned)
        for step in told.steps
        if step.outcome is not None or step.needed
    )
    total = _totals(told, scanned=scanned)
    return f'<div class="wide"><table><tr>{head}</tr>{rows}{total}</table></div>'


def _row(step: StepGlance, *, scanned: bool) -> str:
    word, tone = OUTCOMES[step.outcome]
    if step.outcome == "skipped" and not step.needed:
        tone = "skip"
    reason = f" ({step.reason})" if step.reason and step.outcome != "completed" else ""
    times = f" ({len(step.runs)} times)" if len(step.runs) > 1 else ""
    about = "" if step.title == step.step else f" <span>{escape(step.title)}</span>"
    cells = [
        f"<td><b>{escape(step.step)}</b>{about}{times}</td>",
        f'<td class="{tone}">{escape(word + reason)}</td>',
        *(_counts(step.runs, scanned=scanned) if step.runs else _empty(scanned=scanned)),
    ]
    return f"<tr{'' if step.runs else ' class=rest'}>{''.join(cells)}</tr>"


def _empty(*, scanned: bool) -> list[str]:
    return ['<td class="n"></td>'] * (6 if scanned else 5)


def _counts(runs: tuple[RunGlance, ...], *, scanned: bool) -> list[str]:
    """Sums over the runs of a step, coloured where a run has a remark about them."""
    trials, planned = sum(run.trials for run in runs), sum(run.planned for run in runs)
    late, screens = sum(run.late_screens for run in runs), sum(run.screens for run in runs)
    lost, codes = sum(run.codes_lost for run in runs), sum(run.codes for run in runs)
    worst_ms = 1000 * max(run.worst_late_s for run in runs)
    said = " ".join(remark for run in runs for remark in run.remarks)
    missed = sum(run.missed for run in runs)
    cells = [
        _cell(f"{trials}" if trials == planned else f"{trials} of {planned}", trials < planned),
        _cell(f"{sum(run.length_s for run in runs) / 60:.1f}"),
        _cell(
            f"{late} of {screens}" + (f", worst {worst_ms:.0f} ms" if late else ""),
            "timing:" in said,
        ),
        _cell(_codes(runs, lost, codes), lost > 0),
        _cell(f"{missed}", "not answered:" in said),
    ]
    return [*cells, _pulses(runs)] if scanned else cells


def _codes(runs: Iterable[RunGlance], lost: int, codes: int) -> str:
    return "not sent" if {run.line for run in runs} <= NO_LINE else f"{lost} of {codes}"


def _pulses(runs: tuple[RunGlance, ...]) -> str:
    known = [run for run in runs if run.pulses_expected is not None]
    seen = sum(run.pulses_seen or 0 for run in known)
    due = sum(run.pulses_expected or 0 for run in known)
    return _cell(f"{seen} of {due}" if known else "", any(run.pulses_wrong for run in runs))


def _cell(text: str, bad: bool = False) -> str:
    return f'<td class="n{" fail" if bad else ""}">{escape(text)}</td>'


def _totals(told: Summary, *, scanned: bool) -> str:
    runs = told.runs
    if not runs:
        return ""
    cells = "".join(_counts(runs, scanned=scanned))
    return f"<tr><td><b>all {len(runs)} runs</b></td><td></td>{cells}</tr>"


# -- the rest --------------------------------------------------------------------------------------


def _distress(course: DistressCourse | None) -> list[str]:
    if course is None or not course.ratings:
        return []
    last = course.ratings[-1]
    return [
        "<section><h2>Distress</h2>",
        f'<p class="soft">{len(course.ratings)} ratings, 0 to 100; the last one is '
        f"{last.value:g} ({escape(last.step)}). Orange: an induction begins.</p>",
        f'<div class="wide">{distress_svg(course)}</div></section>',
    ]


def _sections(told: Summary) -> Iterator[str]:
    if told.decisions:
        yield _section(
            "Decisions", (_decision(one.t, one.text, one.reason) for one in told.decisions)
        )
    paid = [step for step in told.steps if step.kind == "payout"]
    receipts = [name for name in told.files if name.endswith("_receipt.txt")]
    if paid or receipts:
        links = [f"{_link(name)}: print it and have it signed." for name in receipts]
        reasons = [escape(step.reason) for step in paid if step.reason]
        undone = ["Not drawn." for step in paid if step.outcome != "completed"]
        yield _section("Payout", links + reasons + undone or ["Nothing to be paid."])
    yield _section("Files", _files(told))
    yield _section("What to do next", _next(told), "ol")


def _section(title: str, items: Iterable[str], kind: str = "ul") -> str:
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f"<section><h2>{title}</h2><{kind}>{listed}</{kind}></section>"


def _decision(t: float, text: str, reason: str) -> str:
    why = f" (why: {escape(reason)})" if reason else ""
    return f'<span class="soft">minute {t / 60:.0f}</span> {escape(text)}{why}'


def _link(name: str) -> str:
    return f'<a href="{quote(name)}">{escape(name)}</a>'


def _files(told: Summary) -> Iterator[str]:
    yield f"{_link(told.log.name)}: the session's own log"
    logs = [name for name in told.files if name.endswith("_log.jsonl")]
    yield f"{len(logs)} logs of runs (<code>*_log.jsonl</code>)"
    others = len(told.files) - len(logs) - (told.log.name in told.files)
    yield f"{others} more: code books, receipt, this page"
    yield f"all in <code>{escape(str(told.folder))}</code>"


def _next(told: Summary) -> Iterator[str]:
    root = told.folder.parents[2]
    data = root.parent if told.mode == "pilot" else root
    if not told.completed:
        words = ["mbtexp", "session", told.protocol, "--participant", told.participant]
        words += ["--session", told.session, "--data", str(data), "--resume"]
        yield f"Go on with it: {_command(words)} and the options that it was begun with"
    if any(step.kind == "payout" for step in told.steps) and told.completed:
        yield "File the signed receipt and the notes of the session."
    originals = escape(str(root / "sourcedata"))
    yield f"Copy <code>{originals}</code> to the backup: nothing else can replace it."
    yield f"Data set: {_command(['mbtexp', 'bids', str(root)])}"
    analyse, report = (_command(["mbtexp", word, str(root)]) for word in ("analyse", "report"))
    yield f"Indices, quality of each run, pages: {analyse}, then {report}"


def _command(words: Iterable[str]) -> str:
    return f"<code>{escape(shlex.join(words))}</code>"
