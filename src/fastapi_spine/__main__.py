"""`python -m fastapi_spine` is the `spine` command."""

from __future__ import annotations

import sys

from fastapi_spine.cli import main

sys.exit(main())
