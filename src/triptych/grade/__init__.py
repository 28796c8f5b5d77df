"""Grading: from what lies in `submitted/` to gradebook, feedback and report.

The trust boundary runs between `guest`, which runs inside the sandbox, and everything else, which runs outside.
Entry point: `run.grade`.
Imported by the command line and by `nbgrader_config.py`.
"""
