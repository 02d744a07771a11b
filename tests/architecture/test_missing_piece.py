"""Where results are trusted, a test skipped for a missing piece is a failure, in one process and in several."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = {
    "call": "import pytest\ndef test_a() -> None: pytest.skip({reason!r})\n",
    "mark": "import pytest\n@pytest.mark.skip(reason={reason!r})\ndef test_a() -> None: ...\n",
    "module": "import pytest\npytest.skip({reason!r}, allow_module_level=True)\n",
}


def run(root: Path, folder: Path, *options: str) -> tuple[int, str]:
    """Run the tests of a folder as continuous integration does, with no plugin but ours and xdist."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [
        *(sys.executable, "-m", "pytest", "-p", "missing_piece", "-p", "xdist"),
        *("-p", "no:cacheprovider", "--continue-on-collection-errors", *options, str(folder)),
    ]
    environ = {"PYTHONPATH": str(root / "scripts"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_skip_for_a_missing_piece_is_a_failure(
    processes: str, root: Path, tmp_path: Path
) -> None:
    """However a test is skipped, the run fails and says what is missing; for another platform it may be skipped."""
    for kind, text in SKIPS.items():
        (tmp_path / f"test_{kind}_here.py").write_text(text.format(reason="no chromium"))
        (tmp_path / f"test_{kind}_there.py").write_text(text.format(reason="platform: Windows"))
    (tmp_path / "test_passes.py").write_text("def test_b() -> None: ...\n")
    code, said = run(root, tmp_path, "-n", processes)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert sorted(re.findall(r"^(?:FAILED|ERROR) (\w+)", said, re.MULTILINE)) == [
        "test_call_here", "test_mark_here", "test_module_here",
    ]  # fmt: skip
    assert said.count("\nskipped under CI, where every piece must be there: no chromium\n") == 3
    assert "1 failed, 1 passed, 3 skipped, 2 errors" in said
