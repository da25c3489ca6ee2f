"""Lists in both versions: CSV in one stream, JSON in pages."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import islice
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from integration.simulators.connect.export_rows import ExportRow
from integration.simulators.connect.wire import answer, bad_request

_CHUNK_ROWS = 50
_USUAL_PAGE, _LARGEST_PAGE = 1_000, 5_000


def csv_answer(columns: tuple[str, ...], rows: Iterable[ExportRow]) -> Response:
    """Return version 1.0: the whole set, cells as Python writes them, lines ending with CR LF."""

    def chunks() -> Iterator[str]:
        text = StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        source = iter(rows)
        while True:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
            several = [columns for _, columns in islice(source, _CHUNK_ROWS)]
            if not several:
                return
            writer.writerows(several)

    return StreamingResponse(chunks(), media_type="text/csv")


def page_answer(request: Request, rows: Iterable[ExportRow]) -> Response:
    """Return version 2.0: a page by ids, and the absolute URL of the next one."""
    asked = request.query_params
    size = _whole(asked.get("page_size"), _USUAL_PAGE)
    if size is None:
        return bad_request({"page_size": ["A valid integer of at least 1 is required."]})
    last = _whole(asked.get("last_id"), 0)
    if last is None:
        return bad_request({"last_id": ["A valid integer of at least 1 is required."]})
    order = asked.get("cursor_order", "forward")
    if order not in ("forward", "reverse"):
        return bad_request({"cursor_order": [f'"{order}" is not a valid choice.']})
    size = min(size, _LARGEST_PAGE)
    if order == "reverse":
        rows = reversed([row for row in rows if not last or row[0] < last])
    else:
        rows = (row for row in rows if row[0] > last)
    page = list(islice(rows, size + 1))
    more = len(page) > size
    page = page[:size]
    link = None
    if more:
        kept = [(name, value) for name, value in asked.multi_items() if name != "last_id"]
        link = str(request.url.replace(query=urlencode([*kept, ("last_id", str(page[-1][0]))])))
    return answer({"next": link, "results": [columns for _, columns in page]})


def _whole(said: str | None, usual: int) -> int | None:
    if said is None:
        return usual
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 and int(said) >= 1 else None
