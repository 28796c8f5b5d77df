"""Lays out class archives from Moodle, Canvas and Nextcloud in `submitted/`.

Entry points: `cli` (called by `triptych.cli`) and `layout.collect`. Archives are untrusted: `archive` unpacks them.
"""
