"""The picture of the dashboard in the documentation, made from a folder of runs: docs/dashboard.png."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from results.dashboard.site import write_site
from tests.browser import Visit, running

OUT = Path(__file__).parents[1] / "docs" / "dashboard.png"
LARGEST_BYTES = 250_000


def picture(runs: Path, view: str, height: int, dark: bool) -> bytes:
    """A view of the dashboard of `runs` as PNG."""
    with TemporaryDirectory() as scratch, running() as browser:
        site = Path(scratch) / "site"
        write_site([runs], site, (), lambda done, total: None)
        visit = Visit(
            browser,
            f"file://{site}",
            viewport={"width": 1200, "height": height},
            device_scale_factor=1.5,
            color_scheme="dark" if dark else "light",
        )
        page = visit.go(view)
        image = page.screenshot()
        visit.close()
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, help="a folder of runs")
    parser.add_argument("--view", default="#/runs", help="the address behind the page, as in '#/trend'")
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    image = picture(options.runs, options.view, options.height, options.dark)
    if len(image) > LARGEST_BYTES:
        parser.error(f"the picture has {len(image):,} bytes, above {LARGEST_BYTES:,}: lower --height")
    options.out.write_bytes(image)
    print(f"{options.out}: {len(image):,} bytes")


if __name__ == "__main__":
    main()
