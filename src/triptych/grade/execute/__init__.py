"""The execution of one submission: its cells in the sandbox, the test cells here, with proxies between them.

Entry point: `run.execute`.
Imported by `dispatch` and by nbgrader's preprocessors.
"""
