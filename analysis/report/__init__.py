"""The report: one page of a study and one of each person, made from the tables of the analysis.

``analysis.report.build.report`` makes it; drawing and templates are loaded only then.
"""
