"""A log beside its recording: nothing is lost unseen, nothing is matched by chance."""

from __future__ import annotations

import csv
import itertools
import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analysis.reconcile
from analysis.reconcile import Reconciled, reconcile
from analysis.recording import (
    Recording,
    Track,
    channel_names,
    read_channels,
    read_recording,
    track_of,
    track_of_markers,
)
from mbtexp.conduct import Request, conduct
from mbtexp.errors import DataError
from mbtexp.events import encode, read_log
from mbtexp.triggers import RecordingLink, opening
from mbtexp.triggers.devices import SHORTEST_GAP_S
from mbtexp.virtual.amplifier import Amplifier, markers, pulses, status

CODES = {
    "fixation": 123,
    "eyes_mental": 125,
    "response_tl": 154,
    "response_tr": 155,
    "response_bl": 156,
    "response_br": 157,
    "run_start": 203,
    "run_end": 204,
}
NAMES = {code: name for name, code in CODES.items()}
PULSE_S = 0.008
AMPLIFIER = Amplifier(rate_hz=500, drift_ppm=30, start_s=-12.3456789)


# -- a log, and the recording of it ---------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A code as a test wants it in a log."""

    t: float
    code: int
    outcome: str = "sent"
    kind_of: str = "flip"
    t_event: float | None = None


def run_of(n_trials: int, seed: int = 0, start_s: float = 0.5) -> list[Sent]:
    """The codes of a run with jittered trials and answers at their own times."""
    rng = np.random.default_rng(seed)
    codes = [Sent(start_s, 203)]
    t = start_s + 1.0
    for _ in range(n_trials):
        rt_s = float(rng.lognormal(0.0, 0.4))
        answer = int(rng.choice([154, 155, 156, 157]))
        codes += [Sent(t, 123), Sent(t + 0.5, 125), Sent(t + 0.5 + rt_s, answer, kind_of="now")]
        t += 0.5 + rt_s + float(rng.uniform(1.0, 2.0))
    return [*codes, Sent(t, 204)]


def trigger(seq: int, code: Sent) -> dict[str, Any]:
    reached = code.outcome in ("sent", "deferred_sent", "truncated")
    event = code.t if code.t_event is None else code.t_event
    return {
        "kind": "trigger",
        "t": code.t,
        "seq": seq,
        "name": NAMES.get(code.code, f"code_{code.code}"),
        "code": code.code,
        "kind_of": code.kind_of,
        "t_event": event,
        "t_write_start": code.t if reached else None,
        "outcome": code.outcome,
    }


def write_log(
    folder: Path, *sittings: Sequence[Sent], line: dict[str, Any] | None = None, run: int = 1
) -> Path:
    """A log of one run, of as many sittings as there are lists of codes."""
    name = f"sub-01_ses-01_task-eyes_run-{run:02d}"
    path = folder / "sourcedata" / "sub-01" / "ses-01" / f"{name}_log.jsonl"
    port = {"device": "serial", "port": "/dev/ttyUSB0", "pulse_ms": 1000 * PULSE_S}
    header = {
        "kind": "header",
        "t": 0.0,
        "format": 1,
        "task": "eyes",
        "participant": "01",
        "session": "01",
        "run": run,
        "mode": "lab",
        "design": [],
        "codes": {name: {"code": code} for name, code in CODES.items()},
        "rig": {"mode": "eeg"},
        "trigger": port if line is None else line,
    }
    lines: list[dict[str, Any]] = [header]
    for number, codes in enumerate(sittings):
        if number:
            resumed = codes[0].t - 1.0
            lines.append({"kind": "resume", "t": resumed, "trigger": header["trigger"]})
        lines += [trigger(seq, code) for seq, code in enumerate(codes, start=1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(line) for line in lines))
    return path


def edges_of(codes: Sequence[Sent]) -> list[tuple[float, int]]:
    """What a box that ends the pulses makes of the codes that reached it."""
    reached = [c for c in codes if c.outcome in ("sent", "deferred_sent", "truncated")]
    return pulses([(code.t, code.code) for code in reached], PULSE_S)


def recorded(
    codes: Sequence[Sent],
    amplifier: Amplifier = AMPLIFIER,
    *,
    until_s: float | None = None,
    without: Sequence[int] = (),
    more: Sequence[tuple[float, int]] = (),
    pauses: Sequence[tuple[float, float]] = (),
    told: bool = True,
) -> Recording:
    """A recording of the codes, with markers taken out, put in, and pauses by the run's clock."""
    until = codes[-1].t + 5.0 if until_s is None else until_s
    line = amplifier.line([*edges_of(codes), *pulses(more, PULSE_S)], until)
    times = amplifier.times(until)
    found = markers(line)
    kept = [mark for place, mark in enumerate(found) if place not in without]
    breaks = []
    gone = np.zeros(len(times), dtype=bool)
    for begin, end in pauses:
        gone |= (times >= begin) & (times < end)
    new_place = np.cumsum(~gone) - 1
    kept = [(int(new_place[s]), v) for s, v in kept if not gone[s]]
    for begin, _ in pauses:
        breaks.append(int(new_place[np.searchsorted(times, begin) - 1]) + 1)
    table = np.array(kept, dtype=np.int64).reshape(-1, 2)
    track = track_of_markers("markers 'Stimulus/S'", table, amplifier.rate_hz)
    return Recording(
        Path("rec.vhdr"),
        amplifier.rate_hz,
        int(np.count_nonzero(~gone)),
        (track,),
        np.array(breaks if told else [], dtype=np.int64),
    )


Compare = Callable[..., Reconciled]


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compare:
    """A log of some codes beside a recording that exists in memory."""

    def run(recording: Recording, *sittings: Sequence[Sent], **how: Any) -> Reconciled:
        monkeypatch.setattr(analysis.reconcile, "read_recording", lambda _: recording)
        return reconcile(write_log(tmp_path, *sittings, **how), Path("rec.vhdr"))

    return run


# -- what is found --------------------------------------------------------------------------------


def test_every_code_is_found_and_the_clock_with_it(compare: Compare) -> None:
    codes = run_of(200)
    found = compare(recorded(codes), codes)
    assert found.ok, found.text()
    assert len(found.of("recorded")) == len(codes) == 602
    assert found.clocks.drift * 1e6 == pytest.approx(30, abs=1)
    assert abs(found.clocks.drift * 1e6 - 30) < 4e6 * found.clocks.drift_se
    # A marker stands at the first sample after its edge, so half a sample late on average.
    assert found.clocks.stretches[0].offset_s == pytest.approx(
        12.3456789 * (1 + 30e-6) + 0.001, abs=2e-4
    )
    assert found.clocks.max_s < 1 / 500
    assert found.clocks.sd_s == pytest.approx(1 / 500 / math.sqrt(12), rel=0.1)
    assert found.n_others == 0
    assert "GOOD: all 602 codes" in found.text()


def test_the_slope_of_an_hour_is_known_to_a_tenth_of_a_ppm(compare: Compare) -> None:
    codes = run_of(1000)
    assert codes[-1].t > 3000
    for drift_ppm in (-80.0, 0.0, 45.0):
        found = compare(recorded(codes, replace(AMPLIFIER, drift_ppm=drift_ppm)), codes)
        assert found.ok
        assert found.clocks.drift * 1e6 == pytest.approx(drift_ppm, abs=0.1)


@pytest.mark.parametrize("rate_hz", [250, 512, 1000, 2048, 5000])
def test_any_rate_will_do(compare: Compare, rate_hz: float) -> None:
    codes = run_of(60)
    found = compare(recorded(codes, replace(AMPLIFIER, rate_hz=rate_hz)), codes)
    assert found.ok
    assert found.clocks.max_s < 1 / rate_hz


def test_a_code_that_is_missing_is_named_with_both_times_and_moves_no_other(
    compare: Compare,
) -> None:
    codes = run_of(50)
    gone = (10, 11, 60)
    found = compare(recorded(codes, without=gone), codes)
    missing = found.of("missing")
    assert [(row.seq, row.code) for row in missing] == [(i + 1, codes[i].code) for i in gone]
    for row, place in zip(missing, gone, strict=True):
        assert row.t_event == codes[place].t
        assert row.onset_s == pytest.approx((codes[place].t + 12.3456789) * (1 + 30e-6), abs=2e-3)
        assert row.sample is None
    assert len(found.of("recorded")) == len(codes) - 3
    assert not found.ok
    assert "3 codes left the computer and are not in the recording" in found.text()
    assert f"{codes[10].t:.3f} s" in found.text()


def test_a_code_that_nobody_sent_is_an_extra(compare: Compare) -> None:
    codes = run_of(50)
    more = [(codes[30].t + 0.2, 77), (codes[40].t + 0.05, codes[40].code)]
    found = compare(recorded(codes, more=more), codes)
    assert [row.code for row in found.of("extra")] == [77, codes[40].code]
    assert len(found.of("recorded")) == len(codes)
    assert [c.extra for c in found.counts if c.code == 77] == [1]
    assert "2 codes in the recording are not in the log" in found.text()


@pytest.mark.parametrize("seed", range(8))
def test_losses_and_extras_at_random_are_told_exactly(compare: Compare, seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = run_of(80, seed)
    gone = sorted(rng.choice(len(codes), size=int(rng.integers(1, 60)), replace=False).tolist())
    # Extras keep away from the codes, so that they are markers of their own.
    more = [
        (a.t + 0.3, int(rng.choice([123, 154, 99])))
        for a, b in itertools.pairwise(codes)
        if b.t - a.t > 0.6 and rng.random() < 0.2
    ]
    without_more = recorded(codes, without=gone)
    table = markers(AMPLIFIER.line(pulses(more, PULSE_S), codes[-1].t + 5))
    (track,) = without_more.tracks
    joined = sorted([*zip(track.samples.tolist(), track.values.tolist(), strict=True), *table])
    columns = np.array(joined, dtype=np.int64)
    merged = replace(without_more, tracks=(Track("m", columns[:, 0], columns[:, 1]),))
    found = compare(merged, codes)
    assert [row.seq for row in found.of("missing")] == [place + 1 for place in gone]
    assert [row.code for row in found.of("extra")] == [code for _, code in more]


def test_what_the_log_holds_for_lost_is_told_apart_from_what_the_cable_lost(
    compare: Compare,
) -> None:
    codes = run_of(40)
    codes[20] = replace(codes[20], outcome="failed")
    codes[50] = replace(codes[50], outcome="blocked")
    codes[70] = replace(codes[70], outcome="disarmed")
    found = compare(recorded(codes, without=(30,)), codes)
    assert [row.outcome for row in found.of("lost")] == ["failed", "blocked"]
    assert len(found.of("missing")) == 1
    assert len(found.of("disarmed")) == 1
    assert sum(count.asked for count in found.counts) == len(codes) - 1
    assert "2 codes never left the computer (1 failed, 1 blocked)" in found.text()


def test_a_code_that_was_thought_stuck_and_arrived_is_told(compare: Compare) -> None:
    codes = run_of(40)
    recording = recorded(codes)
    codes[25] = replace(codes[25], outcome="stuck")
    found = compare(recording, codes)
    (row,) = found.of("lost")
    assert row.sample is not None
    assert not found.of("extra")
    assert "that the log holds for lost arrived all the same" in found.text()


def test_a_deferred_code_is_compared_by_when_it_left(compare: Compare) -> None:
    codes = run_of(40)
    codes[12] = replace(codes[12], outcome="deferred_sent", t_event=codes[12].t - 0.028)
    found = compare(recorded(codes), codes)
    assert found.ok
    assert found.clocks.max_s < 1 / 500
    assert "1 code waited for the line, 28 ms at most" in found.text()


def test_a_truncated_code_is_noted(compare: Compare) -> None:
    codes = run_of(40)
    codes.insert(11, Sent(codes[11].t - 0.004, 154, outcome="truncated", kind_of="now"))
    found = compare(recorded(codes), codes)
    assert found.ok
    assert "1 code is truncated" in found.text()
    assert "1 of them reached the recording" in found.text()


def test_a_code_far_from_its_place_is_told_and_has_no_say_in_the_fit(compare: Compare) -> None:
    codes = run_of(60)
    late = [replace(code, t=code.t + 0.02 * (place == 33)) for place, code in enumerate(codes)]
    found = compare(recorded(late), codes)
    (row,) = found.of("shifted")
    assert row.seq == 34
    assert row.residual_s == pytest.approx(0.02, abs=0.002)
    assert found.clocks.sd_s < 1e-3
    assert abs(found.clocks.drift * 1e6 - 30) < 4e6 * found.clocks.drift_se
    assert not found.ok


# -- recordings that do not cover the run ---------------------------------------------------------


def test_a_recorder_that_was_started_late_and_stopped_early(compare: Compare) -> None:
    codes = run_of(100)
    begin, end = codes[60].t + 0.1, codes[-40].t + 0.1
    amplifier = replace(AMPLIFIER, start_s=begin + 0.000123)
    found = compare(recorded(codes, amplifier, until_s=end), codes)
    outside = found.of("outside")
    assert [row.seq for row in outside] == [
        place + 1 for place, code in enumerate(codes) if not begin <= code.t <= end
    ]
    assert not found.of("missing")
    assert "61 before it began, 39 after it ended" in found.text()
    assert all(row.onset_s is not None for row in outside)


@pytest.mark.parametrize("told", [True, False])
def test_a_paused_recorder_has_an_offset_for_each_part(compare: Compare, told: bool) -> None:
    codes = run_of(120)
    begin, end = codes[150].t + 0.2, codes[180].t + 0.2
    found = compare(recorded(codes, pauses=[(begin, end)], told=told), codes)
    first, second = found.clocks.stretches
    assert first.offset_s - second.offset_s == pytest.approx(end - begin, abs=0.005)
    assert [row.seq for row in found.of("outside", "missing")] == list(range(152, 182))
    assert found.clocks.drift * 1e6 == pytest.approx(30, abs=2)
    assert found.clocks.max_s < 1.1 / 500
    if told:
        assert "30 in a pause" in found.text()
        assert "paused 1 times" in found.text()


def test_a_resumed_run_may_have_a_clock_that_jumped(compare: Compare) -> None:
    whole = run_of(100)
    # The second sitting's clock was set by the time of day, 0.37 s off.
    first, second = whole[:150], whole[150:]
    shifted = [replace(code, t=code.t + 60.0) for code in second]
    off = [replace(code, t=code.t + 0.37) for code in shifted]
    found = compare(recorded([*first, *shifted]), first, off)
    assert found.ok, found.text()
    assert [stretch.n_codes for stretch in found.clocks.stretches] == [len(first), len(second)]
    one, two = (stretch.offset_s for stretch in found.clocks.stretches)
    assert one - two == pytest.approx(0.37, abs=1e-3)
    assert {row.sitting for row in found.rows} == {0, 1}


def test_a_small_jump_between_sittings_does_not_bend_the_clock(compare: Compare) -> None:
    whole = run_of(100)
    first, second = whole[:150], [replace(code, t=code.t + 60.0) for code in whole[150:]]
    off = [replace(code, t=code.t + 0.003) for code in second]
    found = compare(recorded([*first, *second]), first, off)
    assert found.ok
    assert found.clocks.drift * 1e6 == pytest.approx(30, abs=1.5)
    assert found.clocks.max_s < 1.1 / 500


def test_two_runs_in_one_recording_are_told_apart(compare: Compare) -> None:
    first = run_of(60, seed=1)
    second = run_of(60, seed=2)
    later = [replace(code, t=code.t + first[-1].t + 40.0) for code in second]
    recording = recorded([*first, *later])
    one = compare(recording, first)
    two = compare(recording, second, run=2)
    assert one.ok, one.text()
    assert two.ok, two.text()
    assert one.n_others == len(second)
    assert two.n_others == len(first)
    start = two.clocks.stretches[0].offset_s - one.clocks.stretches[0].offset_s
    assert start == pytest.approx((first[-1].t + 40.0) * (1 + 30e-6), abs=0.002)


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_recording_of_another_run_is_refused(compare: Compare, seed: int) -> None:
    with pytest.raises(DataError, match=r"not a recording of .*run-01.*codes fit anywhere"):
        compare(recorded(run_of(100, seed=100 + seed)), run_of(100, seed))


def test_another_run_with_the_same_order_is_refused_by_its_answers(compare: Compare) -> None:
    def run(seed: int) -> list[Sent]:
        rng = np.random.default_rng(seed)
        codes = [Sent(0.5, 203)]
        for trial, at in enumerate(np.random.default_rng(5).uniform(0, 0.5, 60)):
            t = 2.0 + 4.0 * trial + at
            rt_s = float(rng.uniform(0.4, 2.0))
            codes += [Sent(t, 123), Sent(t + 0.5, 125)]
            codes.append(Sent(t + 0.5 + rt_s, int(rng.choice([154, 155])), kind_of="now"))
        return codes

    with pytest.raises(DataError, match="another run with the same order"):
        compare(recorded(run(2)), run(1))


def test_a_log_without_a_line_is_refused(compare: Compare) -> None:
    codes = run_of(20)
    with pytest.raises(DataError, match="had no trigger line"):
        compare(recorded(codes), codes, line={"device": "none"})
    with pytest.raises(DataError, match="had no trigger line"):
        compare(recorded(codes), [])
    with pytest.raises(DataError, match="only noted down and never sent"):
        compare(recorded(codes), codes, line={"device": "serial", "port": "memory"})
    lost = [replace(code, outcome="failed") for code in codes]
    with pytest.raises(DataError, match="none of the 62 codes of this run left"):
        compare(recorded(codes), lost)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (np.full(5000, 255), "read 255 from beginning to end: nothing was connected"),
        (np.full(5000, 0xFFFF), "read 255 from beginning to end: nothing was connected"),
        (np.full(5000, 4), "read 4 from beginning to end"),
        (np.zeros(5000, dtype=np.int64), "there is no trigger code in the recording"),
    ],
)
def test_a_recording_without_codes_says_why(compare: Compare, line: Any, words: str) -> None:
    track = track_of("channel Status", line, 500)
    empty = Recording(Path("r.bdf"), 500.0, 5000, (track,), np.array([], dtype=np.int64))
    with pytest.raises(DataError, match=words):
        compare(empty, run_of(20))


def test_a_run_that_repeats_itself_is_called_ambiguous(compare: Compare) -> None:
    codes = [Sent(2.0 + 2.0 * trial, 123) for trial in range(80)]
    found = compare(recorded(codes), codes)
    assert not found.ok
    assert found.ambiguous_s is not None
    assert abs(found.ambiguous_s) == pytest.approx(2.0, abs=0.01)
    assert "fits nearly as well 2.0 s" in found.text()


def test_clocks_that_no_quartz_explains_are_told(compare: Compare) -> None:
    codes = run_of(60)
    found = compare(recorded(codes, replace(AMPLIFIER, drift_ppm=250)), codes)
    assert len(found.of("recorded")) == len(codes)
    assert re.search(r"differ by 2[45]\d ppm", found.text())
    assert not found.ok


def test_a_pulse_too_short_for_the_recorder_is_named(compare: Compare) -> None:
    codes = run_of(60)
    slow = replace(AMPLIFIER, rate_hz=200)
    found = compare(recorded(codes, slow, without=(7,)), codes)
    assert "pulse of 8 ms is shorter than two samples at 200 Hz" in found.text()


# -- lines that are wrong -------------------------------------------------------------------------


def swapped(a: int, b: int) -> Callable[[int], int]:
    def wires(code: int) -> int:
        low, high = code >> a & 1, code >> b & 1
        return code & ~(1 << a | 1 << b) | low << b | high << a

    return wires


@pytest.mark.parametrize(
    ("amplifier", "wires", "words"),
    [
        (replace(AMPLIFIER, stuck_high=32), None, r"line 6 \(value 32\) is up all the time"),
        (replace(AMPLIFIER, stuck_low=4), None, r"line 3 \(value 4\) never goes up"),
        (AMPLIFIER, swapped(0, 2), r"line 1 \(value 1\) arrives as line 3 \(value 4\)"),
        (replace(AMPLIFIER, inverted=True), None, "all lines are inverted"),
        (AMPLIFIER, lambda code: 255 - code // 2, "arrives as"),
    ],
)
def test_a_line_that_is_stuck_or_swapped_is_named_and_the_codes_are_found_in_spite_of_it(
    compare: Compare,
    amplifier: Amplifier,
    wires: Callable[[int], int] | None,
    words: str,
) -> None:
    codes = run_of(80)
    wired = codes if wires is None else [replace(c, code=wires(c.code)) for c in codes]
    found = compare(recorded(wired, amplifier), codes)
    assert not found.ok
    assert len(found.of("recorded")) == len(codes), found.text()
    assert not found.of("extra")
    assert any(re.search(words, sentence) for sentence in found.wiring), found.wiring
    assert found.clocks.drift * 1e6 == pytest.approx(30, abs=2)


# -- the rules for a channel ----------------------------------------------------------------------


def test_lines_that_change_a_sample_apart_are_one_code() -> None:
    amplifier = replace(AMPLIFIER, skew={0: 1, 3: 1})
    codes = run_of(50)
    line = amplifier.line(edges_of(codes), codes[-1].t + 1)
    track = track_of("channel Status", line, amplifier.rate_hz)
    assert track.values.tolist() == [code.code for code in codes]
    plain = AMPLIFIER.line(edges_of(codes), codes[-1].t + 1)
    assert track.samples.tolist() == [sample for sample, _ in markers(plain)]
    assert track.merged > 0


def test_codes_without_a_zero_between_them_are_both_found() -> None:
    line = np.array([0] * 5 + [12] * 4 + [11] * 4 + [0] * 3 + [11] * 4 + [0] * 2 + [11] * 4 + [0])
    track = track_of("channel", line, 500)
    assert track.values.tolist() == [12, 11, 11, 11]
    assert track.samples.tolist() == [5, 9, 16, 22]


def test_markers_of_a_line_that_falls_late_are_named_and_no_extras(compare: Compare) -> None:
    codes = run_of(50)
    found = compare(recorded(codes, replace(AMPLIFIER, skew={0: 1})), codes)
    late = found.of("line_late")
    assert late
    assert {row.code for row in late} == {1}
    assert found.ok
    assert "a line fell later than the others" in found.text()


# -- files ----------------------------------------------------------------------------------------


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_files_say_what_became_of_each_code(compare: Compare, tmp_path: Path) -> None:
    codes = run_of(30)
    codes[20] = replace(codes[20], outcome="failed")
    found = compare(recorded(codes, without=(10,)), codes)
    written = found.write()
    folder = tmp_path / "derivatives" / "mbtexp-reconcile" / "sub-01" / "ses-01" / "eeg"
    name = "sub-01_ses-01_task-eyes_run-01"
    assert {path.parent for path in written[:4]} == {folder}
    table = rows_of(folder / f"{name}_reconcile.tsv")
    assert len(table) == len(codes)
    assert [row["seq"] for row in table if row["status"] == "missing"] == ["11"]
    assert [row["outcome"] for row in table if row["status"] == "lost"] == ["failed"]
    assert all(abs(float(r["residual_ms"])) < 2 for r in table if r["status"] == "recorded")
    said = json.loads((folder / f"{name}_reconcile.json").read_text(encoding="utf-8"))
    assert said["good"] is False
    assert abs(said["clock"]["drift_ppm"] - 30) < 4 * said["clock"]["drift_se_ppm"]
    assert set(said["columns"]) == set(table[0])
    description = folder.parents[2] / "dataset_description.json"
    assert json.loads(description.read_text())["DatasetType"] == "derivative"


def test_the_corrected_events_have_lost_codes_too(compare: Compare) -> None:
    codes = run_of(30)
    codes[20] = replace(codes[20], outcome="failed")
    found = compare(recorded(codes, without=(10,)), codes)
    (events,) = [path for path in found.write() if path.name.endswith("_events.tsv")]
    table = rows_of(events)
    assert list(table[0])[:6] == [
        "onset", "duration", "trial_type", "value", "sample", "recorded"
    ]  # fmt: skip
    assert [row["recorded"] for row in table].count("false") == 2
    assert len(table) == len(codes)
    for row, code in zip(table, codes, strict=True):
        assert row["value"] == str(code.code)
        true = (code.t + 12.3456789) * (1 + 30e-6)
        # Half a sample late, as the markers are.
        assert float(row["onset"]) == pytest.approx(true + 0.001, abs=4e-4)
        assert abs(int(row["sample"]) - float(row["onset"]) * 500) < 0.51


def test_events_from_outside_the_recording_are_left_out(compare: Compare) -> None:
    codes = run_of(60)
    begin = codes[60].t + 0.1
    found = compare(recorded(codes, replace(AMPLIFIER, start_s=begin)), codes)
    (events,) = [path for path in found.write() if path.name.endswith("_events.tsv")]
    table = rows_of(events)
    assert len(table) == len([code for code in codes if code.t > begin])
    assert float(table[0]["onset"]) >= 0


def test_nothing_is_overwritten(compare: Compare, tmp_path: Path) -> None:
    codes = run_of(30)
    found = compare(recorded(codes), codes)
    found.write()
    assert found.write()  # the same again
    other = replace(found, recording=Path("second.vhdr"))
    with pytest.raises(DataError, match="about another recording of the run"):
        other.write()
    assert replace(other, out=tmp_path / "second").write()
    (events,) = found.out.glob("*_events.tsv")
    events.write_text("by hand\n", encoding="utf-8")
    with pytest.raises(DataError, match="somebody else wrote or changed this file"):
        found.write()
    assert events.read_text(encoding="utf-8") == "by hand\n"


def test_a_better_fit_replaces_what_the_last_one_wrote(compare: Compare) -> None:
    codes = run_of(30)
    compare(recorded(codes, without=(3, 4)), codes).write()
    found = compare(recorded(codes), codes)
    found.write()
    (summary,) = found.out.glob("*_reconcile.json")
    assert json.loads(summary.read_text(encoding="utf-8"))["good"] is True


# -- through files that others read and write -----------------------------------------------------


def brainvision(folder: Path, amplifier: Amplifier, edges: Any, until_s: float) -> Path:
    """A BrainVision recording as Recorder would mark it, written by pybv."""
    import pybv

    rng = np.random.default_rng(3)
    found = markers(amplifier.line(edges, until_s))
    pybv.write_brainvision(
        data=amplifier.noise(2, until_s, rng=rng),
        sfreq=amplifier.rate_hz,
        ch_names=["Fz", "Cz"],
        fname_base="rec",
        folder_out=folder,
        events=np.array([(sample, value, 1) for sample, value in found]),
        overwrite=True,
    )
    return folder / "rec.vhdr"


def biosemi(folder: Path, amplifier: Amplifier, edges: Any, until_s: float) -> Path:
    """A BDF with BioSemi's 24-bit Status channel, written by edfio."""
    import edfio

    rate = int(amplifier.rate_hz)
    line = status(amplifier.line(edges, until_s))
    line = line[: len(line) // rate * rate]
    eeg = amplifier.noise(1, until_s, rng=np.random.default_rng(3))[0, : len(line)]
    full = 2**23
    edfio.Bdf(
        [
            edfio.BdfSignal(
                1e6 * eeg, rate, label="Cz", physical_dimension="uV", physical_range=(-200, 200)
            ),
            edfio.BdfSignal.from_digital(
                line.astype(np.int32),
                rate,
                label="Status",
                physical_range=(-full, full - 1),
                digital_range=(-full, full - 1),
            ),
        ]
    ).write(folder / "rec.bdf")
    return folder / "rec.bdf"


def neuromag(folder: Path, amplifier: Amplifier, edges: Any, until_s: float) -> Path:
    """A FIF file with a trigger channel, written by MNE-Python."""
    import mne

    line = amplifier.line(edges, until_s)
    eeg = amplifier.noise(1, until_s, rng=np.random.default_rng(3))
    info = mne.create_info(["Cz", "STI 014"], amplifier.rate_hz, ["eeg", "stim"])
    raw = mne.io.RawArray(np.vstack([eeg, line]), info, first_samp=4711, verbose="ERROR")
    raw.save(folder / "rec_raw.fif", verbose="ERROR", fmt="double")
    return folder / "rec_raw.fif"


def annotated(folder: Path, amplifier: Amplifier, edges: Any, until_s: float) -> Path:
    """An EDF+ whose codes are annotations, written by edfio."""
    import edfio

    rate = int(amplifier.rate_hz)
    found = markers(amplifier.line(edges, until_s))
    eeg = amplifier.noise(1, until_s, rng=np.random.default_rng(3))[0]
    eeg = eeg[: len(eeg) // rate * rate]
    edfio.Edf(
        [
            edfio.EdfSignal(
                1e6 * eeg, rate, label="Cz", physical_dimension="uV", physical_range=(-200, 200)
            )
        ],
        annotations=[edfio.EdfAnnotation(s / rate, None, str(v)) for s, v in found],
    ).write(folder / "rec.edf")
    return folder / "rec.edf"


WRITERS = [brainvision, biosemi, neuromag, annotated]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[RecordingLink]:
    """The lines into memory that runs open from here on, with the bytes that left."""
    opened: list[RecordingLink] = []

    class Kept(RecordingLink):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            opened.append(self)

    monkeypatch.setattr(opening, "RecordingLink", Kept)
    return opened


def rig(folder: Path) -> Path:
    path = folder / "rig.toml"
    path.write_text(
        'mode = "eeg"\n[trigger]\ndevice = "serial"\nport = "/dev/ttyUSB0"\n'
        'pulse_ended_by = "device"\npulse_ms = 8\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.readers
@pytest.mark.parametrize(
    ("task", "preset", "rate_hz", "write"),
    [
        ("eyes", "standard", 500, brainvision),
        ("trust", "rating", 1000, brainvision),
        ("eyes", "standard", 1024, biosemi),
        ("polysemy", "standard", 512, biosemi),
        ("eyes", "standard", 1000, neuromag),
    ],
)
def test_a_task_to_bytes_to_box_to_amplifier_to_file_to_mne_and_back(
    tmp_path: Path,
    lines: list[RecordingLink],
    task: str,
    preset: str,
    rate_hz: float,
    write: Callable[..., Path],
) -> None:
    from mbtexp.virtual.boxes import RawByteBox

    request = Request(
        task, "01", tmp_path / "study", preset=preset, rig=rig(tmp_path), simulate=True,
        virtual=True,
    )  # fmt: skip
    done = conduct(request)
    box = RawByteBox(hold_ms=8)
    for t, byte in lines[-1].received:
        box.take(t, byte)
    amplifier = Amplifier(rate_hz, drift_ppm=30, start_s=-7.00037, skew={1: 1, 5: 1})
    path = write(tmp_path, amplifier, box.edges, box.edges[-1][0] + 3)
    found = reconcile(done.log, path, rehearsal=True)
    asked = len(list(read_log(done.log).of("trigger")))
    assert found.ok, found.text()
    assert len(found.of("recorded")) == asked > 100
    assert found.clocks.max_s < 1 / rate_hz
    assert abs(found.clocks.drift * 1e6 - 30) < max(1.0, 4e6 * found.clocks.drift_se)
    events = rows_of(next(p for p in found.write() if p.name.endswith("_events.tsv")))
    coded = [row for row in events if row["recorded"] != "n/a"]
    assert {row["recorded"] for row in coded} == {"true"}
    assert len(coded) == asked


@pytest.mark.readers
def test_an_amplifier_of_four_bits_is_held_against_the_compact_values(
    tmp_path: Path, lines: list[RecordingLink]
) -> None:
    path = rig(tmp_path)
    text = path.read_text(encoding="utf-8") + 'max_code = 15\ncode_map = "compact"\n'
    path.write_text(text, encoding="utf-8")
    request = Request(
        "eyes", "01", tmp_path / "study", rig=path, simulate=True, virtual=True, first=12
    )
    done = conduct(request)
    values = [byte for _, byte in lines[-1].received if byte]
    assert max(values) <= 15
    edges = pulses([(t, byte) for t, byte in lines[-1].received if byte], PULSE_S)
    file = brainvision(tmp_path, Amplifier(1000, drift_ppm=30), edges, edges[-1][0] + 3)
    found = reconcile(done.log, file, rehearsal=True)
    assert found.ok, found.text()
    assert len(found.of("recorded")) == len(values)


@pytest.mark.readers
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_every_kind_of_file_gives_the_same_codes(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    codes = run_of(20)
    amplifier = replace(AMPLIFIER, rate_hz=512)
    read = read_recording(write(tmp_path, amplifier, edges_of(codes), codes[-1].t + 3))
    (track,) = [track for track in read.tracks if len(track)]
    assert track.values.tolist() == [code.code for code in codes]
    expected = markers(amplifier.line(edges_of(codes), codes[-1].t + 3))
    assert track.samples.tolist() == [sample for sample, _ in expected]
    assert read.rate_hz == 512


@pytest.mark.readers
def test_our_reading_of_a_channel_agrees_with_mne_and_keeps_what_it_loses(tmp_path: Path) -> None:
    import mne

    def by_mne(path: Path) -> list[int]:
        raw = mne.io.read_raw(path, verbose="ERROR")
        found = mne.find_events(
            raw, consecutive=True, min_duration=0.003, shortest_event=1, verbose="ERROR"
        )
        return [int(code) for code in found[:, 2]]

    codes = run_of(20)
    amplifier = replace(AMPLIFIER, rate_hz=1000, skew={2: 1})
    path = neuromag(tmp_path, amplifier, edges_of(codes), codes[-1].t + 3)
    (track,) = read_recording(path).tracks
    assert track.values.tolist() == by_mne(path)
    # The same code twice with a zero of 2 ms between: MNE takes the zero for a disturbance.
    close = pulses([(1.0, 125), (1.01, 125)], PULSE_S)
    again = tmp_path / "again"
    again.mkdir()
    path = neuromag(again, replace(amplifier, skew={}), close, 3.0)
    (track,) = read_recording(path).tracks
    assert track.values.tolist() == [125, 125]
    assert by_mne(path) == [125]
    # With the shortest gap that our lines leave it does not.
    apart = pulses([(1.0, 125), (1.0 + PULSE_S + SHORTEST_GAP_S, 125)], PULSE_S)
    as_sent = tmp_path / "as_sent"
    as_sent.mkdir()
    assert by_mne(neuromag(as_sent, replace(amplifier, skew={}), apart, 3.0)) == [125, 125]


@pytest.mark.readers
def test_pauses_and_other_markers_of_the_recorder_are_no_codes(tmp_path: Path) -> None:
    codes = run_of(20)
    path = brainvision(tmp_path, AMPLIFIER, edges_of(codes), codes[-1].t + 3)
    marks = tmp_path / "rec.vmrk"
    n = len(codes) + 2
    marks.write_text(
        marks.read_text(encoding="utf-8")
        + f"Mk{n}=New Segment,,9001,1,0,20260101120000000000\n"
        + f"Mk{n + 1}=SyncStatus,Sync On,5,1,0\nMk{n + 2}=Comment,blinks,50,1,0\n"
        + f"Mk{n + 3}=Response,R  8,700,1,0\n",
        encoding="utf-8",
    )
    read = read_recording(path)
    assert {track.name: len(track) for track in read.tracks} == {
        "markers 'Stimulus/S'": len(codes),
        "markers 'Response/R'": 1,
    }
    assert read.breaks.tolist() == [9000]
    assert read.stretches == [(0, 9000), (9000, read.n_samples)]


@pytest.mark.readers
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_file_that_is_no_recording_or_only_half_of_one_is_refused_in_plain_words(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    codes = run_of(5)
    path = write(tmp_path, AMPLIFIER, edges_of(codes), codes[-1].t + 3)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [
        b"",
        b"nonsense\n",
        whole[:50],
        whole[:300],
        rng.bytes(2000),
        whole[:200] + b"x" * 99,
    ]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"cannot be read as a recording"):
            read_recording(path)


@pytest.mark.readers
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_half_a_copy_is_refused_or_read_as_far_as_it_goes(
    tmp_path: Path, write: Callable[..., Path], share: float
) -> None:
    codes = run_of(20)
    path = write(tmp_path, AMPLIFIER, edges_of(codes), codes[-1].t + 3)
    data = path.with_suffix(".eeg") if path.suffix == ".vhdr" else path
    whole = data.read_bytes()
    n_samples = read_recording(path).n_samples
    data.write_bytes(whole[: int(share * len(whole))])
    try:
        read = read_recording(path)
    except DataError as error:
        assert "copied whole" in str(error)
    else:
        assert read.n_samples < n_samples
        assert all(track.samples.max(initial=0) < n_samples for track in read.tracks)


def test_other_files_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"give the header file instead, rec\.vhdr"):
        read_recording(tmp_path / "rec.eeg")
    with pytest.raises(DataError, match=r"a recording ends in \.vhdr, \.edf, \.bdf or \.fif"):
        read_recording(tmp_path / "rec.cnt")
    with pytest.raises(DataError, match="there is no such file"):
        read_recording(tmp_path / "rec.bdf")


def test_without_mne_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mne", None)
    (tmp_path / "rec.bdf").write_bytes(b"")
    with pytest.raises(DataError, match=r"pip install 'mbtexp\[eeg\]'"):
        read_recording(tmp_path / "rec.bdf")


@pytest.mark.readers
def test_channels_are_read_by_name(tmp_path: Path) -> None:
    path = biosemi(tmp_path, AMPLIFIER, edges_of(run_of(3)), 10.0)
    assert channel_names(path) == ("Cz",)
    (signal,) = read_channels(path, ["Cz"], 100, 200)
    assert len(signal) == 100
    assert np.std(signal) == pytest.approx(10e-6, rel=0.3)
    with pytest.raises(DataError, match=r"no channel 'Pz'; it has Cz, Status"):
        read_channels(path, ["Pz"])
