"""The trigger devices as texts: what each needs in rig.toml, and what somebody has to look at."""

from __future__ import annotations

import textwrap

from mbtexp.triggers.devices import device, device_rows

WIDTH = 96


def devices_text() -> str:
    """Every device in a few lines each."""
    return "\n\n".join(_entry(row) for row in device_rows())


def device_text(name: str) -> str:
    """One device with where its numbers come from, and the lines for rig.toml.

    Raises
    ------
    SettingError
        There is no such device.
    """
    row = device(name, where="mbtexp rig devices")
    entry = next(entry for entry in device_rows() if entry["device"] == name)
    lines = ["[trigger]", f'device = "{name}"']
    if row.kind != "lsl":
        example = "/dev/parport0" if row.kind == "parallel" else "COM3, or a name under by-id"
        lines.append(f'port = "..."        # {example}')
    if row.pulse_ms is None:
        lines.append("pulse_ms = ...      # as its firmware has it")
    source = textwrap.fill(f"source: {row.source}", WIDTH, subsequent_indent="  ")
    return "\n".join([_entry(entry), source, "Not tried on the real box.", "", *lines])


def _entry(row: dict[str, str]) -> str:
    facts = f"baud {row['baud']}; codes {row['codes']}; pulse {row['pulse']}"
    asked = f"asked at opening: {row['is asked at opening']}"
    parts = [facts, asked, row["check"]]
    inside = [
        textwrap.fill(part, WIDTH, initial_indent="  ", subsequent_indent="    ") for part in parts
    ]
    return "\n".join([f"{row['device']}: {row['box']}", *inside])
