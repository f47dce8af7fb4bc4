"""How many volumes a scan needs, from the length of the run and the TR."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from mbtexp.rig import ScannerSettings


@dataclass(frozen=True)
class Scan:
    """A scan as it is planned; its length from time zero on."""

    settings: ScannerSettings
    """Those of the rig, with the number of volumes if it can be known."""
    length_s: float | None
    """How long the run goes on after time zero; None: it does not wait for the scanner."""
    given: bool
    """Whether somebody gave the number of volumes."""

    @property
    def dummies(self) -> int:
        """Volumes that the scanner acquires with pulses before time zero."""
        return math.ceil(self.settings.dummy_pulses_to_skip / self.settings.pulses_per_volume)

    def facts(self) -> dict[str, Any]:
        """For the log's header."""
        return {
            "volumes": self.settings.volumes,
            "volumes_given": self.given,
            "dummy_volumes": self.dummies,
            "discarded_volumes": self.settings.discarded_volumes,
            "tr_s": self.settings.tr_s,
            "length_s": None if self.length_s is None else round(self.length_s, 3),
        }

    def spoken(self) -> str:
        """What to set at the scanner, in a sentence or two."""
        settings = self.settings
        if settings.source == "none":
            return "scanner: no pulses reach us; the operator starts the run by hand."
        if self.length_s is None:
            return (
                "scanner: THIS PRESET DOES NOT WAIT FOR THE SCANNER; its onsets would belong to no "
                "scan. Take one with fixed onsets (mbtexp tasks)."
            )
        if settings.volumes is None:
            return (
                f"scanner: the run takes {self.length_s:.1f} s from the first counted pulse; give "
                "tr_s in the rig file, and the number of volumes can be told."
            )
        volumes = f"{settings.volumes} volumes"
        if settings.tr_s is not None:
            volumes += f" of {settings.tr_s:g} s"
        sentences = [f"scanner: {volumes} from the first counted pulse."]
        if self.dummies:
            sentences.append(
                f"{self.dummies} dummy volumes come before: {settings.volumes + self.dummies} "
                "volumes with pulses."
            )
        if settings.tr_s is not None and settings.volumes * settings.tr_s < self.length_s:
            sentences.append(
                f"TOO FEW: they take {settings.volumes * settings.tr_s:g} s and the run "
                f"{self.length_s:.1f} s."
            )
        return " ".join(sentences)


def planned_scan(
    settings: ScannerSettings, length_s: float | None, volumes: int | None = None
) -> Scan:
    """The scan for a run of that length.

    Parameters
    ----------
    settings
        The rig's.
    length_s
        How long the run goes on after time zero, s; None: it does not wait for the scanner.
    volumes
        Number of volumes asked for on the command line; it goes before the rig's.

    Examples
    --------
    >>> planned_scan(ScannerSettings(tr_s=2.0), 301.0).settings.volumes
    151
    """
    given = volumes if volumes is not None else settings.volumes
    number = given
    if number is None and settings.tr_s is not None and length_s is not None:
        # A run that ends with a volume, to the microsecond, needs no further one.
        number = max(1, math.ceil(round(length_s / settings.tr_s, 6)))
    return Scan(replace(settings, volumes=number), length_s, given is not None)
