"""Submissions: validation, reading, and the notebook to grade.

Entry points: `intake.read_submission`, `rebuild.rebuild`.
Imported by `execute`, `dispatch`, `run`, `results` and the hub's exchange.
"""
