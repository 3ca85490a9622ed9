"""A dashboard of a thousand runs: how long it takes to write, how large the first view is and how fast it is there."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from results.dashboard.site import write_site
from tests.browser import first_view_s
from tests.many_runs import write_many

LIMIT_BYTES = 2_000_000
"""What the first view may load: pages, scripts and the index, without the charting library."""


def first_view_bytes(site: Path) -> int:
    """The size of everything that the first view loads."""
    assets = [path for path in (site / "assets").iterdir() if path.name != "vega.js"]
    return sum(path.stat().st_size for path in [site / "index.html", site / "data" / "runs.js", *assets])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    count = parser.parse_args().runs
    with TemporaryDirectory() as scratch:
        runs, site = Path(scratch) / "runs", Path(scratch) / "site"
        began = time.perf_counter()
        write_many(runs, count)
        print(f"generated {count:,} run folders in {time.perf_counter() - began:.1f} s", flush=True)
        began = time.perf_counter()
        write_site([runs], site, (), lambda done, total: None)
        took = time.perf_counter() - began
        print(f"dashboard written in {took:.1f} s ({1e3 * took / count:.0f} ms a run)")
        size = first_view_bytes(site)
        whole = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
        print(f"first view: {size:,} bytes (limit {LIMIT_BYTES:,}); the whole site: {whole:,} bytes")
        print(f"first view on screen after {first_view_s(site):.2f} s in Chromium, from file:// (median of 5 visits)")
    sys.exit(0 if size < LIMIT_BYTES else 1)


if __name__ == "__main__":
    main()
