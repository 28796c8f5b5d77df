"""Runs one submission: its cells in the sandbox, the test cells in this process, with proxies between them.

Entry points: `run.execute`, and `compile_cache` for the programs that JAX compiles.
Imported by `dispatch` and `preprocessors`.
"""
