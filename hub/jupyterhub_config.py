# The workshop's JupyterHub. `triptych hub up` copies this file to its private folder, beside settings.json, which holds
# the values that it decided on. An existing copy is not overwritten, so you can change it.
import json
import sys
from pathlib import Path

from triptych.hub.admin.environment import hub_files

c = get_config()  # noqa: F821
here = Path(__file__).resolve().parent
site = json.loads((here / "settings.json").read_text())
environment, etc = Path(site["environment"]), here.parent / "etc"
course, instructor, students = site["course_id"], site["instructor"], site["students"]

# --- addresses: users connect to the proxy; hub and servers listen on the loopback interface -----------
c.JupyterHub.bind_url = f"http://{site['host']}:{site['port']}"
c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = site["certificate"], site["key"]
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{site['hub_port']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{site['proxy_port']}"
# Connections stay open longer than Caddy (2 minutes) or a browser keeps an idle one. With the default of 5 seconds, a
# request on a connection that the proxy is just closing fails.
c.ConfigurableHTTPProxy.command = [*site["proxy"], "--keep-alive-timeout", "150000"]
c.ConfigurableHTTPProxy.auth_token = site["proxy_token"]
c.ConfigurableHTTPProxy.pid_file = str(here / "proxy.pid")

# --- the hub's files, in a folder that only root may enter --------------------------------------------
c.JupyterHub.db_url = f"sqlite:///{here / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(here / "cookie_secret")
c.JupyterHub.cleanup_servers = True  # stopping the hub stops all servers

# --- the hub's own pages: the course's name and look -----------------------------------------------------
c.JupyterHub.template_paths = [str(hub_files() / "pages")]
c.JupyterHub.template_vars = {"course_title": site["course_title"], "house_css": (here / "house.css").read_text()}

# --- logins ---------------------------------------------------------------------------------------------
c.Authenticator.allowed_users = {instructor, *students}
c.Authenticator.admin_users = set()  # root administers the hub on the command line
if site["login"] == "firstuse":
    # `hub up` sets the first passwords, because a first login would otherwise claim the name
    c.JupyterHub.authenticator_class = "firstuse"
    c.FirstUseAuthenticator.dbm_path = str(here / "passwords.dbm")
    c.FirstUseAuthenticator.create_users = False
    c.FirstUseAuthenticator.min_password_length = 10
    c.JupyterHub.template_vars["announcement_login"] = (
        "Sign in with the user name and the first password that you were given; "
        'afterwards you can <a href="/hub/auth/change-password">choose your own</a>.'
    )
elif site["login"] == "shared-password":  # for demonstrations on the loopback interface: everyone can log in as anyone
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = site["shared_password"]
else:  # OAuth, LDAP, …: see hub/authenticator.example.py
    load_subconfig(str(here / "authenticator.py"))  # noqa: F821

# --- groups that nbgrader reads, and roles with the least privileges --------------------------------------
c.JupyterHub.load_groups = {
    f"formgrade-{course}": {"users": [instructor]},
    f"nbgrader-{course}": {"users": students},
}
c.JupyterHub.load_roles = [
    {
        "name": "server",  # for code in a user's server; nbgrader's documentation grants it all of the user's scopes
        "scopes": [
            "users:activity!user",
            "access:servers!server",
            "read:users:name!user",
            "read:users:groups!user",
            "list:services",
            f"read:services!service={course}",
        ],
    },
    {
        "name": "triptych",  # for `triptych hub up` and `status`
        "services": ["triptych"],
        "scopes": ["admin:users", "admin:groups", "admin:servers", "read:hub", "shutdown"],
    },
    {
        "name": "culler",
        "services": ["culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
]
c.JupyterHub.services = [
    {"name": "triptych", "api_token": site["token"]},
    {
        "name": "culler",  # stops idle servers
        "command": [
            sys.executable, "-m", "jupyterhub_idle_culler",
            f"--timeout={site['idle_server']}", f"--cull-every={max(site['idle_server'] // 10, 10)}",
        ],
    },
]  # fmt: skip

# --- servers: each runs as its own Unix user, within limits (see triptych/hub/singleuser/spawner.py) -----------
c.JupyterHub.spawner_class = "triptych.hub.singleuser.spawner.CourseSpawner"
c.CourseSpawner.group_name = f"workshop-{site['port']}"
c.CourseSpawner.runtime_folder = f"/run/workshop-{site['port']}"
c.CourseSpawner.process_limit = site["processes"]
c.Spawner.mem_limit = site["memory_bytes"]
c.Spawner.cpu_limit = site["cpus"]
c.Spawner.cmd = [str(environment / "bin" / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.disable_user_config = True  # a broken file in a home cannot break a server
c.Spawner.env_keep = ["LANG", "LC_ALL"]
c.Spawner.environment = {
    "PATH": f"{environment / 'bin'}:/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "JUPYTER_CONFIG_PATH": f"{etc / 'student'}:{etc / 'common'}",
    "JAX_PLATFORMS": "cpu",
}
c.Spawner.group_overrides = {
    "instructor": {
        "groups": [f"formgrade-{course}"],
        "spawner_override": {"environment": {"JUPYTER_CONFIG_PATH": f"{etc / 'instructor'}:{etc / 'common'}"}},
    }
}
# A whole class logs in at once: the spawner starts a few servers at a time, and no request is refused meanwhile.
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = 600
c.Spawner.http_timeout = 120
