"""The rules of a source notebook, and the bank of right and wrong answers that proves its tests.

Entry points: `rules.check_chapter`, `bank.AnswerChecker`.
Imported by `new`, `state`, `demo`, `grade` and the command line.
"""
