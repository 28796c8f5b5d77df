"""The workshop's JupyterHub.

Three parts: `admin` runs as root, `exchange` as the instructor, `singleuser` in the servers of students.
Entry point: `cli.hub`.
Imported by the command line.
"""
