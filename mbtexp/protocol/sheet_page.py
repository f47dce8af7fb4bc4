"""The run sheet as a page to print on A4: a box to tick for every step, and room for notes."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mbtexp.protocol.sheet import Sheet, SheetRow, codes_spoken, mode_words, spoken_minutes

STYLE = """
@page { size: A4; margin: 14mm 12mm; }
* { box-sizing: border-box; }
body { font: 10pt/1.35 Arial, Helvetica, sans-serif; color: #000; background: #fff;
       max-width: 186mm; margin: 0 auto; padding: 4mm 0; }
h1 { font-size: 15pt; margin: 0 0 1mm; }
p { margin: 0 0 2mm; }
.who { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1mm 6mm; margin: 3mm 0;
       padding: 2mm 0; border-top: 1.5pt solid #000; border-bottom: .5pt solid #000; }
.who b { display: block; font-size: 8pt; font-weight: normal; color: #333; }
.notes { margin: 0 0 3mm; padding-left: 5mm; }
.mode { border: 1.5pt solid #000; padding: 1mm 2mm; font-weight: bold; display: inline-block; }
table { width: 100%; border-collapse: collapse; }
thead { display: table-header-group; }
th { text-align: left; font-size: 8pt; border-bottom: 1pt solid #000; padding: 0 1.5mm 1mm 0; }
td { vertical-align: top; padding: 1.6mm 1.5mm 1.6mm 0; border-bottom: .4pt solid #999; }
tr { break-inside: avoid; }
.half td:first-child { border-left: 3pt solid #000; padding-left: 1.5mm; }
.tick { width: 8mm; }
.box { display: inline-block; width: 4mm; height: 4mm; border: .8pt solid #000; }
.time { width: 15mm; text-align: right; padding-right: 3mm; white-space: nowrap; }
.small { font-size: 8pt; color: #222; overflow-wrap: anywhere; }
.text { white-space: pre-line; }
.warn { font-weight: bold; }
.write { width: 34mm; border-left: .4pt solid #999; }
.sign { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 8mm; margin-top: 12mm;
        break-inside: avoid; }
.sign div { border-top: .6pt solid #000; padding-top: 1mm; font-size: 8pt; }
"""


def sheet_page(sheet: Sheet) -> str:
    """The run sheet as one HTML file that needs nothing else."""
    return "\n".join(_lines(sheet)) + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    asked, protocol = sheet.asked, sheet.protocol
    title = f"Run sheet: participant {asked.participant}, session {asked.session}"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    yield f"<p>{escape(protocol.title)} ({escape(protocol.name)} {escape(protocol.version)})</p>"
    mode = mode_words(asked).removeprefix(", ")
    if mode:
        yield f'<p class="mode">{escape(mode)}</p>'
    yield '<div class="who">'
    for name, value in _who(sheet):
        yield f"<div><b>{escape(name)}</b>{escape(value)}</div>"
    yield "</div>"
    if sheet.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
        yield f'<ul class="notes">{items}</ul>'
    yield "<table><thead><tr><th></th><th>from&nbsp;min</th><th>step</th><th>takes</th>"
    yield "<th>notes</th></tr></thead><tbody>"
    begins = 0.0
    for number, row in enumerate(sheet.rows, start=1):
        yield _row(number, row, begins)
        begins += row.minutes if row.counts else 0.0
    yield "</tbody></table>"
    yield '<div class="sign"><div>date, begun at</div><div>ended at</div><div>operator</div></div>'
    yield "</body></html>"


def _who(sheet: Sheet) -> Iterator[tuple[str, str]]:
    yield "group", sheet.group or "-"
    yield "cell", str(sheet.cell.number)
    yield "whole session", f"about {sheet.minutes:.0f} min"
    for factor, level in sheet.cell.facts().items():
        yield factor.replace("_", " "), level.replace("_", " ")
    yield "rig", f"{sheet.rig.name} ({sheet.rig.mode})"
    yield "language", sheet.asked.language
    yield "seed", str(sheet.asked.seed)


def _row(number: int, row: SheetRow, begins: float) -> str:
    step = row.step
    half = "" if step.half is None else ' class="half"'
    when = f"{begins:.0f}" if row.counts else "if needed"
    about = "~ " if row.typical and step.kind == "run" and row.minutes else ""
    takes = about + spoken_minutes(row.minutes) if row.minutes else ""
    return (
        f'<tr{half}><td class="tick"><span class="box"></span></td>'
        f'<td class="time">{when}</td>'
        f"<td><b>{number}. {escape(row.title)}</b> {_about(row)}</td>"
        f'<td class="time">{takes}</td><td class="write"></td></tr>'
    )


def _about(row: SheetRow) -> str:
    step = row.step
    optional = " (optional)" if step.optional else ""
    said = [f'<span class="small">{escape(step.step)}{optional}</span>']
    if step.kind != "run":
        if step.text != row.title:
            said.append(f'<div class="text">{escape(step.text)}</div>')
        return "".join(said)
    said += [
        f'<div class="small">{line}</div>'
        for line in (_what(row), _answers(row), escape(row.volumes))
        if line
    ]
    said += [f'<div class="small warn">{escape(warning)}</div>' for warning in row.warnings]
    return "".join(said)


def _what(row: SheetRow) -> str:
    step = row.step
    words = [f"{step.task} {row.preset}", f"{row.trials} trials"]
    words += [f"{name} = {value or 'none'}" for name, value in step.changes.items()]
    words += [f"state: {step.state}"] if step.state else []
    words += [f"needs: {', '.join(step.needs)}"] if step.needs else []
    return escape("; ".join(words))


def _answers(row: SheetRow) -> str:
    return escape(f"buttons: {' '.join(row.buttons)}; codes: {codes_spoken(row.codes)}")
