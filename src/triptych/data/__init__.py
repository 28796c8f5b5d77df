"""Data files: the setup cell that all chapters share, and templates of pages and skeletons."""
