"""The parts that JupyterHub and the users' servers load: the spawner, control groups, the Validate button.

Entry points: `spawner.CourseSpawner`, `validate_handler`.
Loaded by JupyterHub and Jupyter servers; `admin` imports `cgroups`.
"""
