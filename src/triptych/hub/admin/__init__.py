"""What an administrator does as root: make a hub, its accounts and files, start and stop it.

Entry points: `up.bring_up`, `status.status_of`.
Imported by the hub's command line.
"""
