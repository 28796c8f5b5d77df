"""triptych: one notebook, three panels: lecture, exercise, answer."""

import sys

__version__ = "0.1.0"

# nbformat imports jsonschema, which then has this package build 39 parsers for addresses: a second in each process.
# Nothing here validates addresses, and jsonschema does without the package.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
