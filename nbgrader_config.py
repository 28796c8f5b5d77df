# Configuration of `nbgrader`, its formgrader and `triptych` for this course.
from pathlib import Path

from nbgrader.preprocessors import AssignLatePenalties, ClearHiddenTests, GetGrades, OverwriteCells, SaveAutoGrades

from triptych.build.release import RemoveNotes, StudentText
from triptych.grade.results.export import StatusExport
from triptych.grade.results.feedback import FeedbackExporter, FeedbackView
from triptych.grade.preprocessors import ExecuteSubmission, RebuildFromRelease, validate_before_copying

c = get_config()  # noqa: F821
root = Path(__file__).resolve().parent

c.CourseDirectory.course_id = "triptych"
# Seconds to wait for a lock on the database.
c.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}?timeout=60"
# Files in source folders that do not belong to an assignment.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".*"]

# Release: without speaker notes, exercises in boxes.
c.GenerateAssignment.preprocessors.prepend([RemoveNotes, StudentText])
# Answer keys by `nbgrader generate_solution`, like those of `triptych build`: also without hidden tests.
c.GenerateSolution.preprocessors.prepend([RemoveNotes, ClearHiddenTests])

# Autograde: each notebook is rebuilt from the release and the student's text, then executed. This replaces nbgrader's
# preprocessors that clear, deduplicate and check notebooks; OverwriteCells restores the hidden tests.
# Before it copies a submission's files, the submission is validated as by `triptych grade`.
validate_before_copying()
c.Autograde.sanitize_preprocessors = [RebuildFromRelease, OverwriteCells]
c.Autograde.autograde_preprocessors = [ExecuteSubmission, SaveAutoGrades, AssignLatePenalties]

# Feedback: the student's cells, and each behaviour with its result and message, without hidden tests.
c.GenerateFeedback.preprocessors = [GetGrades, FeedbackView]
c.GenerateFeedback.exporter_class = FeedbackExporter

# Export: a submission that is not graded has an empty score, not a zero.
c.ExportApp.plugin_class = StatusExport
