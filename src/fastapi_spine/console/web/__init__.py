"""What the browser is given: an index page, modules, styles and fonts, all from inside the package.

Hand-written ES modules on vendored Preact with htm, and uPlot; no build step, nothing from elsewhere.
"""

from __future__ import annotations

from fastapi_spine.console.web.manifest import Asset, Manifest

__all__ = ["Asset", "Manifest"]
