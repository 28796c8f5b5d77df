"""Files for a machine that serves a hub for weeks: a systemd unit, a TLS proxy's configuration, a backup script."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

from triptych.hub.admin.environment import hub_files
from triptych.hub.admin.site import Site
from triptych.model.course import CourseError

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def write_units(site: Site, target: Path, domain: str) -> list[Path]:
    """Writes the templates of `hub/templates/`, filled in for a hub.

    Args:
        site: the hub.
        target: an existing folder.
        domain: the hub's name on the network.

    Returns:
        The written files.

    Raises:
        CourseError: the domain name is malformed, or the folder or the hub does not exist.
    """
    if not DOMAIN.fullmatch(domain):
        raise CourseError(f"{domain!r} is not a domain name: write it like hub.example.org.")
    if not target.is_dir():
        raise CourseError(f"{target} is not a folder: create it, or name another one with --to.")
    settings = site.load()
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(hub_files() / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # shell and systemd, and the values are root's own
        keep_trailing_newline=True,
    )
    written = []
    for name in sorted(templates.list_templates()):
        path = target / name
        path.write_text(templates.get_template(name).render(site=site, settings=settings, domain=domain))
        if path.suffix == ".sh":
            path.chmod(0o755)
        written.append(path)
    return written
