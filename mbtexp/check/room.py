"""The parts of a check that are in the room: display, keys, scanner, disk and clock."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from mbtexp.check.bench import Bench
from mbtexp.check.report import Finding, spread
from mbtexp.conduct import FREE_DISK_BYTES
from mbtexp.errors import DeviceError
from mbtexp.grid import fit_refresh
from mbtexp.ports import Clock, Display, Facts
from mbtexp.responses.buttoncheck import check_buttons, fingers_of, what_is_wrong
from mbtexp.responses.fingers import finger_names
from mbtexp.responses.selftest import check_two_keys
from mbtexp.rig import Rig, ScannerSettings
from mbtexp.screen import SOFTWARE_RENDERERS

FLIPS = 300
"""Five seconds at 60 Hz."""

LATE_SHARE = 1.5
"""An interval of one and a half frames holds a refresh that was missed."""

TOO_MANY_MISSED = 0.01
"""Share of missed refreshes with which a display is not fit for a measurement (a default)."""

COMFORTABLE_BYTES = 2_000_000_000
"""Free space below which the operator is told (a default; a run's log is below 10 MB)."""

LOW_LATENCY_MS = 2
"""An adapter that holds presses longer than this is told."""

SLEEPS = 100
LATE_S = 0.002
"""Wake-ups later than this in one of a hundred show a machine that is busy (a default)."""


# -- display --------------------------------------------------------------------------------------


def display(bench: Bench) -> Finding:
    """The real window: refresh by a line through 300 flips, missed refreshes, full screen."""
    if os.environ.get("XDG_SESSION_TYPE") == "wayland" and not bench.pilot:
        raise DeviceError(
            "This is a Wayland session, whose compositor adds a frame to every onset. Log in "
            "with an X11 (Xorg) session."
        )
    bench.display = bench.open_display(bench)
    bench.tell("Checking the display ...")
    stamps = flips(bench.display, FLIPS)
    facts = {
        **bench.display.describe(),
        **flip_facts(stamps, bench.rig.display.refresh_hz),
    }
    return judge_display(facts, nominal_hz=bench.rig.display.refresh_hz, pilot=bench.pilot)


def flips(display: Display, count: int) -> list[float]:
    """The stamps of as many flips of an unchanging screen, s on the run clock."""
    stamps = []
    for _ in range(count):
        stamps.append(display.swap(lambda _: None))
        display.pump()
    return stamps


def flip_facts(stamps: Sequence[float], nominal_hz: float) -> Facts:
    """Refresh rate by a line through the flips, and what the flips were like."""
    fitted = fit_refresh(stamps, nominal_hz)
    period_s = 1.0 / (fitted or nominal_hz)
    intervals = [b - a for a, b in pairwise(stamps)]
    late = [interval for interval in intervals if interval > LATE_SHARE * period_s]
    return {
        "flips": len(stamps),
        "refresh_measured_hz": fitted and round(fitted, 4),
        "missed": sum(round(interval / period_s) - 1 for interval in late),
        "interval_median_ms": spread(intervals).median_ms,
        "interval_p99_ms": spread(intervals).p99_ms,
        "interval_max_ms": spread(intervals).max_ms,
        "intervals_ms": [round(1000 * interval, 3) for interval in intervals],
    }


def judge_display(facts: Facts, *, nominal_hz: float, pilot: bool) -> Finding:
    """A verdict on a display from its facts."""
    refresh_hz, missed, count = facts["refresh_measured_hz"], facts["missed"], facts["flips"]
    size = facts.get("size_px", [])
    found = (
        f"{' x '.join(map(str, size)) or 'a screen'}, {'window' if pilot else 'full screen'}, "
        f"{f'{refresh_hz:.3f} Hz' if refresh_hz else 'no steady refresh'}, "
        f"{missed} of {count} refreshes missed, longest frame {facts['interval_max_ms']:.1f} ms."
    )
    if pilot:
        return Finding(
            "warn",
            f"{found} A pilot's window tells nothing of the laboratory.",
            "check again without --pilot on the laboratory's screen.",
            facts,
        )
    if refresh_hz is None:
        advice = "switch vertical sync on in the graphics driver and desktop effects off."
        return Finding("fail", found, advice, facts)
    if missed > TOO_MANY_MISSED * count:
        return Finding(
            "fail",
            found,
            "close every other program and check again; if it stays, this computer is too slow "
            "or its graphics driver is wrong.",
            facts,
        )
    if missed:
        advice = "close other programs; a run logs each missed refresh."
        return Finding("warn", found, advice, facts)
    if any(name in str(facts.get("renderer")) for name in SOFTWARE_RENDERERS):
        advice = "install the graphics card's own driver: the processor draws every frame."
        return Finding("warn", f"{found} Drawn by software.", advice, facts)
    return Finding("pass", f"{found} The rig says {nominal_hz:g} Hz.", facts=facts)


# -- keys -----------------------------------------------------------------------------------------


def keyboard(bench: Bench) -> Finding:
    """The reader of the keys, tested by two keys pressed together: by us, or by the operator."""
    bench.keyboard = bench.open_keyboard(bench)
    facts = bench.keyboard.describe()
    backend, tested = facts.get("backend"), facts.get("self_test", "")
    if tested == "passed":
        return Finding(
            "pass",
            f"read by {backend}; two keys pressed together were both told, stamps wrong by at "
            f"most {facts.get('stamp_error_ms', 0):.1f} ms.",
            facts=facts,
        )
    if not bench.attended:
        return Finding(
            "warn",
            f"read by {backend}; two keys together were not tried ({tested}).",
            "check again with somebody at the keyboard.",
            facts,
        )
    pair = check_two_keys(bench.keyboard, bench.clock, bench.tell)
    return Finding(
        "pass",
        f"read by {backend}; the operator held {pair[0]} and {pair[1]} together.",
        facts={**facts, "two_keys": list(pair)},
    )


def box(bench: Bench) -> Finding:
    """The response box: who it is, and each button that the rig names pressed once."""
    settings = bench.rig.responses
    if settings.device == "keyboard":
        return Finding("skip", "this rig has no response box.")
    bench.box = bench.open_box()
    assert bench.box is not None
    facts = bench.box.describe()
    found = f"{facts['backend']} on {settings.port}; stamps: {facts['stamps']}."
    held_ms = facts.get("latency_timer_ms")
    if held_ms is not None and held_ms > LOW_LATENCY_MS:
        return Finding(
            "warn",
            f"{found} The adapter holds each press for up to {held_ms} ms.",
            "run: mbtexp check latency",
            facts,
        )
    fingers = rig_fingers(bench.rig)
    if not bench.attended or not fingers:
        why = "nobody pressed them" if fingers else "the rig names none (responses: keys)"
        return Finding("warn", f"{found} Buttons were not tried: {why}.", facts=facts)
    return _pressed(bench, fingers, found, facts)


def rig_fingers(rig: Rig) -> dict[str, str]:
    """The buttons to press, by what they are called on the screen: fingers, keys, and per task."""
    settings = rig.responses
    fingers = settings.fingers or {}
    named = [*settings.keys, *(key for keys in (settings.tasks or {}).values() for key in keys)]
    buttons = [fingers.get(name, name).lower() for name in named] or [
        button.lower() for button in fingers.values()
    ]
    return fingers_of(list(dict.fromkeys(buttons)), finger_names(settings))


def _pressed(bench: Bench, fingers: Mapping[str, str], found: str, facts: Facts) -> Finding:
    assert bench.box is not None
    rows = check_buttons(bench.box, fingers, bench.tell, clock=bench.clock)
    wrong = what_is_wrong(rows)
    facts = {**facts, "buttons_pressed": [f"{row.finger}: {row.outcome}" for row in rows]}
    if wrong:
        return Finding("fail", f"{found} {wrong}", facts=facts)
    return Finding("pass", f"{found} All {len(rows)} buttons are right.", facts=facts)


# -- scanner --------------------------------------------------------------------------------------

PULSE_PATIENCE_S = 60.0


def scanner(bench: Bench) -> Finding:
    """One real pulse, seen the way a run will see it; TR and volumes shown back."""
    settings = bench.rig.scanner
    if bench.rig.mode != "fmri":
        return Finding("skip", f"the rig's mode is {bench.rig.mode}.")
    if settings.source == "none":
        return Finding("skip", "the rig says that pulses do not reach this computer (source none).")
    if not bench.attended:
        return Finding("skip", "nobody is there to start the scanner.")
    said = protocol_spoken(settings)
    bench.tell(f"Send one scanner pulse now: waiting for {awaited(settings)}. Expected: {said}")
    pulses, others = wait_for_pulses(bench, 1, PULSE_PATIENCE_S)
    facts = {"pulses": len(pulses), "others": sorted(others), "tr_s": settings.tr_s}
    if pulses:
        return Finding(
            "pass", f"a pulse came as {awaited(settings)}. The rig says: {said}", "", facts
        )
    return Finding("fail", *nothing_came(settings, others, PULSE_PATIENCE_S), facts)


def awaited(settings: ScannerSettings) -> str:
    """What a pulse comes as."""
    if settings.source == "serial":
        return f"{settings.pulse_byte!r} on {settings.port}"
    return f"key {settings.pulse_key!r}"


def protocol_spoken(settings: ScannerSettings) -> str:
    """TR, volumes and dummies as the rig has them, to compare with the protocol.

    >>> protocol_spoken(ScannerSettings(tr_s=2.0, volumes=210, dummy_pulses_to_skip=4))
    'TR 2 s, 210 volumes, 1 pulse a volume, 4 dummy pulses.'
    """
    tr = "TR not given" if settings.tr_s is None else f"TR {settings.tr_s:g} s"
    volumes = "volumes as planned" if settings.volumes is None else f"{settings.volumes} volumes"
    per_volume = settings.pulses_per_volume
    return (
        f"{tr}, {volumes}, {per_volume} pulse{'s' * (per_volume > 1)} a volume, "
        f"{settings.dummy_pulses_to_skip} dummy pulses."
    )


def wait_for_pulses(bench: Bench, count: int, patience_s: float) -> tuple[list[float], set[str]]:
    """Times of the pulses that came, and other keys that came instead."""
    responses = bench.with_pulses()
    key = bench.rig.scanner.key
    responses.poll()
    pulses: list[float] = []
    others: set[str] = set()
    limit = bench.clock.now() + patience_s
    while len(pulses) < count and bench.clock.now() < limit:
        for press in responses.wait(min(limit, bench.clock.now() + 0.2)):
            if press.key == key and press.down:
                pulses.append(press.t)
                limit = bench.clock.now() + patience_s
            elif press.down:
                others.add(press.key)
    return pulses, others


def nothing_came(settings: ScannerSettings, others: set[str], waited_s: float) -> tuple[str, str]:
    """What was missed, and what to do."""
    heard = f"; other keys came: {', '.join(sorted(others))}" if others else ""
    where = "port, baud and pulse_byte" if settings.source == "serial" else "pulse_key"
    return (
        f"no pulse came as {awaited(settings)} within {waited_s:g} s{heard}.",
        "check cable and mode of the scanner's interface; if something else came with each "
        f"pulse, correct {where} (rig file, [scanner]).",
    )


# -- disk and clock -------------------------------------------------------------------------------


def disk(bench: Bench) -> Finding:
    """Whether the study's folder takes data, and for how long."""
    if bench.data is None:
        return Finding("skip", "no --data folder was named, so this check is not kept either.")
    folder = bench.data.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".mbtexp-check-{os.getpid()}"
        began = time.perf_counter()
        with probe.open("xb") as file:
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
        sync_ms = round(1000 * (time.perf_counter() - began), 1)
        probe.unlink()
    except OSError as error:
        return Finding(
            "fail",
            f"{bench.data} cannot be written ({os.strerror(error.errno or 0)}).",
            "choose another --data folder, or make this one writable.",
        )
    free = shutil.disk_usage(folder).free
    facts = {"free_bytes": free, "sync_ms": sync_ms}
    found = f"{bench.data} can be written; {free / 1e9:.1f} GB are free."
    if free < FREE_DISK_BYTES:
        return Finding("fail", found, "make room: no run would start.", facts)
    if free < COMFORTABLE_BYTES:
        return Finding("warn", found, "make room soon.", facts)
    return Finding("pass", found, facts=facts)


def clock(bench: Bench) -> Finding:
    """How late this machine wakes up, and whether its time of day can be right."""
    facts = {**lateness(bench.clock), "source": bench.clock.source}
    found = (
        f"wakes up {facts['late_median_ms']:.3f} ms late (99th percentile "
        f"{facts['late_p99_ms']:.3f} ms); the time of day is {datetime.now(tz=UTC):%Y-%m-%d %H:%M} "
        "UTC."
    )
    last = max((str(check["utc"]) for check in bench.earlier), default="")
    if last and datetime.now(tz=UTC) < datetime.fromisoformat(last) - timedelta(minutes=1):
        return Finding(
            "warn",
            f"{found} An earlier check is dated {last[:16].replace('T', ' ')}.",
            "set the computer's date and time.",
            facts,
        )
    if facts["late_p99_ms"] > 1000 * LATE_S:
        advice = "close other programs; updates and backups must not run during a session."
        return Finding("warn", found, advice, facts)
    return Finding("pass", found, facts=facts)


def lateness(clock: Clock) -> Facts:
    """How much later than asked plain sleeps end: what a thread of ours must live with."""
    late = []
    for _ in range(SLEEPS):
        asked = clock.now() + 0.005
        time.sleep(0.005)
        late.append(clock.now() - asked)
    measured = spread(late)
    return {"late_median_ms": measured.median_ms, "late_p99_ms": measured.p99_ms}
