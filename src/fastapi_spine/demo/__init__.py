"""A small shop of three services on the public face: `python -m fastapi_spine.demo` runs it."""
