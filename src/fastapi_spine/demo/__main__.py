"""`python -m fastapi_spine.demo`: opens the shop, or says in one line what is missing for it."""

from __future__ import annotations

import sys

try:
    from fastapi_spine.demo.run import main
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("fastapi_spine"):
        raise
    print(
        f"demo: {missing.name} is not installed; pip install 'fastapi-spine[demo]'", file=sys.stderr
    )
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
