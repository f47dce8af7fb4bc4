"""The files of a reconciled run: its codes, a summary, its events on the recorder's time axis."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.reconciled import STATUS, Reconciled, Row
from analysis.tables import as_json, save, tsv
from mbtexp.bids.documents import BIDS_VERSION
from mbtexp.bids.sidecars import events_sidecar
from mbtexp.bids.tables import Table, events_table, seconds
from mbtexp.errors import DataError

SAME_MOMENT_S = 0.001
"""A row of the events and a code carry times of one clock, at most this far apart."""

COLUMNS = {
    "sitting": "1, and one more for each time that the run was resumed; n/a for what is only "
    "in the recording",
    "seq": "number of the code in the log, from 1 in each sitting",
    "name": "name of the code",
    "code": "its number",
    "t_event": "time of the event on the log's clock, s",
    "t_sent": "when the byte was written, on the log's clock, s",
    "outcome": "what the log says became of the code (docs/triggers.md)",
    "value": "the number in the recording",
    "sample": "sample of the code in the recording, from 0",
    "onset": "time in the recording, s; by the clocks' fit for a code that is not there",
    "residual_ms": "how far the code is from where the clocks' fit puts it, ms",
    "status": "; ".join(f"{name}: {said}" for name, said in STATUS.items()),
}
"""What each column of the table of codes means."""

_ADDED = {
    "onset": {
        "Description": "Seconds from the start of the recording: the log's own time, put on the "
        "recorder's clock by a fit through all codes.",
        "Units": "s",
    },
    "onset_planned": {
        "Description": "When the onset was due, on the time axis of the onset.",
        "Units": "s",
    },
    "sample": {"Description": "Sample of the recording nearest to the onset, from 0."},
    "recorded": {
        "Description": "Whether the row's trigger code is in the recording; n/a without a code.",
        "Levels": {"true": "it is", "false": "it is not; the onset is by the clocks alone"},
    },
}


def write(found: Reconciled) -> tuple[Path, ...]:
    """Write the files; refuses to replace any that says something else.

    Raises
    ------
    DataError
        A file of that name is about another recording, or was changed by hand.
    DiskError
        The folder cannot be written.
    """
    name = found.run.labels.name
    events = corrected_events(found)
    content = {
        f"{name}_reconcile.tsv": codes_tsv(found),
        f"{name}_events.tsv": events.tsv(),
        f"{name}_events.json": as_json(_sidecar(found, events)),
    }
    summary = found.out / f"{name}_reconcile.json"
    earlier = _earlier(summary, found)
    for file, new in content.items():
        _refuse_foreign(found.out / file, new, earlier.get(file))
    for file, new in content.items():
        save(found.out / file, new)
    digests = {file: _digest(new) for file, new in content.items()}
    save(summary, as_json({**as_facts(found), "files": digests}))
    written = [*(found.out / file for file in content), summary]
    return (*written, *_description(found.out))


# -- never over something else --------------------------------------------------------------------


def _earlier(summary: Path, found: Reconciled) -> Mapping[str, str]:
    """Digests of what an earlier call wrote for this log and recording."""
    try:
        said = json.loads(summary.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        said = {}
    ours = isinstance(said, dict) and (said.get("log"), said.get("recording")) == _pair(found)
    if not ours:
        raise DataError(
            f"{summary}: this file is about another recording of the run, or is none of mbtexp's. "
            "Nothing is overwritten: name another folder with --out."
        )
    files = said.get("files")
    return files if isinstance(files, dict) else {}


def _refuse_foreign(path: Path, new: bytes, digest: str | None) -> None:
    try:
        there = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"{path}: {os.strerror(error.errno or 0)}.") from None
    if there != new and _digest(there) != digest:
        raise DataError(
            f"{path}: somebody else wrote or changed this file. Nothing is overwritten: move it "
            "away, or name another folder with --out."
        )


def _pair(found: Reconciled) -> tuple[str, str]:
    return found.run.log.path.name, found.recording.name


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _description(out: Path) -> Iterator[Path]:
    """The data set's description at the root of a folder of derivatives, if it has none."""
    for folder in (out, *out.parents):
        if folder.parent.name == "derivatives":
            path = folder / "dataset_description.json"
            if not path.exists():
                save(path, as_json(_DESCRIPTION | {"GeneratedBy": [_generated()]}))
                yield path
            return


_DESCRIPTION: dict[str, Any] = {
    "Name": "Event logs on the time axis of the recordings",
    "BIDSVersion": BIDS_VERSION,
    "DatasetType": "derivative",
}


def _generated() -> dict[str, str]:
    return {"Name": "mbtexp", "Version": importlib.metadata.version("mbtexp")}


# -- the table of codes and the summary -----------------------------------------------------------


def codes_tsv(found: Reconciled) -> bytes:
    """One row for each code, in order of time."""
    return tsv(list(COLUMNS), (_cells(row) for row in found.rows))


def _cells(row: Row) -> list[object]:
    return [
        None if row.sitting is None else row.sitting + 1,
        row.seq,
        row.name,
        row.code,
        _seconds(row.t_event),
        _seconds(row.t_sent),
        row.outcome,
        row.value,
        row.sample,
        _seconds(row.onset_s),
        None if row.residual_s is None else f"{1000 * row.residual_s:.3f}",
        row.status,
    ]


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.6f}"


def as_facts(found: Reconciled) -> dict[str, Any]:
    """The summary as plain JSON."""
    clocks = found.clocks
    log, recording = _pair(found)
    return {
        "log": log,
        "recording": recording,
        "good": found.ok,
        "problems": list(found.problems),
        "notes": list(found.notes),
        "track": found.track,
        "codes_in_recording": found.n_recorded,
        "codes_of_other_runs": found.n_others,
        "sampling_rate_hz": clocks.rate_hz,
        "recording_s": clocks.duration_s,
        "clock": {
            "drift_ppm": round(1e6 * clocks.drift, 3),
            "drift_se_ppm": _finite(1e6 * clocks.drift_se),
            "residual_sd_ms": round(1000 * clocks.sd_s, 4),
            "residual_max_ms": round(1000 * clocks.max_s, 4),
            "formula": "recording_s = (1 + drift_ppm / 1e6) * log_s + offset_s",
            "parts": [
                {
                    "offset_s": round(stretch.offset_s, 6),
                    "log_from_s": _finite(stretch.from_t),
                    "log_until_s": _finite(stretch.until_t),
                    "codes": stretch.n_codes,
                }
                for stretch in clocks.stretches
            ],
        },
        "counts": [asdict(count) for count in found.counts],
        "columns": COLUMNS,
        "generated_by": _generated(),
    }


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


# -- the events on the recorder's time axis -------------------------------------------------------


def corrected_events(found: Reconciled) -> Table:
    """The log's events with onsets from the start of the recording; none from outside it."""
    table = events_table(found.run)
    codes = {row.name: row.code for row in found.rows if row.name}
    marked = _by_name(found)
    rows = []
    for row in table.rows:
        t = float(row["onset"]) + found.run.zero
        at, ran = found.clocks.place(t)
        if not ran:
            continue
        own = {
            "onset": seconds(at),
            "sample": str(min(round(at * found.clocks.rate_hz), _last_sample(found))),
        }
        planned = row.get("onset_planned", "n/a")
        if planned != "n/a":
            own["onset_planned"] = seconds(at + float(planned) - float(row["onset"]))
        name = row.get("trigger", "n/a")
        if name != "n/a":
            one = _nearest(marked.get(name, []), t)
            own["recorded"] = "true" if one is not None and one.sample is not None else "false"
            if name in codes:
                own["value"] = str(codes[name])
        rows.append({**row, **own})
    leading = ("onset", "duration", "trial_type", "value", "sample", "recorded")
    columns = (*leading, *(name for name in table.columns if name not in leading))
    return Table(columns, tuple(rows))


def _by_name(found: Reconciled) -> dict[str, list[Row]]:
    named: dict[str, list[Row]] = {}
    for row in found.rows:
        if row.t_event is not None:
            named.setdefault(row.name, []).append(row)
    return named


def _nearest(rows: list[Row], t: float) -> Row | None:
    near = [row for row in rows if abs((row.t_event or 0.0) - t) <= 2 * SAME_MOMENT_S]
    return min(near, key=lambda row: abs((row.t_event or 0.0) - t), default=None)


def _last_sample(found: Reconciled) -> int:
    return round(found.clocks.duration_s * found.clocks.rate_hz) - 1


def _sidecar(found: Reconciled, events: Table) -> dict[str, Any]:
    """What the columns mean, as the data set's own sidecar says, and the columns added here."""
    known = Table(tuple(c for c in events.columns if c not in ("sample", "recorded")), events.rows)
    return {**events_sidecar(found.run, known), **_ADDED, "Recording": found.recording.name}
