"""What a submission may be, and what is taken of it.

Entry points: `intake.read_submission`, `rebuild.rebuild`.
Imported by `execute`, `dispatch` and `run`.
"""
