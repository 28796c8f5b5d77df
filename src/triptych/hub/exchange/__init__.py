"""The exchange of notebooks: releasing, collecting, returning feedback. Runs as the instructor or as a student.

Entry points: `release.release`, `release.collect`, `release.release_feedback`, `listing`;
nbgrader's plugins in `exchange`.
Imported by `admin`, `singleuser` and the hub's command line; loaded by nbgrader.
"""
