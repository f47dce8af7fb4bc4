"""From logs to per-participant indices; needs numpy, scipy and pandas, never PsychoPy."""
