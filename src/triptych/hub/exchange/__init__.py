"""The exchange of notebooks: release, collection, feedback. Runs as the instructor or as a student.

Entry points: `exchange.StrictCollect`, `release.release`.
Loaded by nbgrader; imported by `admin` and the hub's command line.
"""
