"""Work on many submissions at a time: in worker processes of this machine, or on the workers of a Dask scheduler.

Entry points: `local.prepare_batch`, `dask.prepare_batch`; `pool.WorkerPool` is what both run submissions in.
Imported by `run`, and by `results` for its types.
"""
