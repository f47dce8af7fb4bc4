"""The result of a check as one page: no other file, light and dark, for screen, phone and paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from mbtexp.check.history import NUMBERS, fact
from mbtexp.check.report import WORDS, Check, Difference, Step, shown, spoken_time, summary
from mbtexp.ports import Facts

KEPT_ROWS = 30
"""Earlier checks in the table, the newest ones."""

BINS = 40

HIDDEN = ("intervals_ms", "times_ms", "psychopy_notes")
"""Facts that are drawn, or that only the JSON needs."""

COLUMNS = [number for number in NUMBERS if number.label.endswith(("(Hz)", "(ms)"))]
"""What is shown of the days before: the measured numbers."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --paper: #fdfdfc; --soft: #5d6873;
  --line: #d8dce0; --card: #f3f4f5; --pass: #1d7a46; --warn: #9a5b00; --fail: #b3261e;
  --skip: #66707a; --bar: #3d6d99; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --paper: #15181b; --soft: #a2abb4;
  --line: #343b42; --card: #1f2428; --pass: #5fc48d; --warn: #f0b04f; --fail: #ff8a80;
  --skip: #a2abb4; --bar: #7fb2de; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
.soft { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.result { border-left: .4rem solid; padding: .6rem .9rem; margin: 1rem 0; background: var(--card);
  font-weight: 600; }
.pass { border-color: var(--pass); } .warn { border-color: var(--warn); }
.fail { border-color: var(--fail); } .skip { border-color: var(--skip); }
ol { list-style: none; margin: 0; padding: 0; }
li.step { display: grid; grid-template-columns: 5.6rem 1fr; gap: 0 .75rem; padding: .55rem 0;
  border-top: 1px solid var(--line); break-inside: avoid; }
.verdict { font-size: .8rem; font-weight: 700; padding-top: .15rem; }
.verdict.pass { color: var(--pass); } .verdict.warn { color: var(--warn); }
.verdict.fail { color: var(--fail); } .verdict.skip { color: var(--skip); }
.found { overflow-wrap: anywhere; }
.advice { font-weight: 600; }
details { margin-top: .2rem; } summary { color: var(--soft); font-size: .85rem; cursor: pointer; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0 .9rem;
  margin: .3rem 0; font-size: .85rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
td { font-variant-numeric: tabular-nums; } td:first-child { min-width: 9rem; }
tr.differs td { font-weight: 700; color: var(--warn); }
svg { display: block; width: 100%; max-width: 26rem; height: auto; margin: .4rem 0; }
svg rect { fill: var(--bar); } svg text { fill: var(--soft); font-size: 11px; }
svg line { stroke: var(--line); }
@media (max-width: 34rem) { li.step { grid-template-columns: 1fr; } body { padding-top: 1rem; } }
@media print { :root { --paper: #fff; } @page { size: A4; margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  .result { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  details:not([open]) { display: none; } h2 { break-after: avoid; } .wide { overflow: visible; } }
"""


def page(check: Check, earlier: Sequence[Facts]) -> str:
    """The whole page."""
    title = f"Check of rig '{check.rig}'"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(spoken_time(check.utc))} &middot; {escape(check.rig_file)}'
        f" &middot; {escape(check.machine)}{' &middot; baseline' * check.baseline}</p>",
        f'<p class="result {check.verdict}">{escape(summary(check))}</p>',
        "<h2>Part by part</h2>",
        f"<ol>{''.join(map(_step, check.steps))}</ol>",
        *_against_baseline(check),
        *_history(check, earlier),
        "<h2>Programs</h2>",
        _facts(_software(check)),
        "<h2>The rig file as it was read</h2>",
        *_settings(check.rig_settings),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}, {escape(spoken_time(check.utc))}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _step(step: Step) -> str:
    finding = step.finding
    advice = f'<p class="advice">{escape(_sentence(finding.advice))}</p>' if finding.advice else ""
    return (
        f'<li class="step"><span class="verdict {step.verdict}">{WORDS[step.verdict]}</span>'
        f'<div><p class="found"><b>{escape(step.title)}</b>: {escape(finding.found)}</p>{advice}'
        f"{_drawn(finding.facts)}{_more(finding.facts)}</div></li>"
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _drawn(facts: Facts) -> str:
    if facts.get("intervals_ms"):
        return histogram(facts["intervals_ms"], "ms from flip to flip")
    if facts.get("times_ms"):
        return histogram(facts["times_ms"], "ms for a write")
    return ""


def _more(facts: Facts) -> str:
    kept = {key: value for key, value in facts.items() if key not in HIDDEN and value is not None}
    return f"<details><summary>details</summary>{_facts(kept)}</details>" if kept else ""


def _facts(facts: Facts) -> str:
    rows = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(shown(value))}</dd>" for key, value in facts.items()
    )
    return f"<dl>{rows}</dl>"


def _against_baseline(check: Check) -> list[str]:
    if check.compared_with is None:
        words = "This is the baseline." if check.baseline else "There is no earlier check."
        return ["<h2>Compared with the baseline</h2>", f"<p>{words}</p>"]
    changed = len(check.changes)
    said = f"{changed} of {len(check.differences)} differ." if changed else "Nothing has changed."
    rows = sorted(check.differences, key=lambda row: not row.differs)
    return [
        f"<h2>Compared with the baseline of {escape(spoken_time(check.compared_with))}</h2>",
        f"<p>{said}</p>",
        _table(["", "baseline", "today"], map(_difference, rows)),
    ]


def _difference(row: Difference) -> tuple[str, list[str]]:
    return "differs" if row.differs else "", [row.label, shown(row.then), shown(row.now)]


def _history(check: Check, earlier: Sequence[Facts]) -> list[str]:
    checks = [*earlier, check.facts()][-KEPT_ROWS:]
    if len(checks) < 2:
        return []
    rows = [
        (
            "",
            [
                f"{spoken_time(entry['utc'])[:16]}{' (baseline)' * bool(entry.get('baseline'))}",
                WORDS[entry["verdict"]],
                *(shown(fact(entry, number.step, number.fact)) for number in COLUMNS),
            ],
        )
        for entry in reversed(checks)
    ]
    heads = ["when (UTC)", "result", *(number.label for number in COLUMNS)]
    return ["<h2>The days before</h2>", _table(heads, rows)]


def _table(heads: Sequence[str], rows: Iterable[tuple[str, list[str]]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        f'<tr class="{kind}">{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for kind, cells in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _software(check: Check) -> Facts:
    packages = check.software.get("packages", {})
    named = {key: value for key, value in check.software.items() if key != "packages"}
    return {key: value for key, value in {**named, **packages}.items() if value is not None}


def _settings(settings: Facts) -> list[str]:
    top = {key: value for key, value in settings.items() if not isinstance(value, dict)}
    parts = [_facts(top)]
    for name, section in settings.items():
        if isinstance(section, dict):
            parts.append(f"<details><summary>[{escape(name)}]</summary>{_facts(section)}</details>")
    return parts


def histogram(values: Sequence[float], label: str) -> str:
    """How many values lie where, as a drawing; a lone far one is still a pixel high.

    The axis begins at the smallest value and ends at the largest.
    """
    low, high = min(values), max(values)
    width = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((value - low) / width))] += 1
    bars = "".join(
        f'<rect x="{10 * place + 1}" y="{70 - _height(count, max(counts)):.1f}" width="8" '
        f'height="{_height(count, max(counts)):.1f}"/>'
        for place, count in enumerate(counts)
        if count
    )
    return (
        f'<svg viewBox="0 0 400 90" role="img" aria-label="{escape(label)}">{bars}'
        '<line x1="0" y1="70.5" x2="400" y2="70.5"/>'
        f'<text x="0" y="85">{low:.3g}</text>'
        f'<text x="200" y="85" text-anchor="middle">{escape(label)}, {len(values)} times</text>'
        f'<text x="400" y="85" text-anchor="end">{high:.3g}</text></svg>'
    )


def _height(count: int, most: int) -> float:
    return max(1.5, 66 * count / most) if count else 0.0
