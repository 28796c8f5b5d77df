"""What JupyterHub and the students' servers load: the spawner, control groups, the Validate button.

Entry points: `spawner.CourseSpawner`, `validate_handler`.
Loaded by JupyterHub; `admin` imports `cgroups`.
"""
