"""Everything derived from the source notebooks: student versions, answer keys, slide decks.

Entry points: `targets.build_course` builds what is out of date, `release.release_chapter` one student version.
Imported by `check`, `grade`, `hub`, `present`, `state`, `demo`, the command line and `nbgrader_config.py`.
"""
