# The course, as `nbgrader`, its formgrader and `triptych` read it.
from pathlib import Path

from nbgrader.preprocessors import AssignLatePenalties, GetGrades, OverwriteCells, SaveAutoGrades

from triptych.build.release import RemoveNotes
from triptych.grade.results.export import StatusExport
from triptych.grade.results.feedback import FeedbackView
from triptych.grade.preprocessors import ExecuteSubmission, RebuildFromRelease

c = get_config()  # noqa: F821
root = Path(__file__).resolve().parent

c.CourseDirectory.course_id = "triptych"
# Wait for a lock instead of ending the run.
c.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}?timeout=60"
# Shared by all chapters and by no assignment in particular.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".*"]

# Release: speaker notes stay with the speaker.
c.GenerateAssignment.preprocessors.prepend([RemoveNotes])

# Autograde: every notebook is made anew from the released one and the learner's own text, then run. So there is
# nothing left to clear, to deduplicate or to check in it; OverwriteCells puts the hidden tests back.
c.Autograde.sanitize_preprocessors = [RebuildFromRelease, OverwriteCells]
c.Autograde.autograde_preprocessors = [ExecuteSubmission, SaveAutoGrades, AssignLatePenalties]

# Feedback: the learner's cells, each behaviour with its verdict and sentence, and no hidden test.
c.GenerateFeedback.preprocessors = [GetGrades, FeedbackView]
c.GenerateFeedback.HTMLExporter.template_name = "triptych_feedback"
c.GenerateFeedback.HTMLExporter.extra_template_basedirs = [FeedbackView.templates]
c.GenerateFeedback.HTMLExporter.sanitize_html = True

# Export: a submission that could not be graded is no zero.
c.ExportApp.plugin_class = StatusExport
