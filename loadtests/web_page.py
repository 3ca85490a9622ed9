"""What we add to Locust's web UI: a tab with our figures, and this run's files below /dbverdict/, read-only.

Locust documents this way of extending it: tabs and tables named in `template_args`, their rows in the answer to
`/stats/requests`. Its UI draws a cell as text, never as HTML.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from flask import Response, request, send_from_directory
from locust.web import WebUI

from loadtests.director import Director
from results.live_table import COLUMNS, rows

_KEY: Final = "dbverdict"
_FILES: Final = {
    "report.html": "the report of this run",
    "report.md": "the same as Markdown",
    "run.json": "everything measured",
    "intervals.csv": "a row a second and operation",
    "response.hlog": "response times, HdrHistogram log",
    "service.hlog": "service times, HdrHistogram log",
}
"""What can be asked for; any other name is not found, so no path leads out of the folder."""

_NO_SCRIPT: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_NOT_YET: Final = "There is no such file of a run yet: reports are written when a run has ended."


class WebPage:
    """The tab and the routes; `director` answers whose run it is, None before the first."""

    def __init__(self, web_ui: WebUI, base_path: str, director: Callable[[], Director | None]) -> None:
        self._director = director
        links = [{"href": f".{_path(name)}", "title": f"dbverdict: {name}, {what}"} for name, what in _FILES.items()]
        structure = [{"key": key, "title": title} for key, title in COLUMNS.items()]
        web_ui.template_args |= {
            "extended_tabs": [{"title": "dbverdict", "key": _KEY}],
            "extended_tables": [{"key": _KEY, "structure": structure}],
            "extended_csv_files": links,
        }
        web_ui.app.add_url_rule(
            f"{base_path}{_path('<name>')}", "dbverdict_file", web_ui.auth_required_if_enabled(self._file)
        )
        web_ui.app.after_request(self._extend)

    def _file(self, name: str) -> Response:
        """One file of this run's folder."""
        director = self._director()
        folder = director.folder if director is not None else None
        if name not in _FILES or folder is None or not (folder / name).is_file():
            return Response(_NOT_YET, 404, mimetype="text/plain")
        answer: Response = send_from_directory(folder.absolute(), name, max_age=0)
        answer.headers["Content-Security-Policy"] = _NO_SCRIPT
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    def _extend(self, response: Response) -> Response:
        """Add our rows to what the UI asks for every two seconds, and our links to its page."""
        if response.status_code != 200:
            return response
        if request.endpoint == "locust.request_stats":
            content = json.loads(response.get_data()) | {"extended_stats": [{"key": _KEY, "data": self._rows()}]}
            return Response(json.dumps(content), mimetype="application/json")
        if request.endpoint == "locust.index":
            response.set_data(response.get_data(as_text=True).replace("</body>", f"{_LINKS}</body>"))
        return response

    def _rows(self) -> list[dict[str, Any]]:
        director = self._director()
        if director is None:
            return rows(None, "start one")
        return list(rows(director.so_far(), director.phase(), director.warnings()))


def _path(name: str) -> str:
    return f"/{_KEY}/{name}"


_LINKS: Final = (
    '<p style="position: fixed; right: 0; bottom: 0; margin: 0; padding: .3rem .7rem; background: #222; color: #fff;'
    ' font: .9rem sans-serif">dbverdict, this run: '
    + " · ".join(
        f'<a href=".{_path(name)}" target="_blank" style="color: inherit">{name}</a>'
        for name in ("report.html", "run.json")
    )
    + "</p>"
)
"""In a corner of Locust's own page, on every tab: a cell of its tables cannot hold a link."""
