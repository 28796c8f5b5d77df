"""The live deck: a copy of a chapter's notebook, a Jupyter server for it, and an extension of its kernel.

Entry point: `server.live_deck`.
Imported by the command line.
"""
