"""Folder applications/, imported as thalweg.applications."""

if __name__ != "thalweg.applications":
    raise ImportError(f"import this folder as 'thalweg.applications', not as {__name__!r}")
