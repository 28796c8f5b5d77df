"""New chapters and exercises: working skeletons with their entries in course.toml, written completely or not at all.

Entry points: `cli.new`, `skeleton.new_chapter`, `skeleton.new_exercise`. Imported by the command line.
"""
