"""Cedrus' own library, unchanged, at our emulated boxes; and its bytes beside ours."""

from __future__ import annotations

import importlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbtexp.clock import VirtualClock
from mbtexp.rig import TriggerSettings
from mbtexp.triggers import Sender
from mbtexp.triggers.devices import line_of
from mbtexp.triggers.link import SerialLink
from mbtexp.virtual.virtualport import VirtualPort
from mbtexp.virtual.xid import (
    C_POD,
    LUMINA_3G,
    RB_740,
    STIMTRACKER_DUO,
    Identity,
    XidBox,
    key_packet,
)

pytestmark = [
    pytest.mark.readers,
    pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing"),
    pytest.mark.skipif(
        importlib.util.find_spec("pyxid2") is None,
        reason="pyxid2 is not installed (uv sync --group readers)",
    ),
]

Plugged = Callable[[XidBox], tuple[Any, Any]]


@pytest.fixture
def plugged(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugged]:
    """Plugs a box in; the wire, and the device that the library finds on it."""
    from mbtexp.virtual.wire import Wire

    monkeypatch.syspath_prepend(str(repo / "benchmarks"))
    ftdi_pty = importlib.import_module("ftdi_pty")
    wires = []

    def plug(box: XidBox) -> tuple[Wire, Any]:
        wire = Wire(box)
        wires.append(wire.__enter__())
        devices = ftdi_pty.pyxid2_on([wire.name]).get_xid_devices()
        assert len(devices) == 1, "the library found no box"
        return wire, devices[0]

    yield plug
    for wire in wires:
        wire.__exit__(None, None, None)


def response(device: Any) -> dict[str, Any]:
    """The next button that the library reports."""
    limit = time.perf_counter() + 2
    while not device.has_response() and time.perf_counter() < limit:
        device.poll_for_response()
    found = device.get_next_response()
    assert found is not None, "the library reported no button"
    return dict(found)


def masks(box: XidBox) -> list[bytes]:
    """The whole ``mh`` commands that reached a box, in order."""
    return [frame for _, frame in box.frames if frame.startswith(b"mh")]


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (C_POD, "Cedrus C-POD"),
        (STIMTRACKER_DUO, "Cedrus StimTracker Duo"),
        (LUMINA_3G, "Cedrus Lumina 3G"),
        (RB_740, "Cedrus RB-740"),
    ],
)
def test_the_library_recognises_a_box(identity: Identity, name: str, plugged: Plugged) -> None:
    _, device = plugged(XidBox(identity))
    assert device.device_name == name


def test_a_box_that_is_not_in_xid_mode_is_put_into_it(plugged: Plugged) -> None:
    box = XidBox(mode=2)
    _, device = plugged(box)
    device.activate_line(bitmask=5)
    assert box.codes()[-1] == 5


def test_the_width_of_a_pulse_comes_back_as_it_was_set(plugged: Plugged) -> None:
    box = XidBox()
    _, device = plugged(box)
    assert device.get_pulse_duration() == 0
    device.set_pulse_duration(1000)
    assert device.get_pulse_duration() == box.pulse_ms == 1000


def test_the_library_raises_lines_9_to_16_when_it_starts(plugged: Plugged) -> None:
    box = XidBox()
    plugged(box)
    assert masks(box) == [b"mh\x00\xff"]


@pytest.mark.parametrize(("key", "reported"), [(1, 0), (3, 2), (8, 7)])
def test_a_button_packet_is_read_as_it_was_meant(key: int, reported: int, plugged: Plugged) -> None:
    wire, device = plugged(XidBox(RB_740))
    wire.send(key_packet(RB_740, 0, key, True, 88))
    wire.send(key_packet(RB_740, 0, key, False, 4_000_000_000))
    pressed, released = response(device), response(device)
    assert pressed == {"port": 0, "key": reported, "pressed": True, "time": 88}
    assert released == {"port": 0, "key": reported, "pressed": False, "time": 4_000_000_000}


def test_a_packet_of_a_stimtracker_is_read_as_it_was_meant(plugged: Plugged) -> None:
    wire, device = plugged(XidBox(STIMTRACKER_DUO))
    wire.send(key_packet(STIMTRACKER_DUO, 2, 3, True, 88))
    # The library leaves the port of this packet as the byte it was.
    assert response(device) == {"port": b"\x02", "key": 3, "pressed": True, "time": 88}


def test_a_pulse_of_the_scanner_is_key_4_as_the_library_counts(plugged: Plugged) -> None:
    box = XidBox(LUMINA_3G)
    _, device = plugged(box)
    box.press(0, 5)
    assert (response(device)["port"], box.said[-1][1][1] >> 5) == (0, 5)


def test_the_time_of_a_button_lies_between_two_readings_of_the_boxs_clock(
    plugged: Plugged,
) -> None:
    box = XidBox(RB_740, drift_ppm=50.0, offset_ms=5000.0)
    _, device = plugged(box)
    before = device.query_timer()
    box.press(0, 1)
    after_press = response(device)["time"]
    assert 0 <= before <= after_press <= device.query_timer() < 5000


CODES = (1, 5, 16, 125, 128, 200, 253)


def test_the_librarys_masks_are_four_bytes_low_byte_first(plugged: Plugged) -> None:
    box = XidBox()
    _, device = plugged(box)
    for code in CODES:
        device.activate_line(bitmask=code)
    device.activate_line(lines=[1, 7, 9])
    assert masks(box)[1:] == [*(b"mh" + bytes([code, 0]) for code in CODES), b"mh\x41\x01"]


def test_our_codes_are_the_bytes_that_the_library_sends(plugged: Plugged) -> None:
    theirs = XidBox()
    _, device = plugged(theirs)
    for code in CODES:
        device.activate_line(bitmask=code)

    ours, clock = XidBox(), VirtualClock()
    settings = TriggerSettings(device="xid2", port="-")
    link = SerialLink(VirtualPort(ours, clock), line_of(settings), clock)
    sender = Sender(settings, link, clock)
    for code in CODES:
        sender.pulse(code, "code")
    sender.close()

    assert [frame for frame in masks(ours) if frame != b"mh\0\0"] == masks(theirs)[1:]
    assert {value for _, value in ours.edges} == {0, *CODES}
    assert ours.notes == []
