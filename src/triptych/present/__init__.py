"""The live deck: a copy of the notebook, a server for it, and the extension of its kernel.

Entry point: `server.live_deck`.
Imported by the command line.
"""
