from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[4] / "docs" / "guides" / "logging.md"
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```json\n(.*?)```", re.DOTALL)

EXAMPLES = EXAMPLE.findall(GUIDE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("code", "shown"), EXAMPLES)
def test_an_example_of_the_logging_guide_writes_what_the_guide_shows(
    code: str, shown: str, tmp_path: Path
) -> None:
    """Line for line and field for field; the time and, where the guide leaves it out, the service aside."""
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    wanted = [json.loads(line) for line in shown.splitlines()]
    written = [json.loads(line) for line in run.stdout.splitlines()]
    unshown = [{"ts", "service"} - set(one) for one in wanted]
    assert [
        {key: value for key, value in one.items() if key not in left_out}
        for one, left_out in zip(written, unshown, strict=True)
    ] == wanted


def test_every_python_block_of_the_logging_guide_is_an_example() -> None:
    """None is shown without what it writes."""
    assert len(EXAMPLES) == GUIDE.read_text(encoding="utf-8").count("```python") > 0
