"""The results of grading: gradebook, feedback pages, report, exports, and the progress display.

Entry points: `writer.Writer` and `report.write_report`; `feedback.FeedbackView`, `export.StatusExport` and the
exporters in `lms` are plugins of nbgrader.
Imported by `run`, `forget`, the command line and `nbgrader_config.py`.
"""
