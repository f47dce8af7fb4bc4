"""Whole studies of simulated people: what they are, how they are played, how often they find it.

``settings`` reads a study's file, ``people`` draws who takes part, ``simulate`` lets them play,
``repeats`` does so many times over and keeps what each study found; ``workers`` shares the work.
"""
