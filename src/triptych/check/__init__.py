"""The rules of a source notebook, their mechanical fixes, and the bank of right and wrong answers that proves tests.

Entry points: `rules.check_course`, `fix.fix_chapter`, `bank.AnswerChecker`.
Imported by `new`, `demo`, `grade` and the command line.
"""
