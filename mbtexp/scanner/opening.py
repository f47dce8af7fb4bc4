"""The scanner of a run as rig and command line name it: a real one, or an emulated one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mbtexp.errors import SettingError
from mbtexp.port import Ports
from mbtexp.ports import Clock
from mbtexp.rig import Rig, ScannerSettings
from mbtexp.scanner.emulate import WHERE, EmulatedScanner, Emulation, emulation
from mbtexp.scanner.source import PulseSource, open_serial_pulses
from mbtexp.scanner.volumes import Scan, planned_scan

USUAL_TR_S = 2.0
"""TR of an emulated scanner where nobody has given one, s."""


@dataclass(frozen=True)
class Scanner:
    """The scanner of a run: what it is to do, and what emulates it, if anything does."""

    scan: Scan
    emulation: Emulation | None = None

    @property
    def settings(self) -> ScannerSettings:
        """The rig's, with the number of volumes if it can be known."""
        return self.scan.settings

    def source(self, clock: Clock, ports: Ports | None = None) -> PulseSource | None:
        """Where pulses come from that are no key presses; None where they are, or none come.

        Raises
        ------
        DeviceError
            The port that the pulses arrive on cannot be opened.
        """
        settings = self.settings
        if self.emulation is not None:
            return EmulatedScanner(self.emulation, clock, settings.key)
        if settings.source == "serial" and ports is not None:
            return open_serial_pulses(settings, ports)
        return None

    def facts(self) -> dict[str, Any]:
        """For the log's header."""
        emulated = None if self.emulation is None else self.emulation.facts()
        return {**self.scan.facts(), "emulated": emulated}


def scanner_of(
    rig: Rig,
    scan_s: float | None,
    *,
    volumes: int | None = None,
    emulate: str | None = None,
    simulated: bool = False,
) -> Scanner | None:
    """The scanner of a run; None on a rig without one.

    Parameters
    ----------
    rig
        The rig.
    scan_s
        How long the run goes on after its time zero, s; None: it does not wait for a scanner.
    volumes
        Number of volumes from the command line, in place of the rig's.
    emulate
        What an emulated scanner does (see ``mbtexp.scanner.emulate.emulation``).
    simulated
        Whether nobody is there: an emulated scanner stands in if none is asked for.

    Raises
    ------
    SettingError
        Volumes or an emulated scanner are asked for where the rig has no use for them.
    """
    settings = rig.scanner
    for option, given in (("--volumes", volumes), (WHERE, emulate)):
        if given is not None and rig.mode != "fmri":
            raise SettingError(
                f"{option}: the rig's mode is '{rig.mode}' and has no scanner; "
                'set mode = "fmri" in the rig file and name it with --rig.'
            )
    if rig.mode != "fmri":
        return None
    if emulate is not None and settings.source == "none":
        raise SettingError(
            f"{WHERE}: the rig's scanner has source 'none', so no pulse would be heard; "
            "set source to 'key' or 'serial'."
        )
    scan = planned_scan(settings, scan_s, volumes)
    if emulate is not None:
        return Scanner(scan, emulation(emulate, _as_planned(scan.settings)))
    if simulated and settings.source != "none":
        defaults = {"TR": USUAL_TR_S, **_as_planned(scan.settings)}
        return Scanner(scan, emulation("", defaults))
    return Scanner(scan)


def _as_planned(settings: ScannerSettings) -> dict[str, Any]:
    """What an emulated scanner does if it does as it should."""
    slices = settings.pulses_per_volume
    planned = {
        "TR": settings.tr_s,
        "volumes": settings.volumes,
        "dummies": -(-settings.dummy_pulses_to_skip // slices),
        "slices": slices,
    }
    return {name: value for name, value in planned.items() if value is not None}
