"""The code that runs inside the sandbox, beside the student's own. The host must not trust it.

It is mounted in the sandbox as this package, and imports the standard library, NumPy, JAX and pyhf, and nothing else of
triptych. Entry points: `zygote.main`, `agent.start`, `no_autodiff.disable`, `no_fits.disable`, `jax_cache.keep_loaded`,
`jax_cache.share_lowering_context`. Imported by `sandbox`, `execute` and `dispatch` for shared names and the codec.
"""
