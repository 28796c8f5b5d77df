"""The workshop's JupyterHub.

Three parts: `admin` runs as root, `exchange` as the instructor or a student, `singleuser` in JupyterHub and in the
users' servers.
Entry point: `cli.hub`.
Imported by the command line; loaded by JupyterHub, Jupyter servers and nbgrader.
"""
