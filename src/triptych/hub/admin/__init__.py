"""Administration of a hub, as root: its accounts and files, starting and stopping it.

Entry points: `up.bring_up`, `up.take_down`, `status.members`, `demo.demo_hub`, `systemd.write_units`.
Imported by the hub's command line.
"""
