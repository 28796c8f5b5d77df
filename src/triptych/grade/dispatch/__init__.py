"""Many submissions: worker processes of this machine, or the workers of a Dask scheduler.

Entry points: `pool.prepared`, `dask.prepared`.
Imported by `results` (for its types) and `run`.
"""
