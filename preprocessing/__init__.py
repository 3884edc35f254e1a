"""Folder preprocessing/, imported as thalweg.preprocessing."""

if __name__ != "thalweg.preprocessing":
    raise ImportError(f"import this folder as 'thalweg.preprocessing', not as {__name__!r}")
