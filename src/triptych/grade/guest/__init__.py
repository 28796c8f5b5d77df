"""The code that runs inside the sandbox, next to a student's own: nothing here can be trusted by the other side.

Mounted in the sandbox as this package. It imports the standard library, NumPy and JAX, and nothing else of triptych.
Entry points: `zygote.main`, `agent.start`.
Imported by `sandbox` and `execute` for the names they share.
"""
