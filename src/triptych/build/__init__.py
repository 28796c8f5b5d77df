"""What is derived from the sources: student versions, answer keys, decks.

Entry points: `derive.build_course`, `release.release_chapter`.
Imported by `present`, `grade`, `hub`, `demo` and the command line.
"""
