"""triptych: one notebook, three panels: lecture, exercise, answer."""

import sys

__version__ = "0.1.0"

# nbformat imports jsonschema, which has this package build 39 parsers for addresses: a second in each process. Without
# the package, jsonschema accepts any text where a schema asks for an `iri`, which no schema of a notebook does.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
