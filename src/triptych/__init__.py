"""triptych: one notebook, three panels: lecture, exercise, answer."""

__version__ = "0.1.0"
