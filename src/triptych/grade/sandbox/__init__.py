"""The host's side of the sandbox: bubblewrap, the system-call filter, control groups, limits, the zygote.

Entry points: `sandbox.run`, `zygote.get_zygote`, `limits.Limits`.
Imported by `submission`, `execute`, `dispatch` and `run`.
"""
