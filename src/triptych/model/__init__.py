"""The course as data: where its files are, what a notebook's cells are, which cell stands on which slide.

Entry points: `course.Course`, `chapter.read_chapter`. Every other package may import this one; it imports none.
"""
