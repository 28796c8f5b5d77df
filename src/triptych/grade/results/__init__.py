"""What comes of a run: gradebook, feedback, report, exports, progress.

Entry points: `writer.Writer`, `report.write_report`.
Imported by `run`, `forget`, the command line and `nbgrader_config.py`.
"""
