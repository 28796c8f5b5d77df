"""The course as data: the layout of its folder, its contract, the cells of a notebook and their slides.

Entry points: `course.Course`, `chapter.read_chapter`. Every other package may import this one; it imports none of them.
"""
