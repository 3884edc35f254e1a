"""`python -m thalweg`: the program `thalweg`, see `thalweg.applications.cli`.

This file alone in its folder may know `thalweg.applications`: it puts the parts together, and no
module imports it.
"""

import sys

from thalweg.applications.cli import main

if __name__ == "__main__":
    sys.exit(main())
