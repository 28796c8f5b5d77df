"""The course as a book for the web: chapters with outputs, exercises, decks and documentation, made by Sphinx.

Entry point: `build.build_site`. Imported by the command line; `docs/conf.py` loads `sphinx_extension`.
"""
