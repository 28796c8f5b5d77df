"""The workshop hub: students in JupyterHub, from login to feedback.

Two halves that meet only on disk. `site`, `roster`, `people`, `environment`, `lay`, `process`, `status` and
`cli` run as root and set a machine up. `spawner`, `exchange` and `validate` are what JupyterHub, nbgrader
and students' servers load from the shared environment.
"""
