"""The parts that JupyterHub and the users' servers load: spawner, control groups, Validate button, course page.

Entry points: `spawner.CourseSpawner`, `validate_handler`, `course_page`.
Loaded by JupyterHub and Jupyter servers; `admin` imports `cgroups`.
"""
