"""A rig that proves itself: every part tried before the participant comes, and kept with the data.

``preflight`` runs the steps in order; ``line`` and ``room`` are the steps; ``history`` compares
today with the days before; ``report`` and ``page`` say it; the other modules are tests of single
devices that take longer or need a hand.
"""
