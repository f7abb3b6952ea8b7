"""The project at an address of this request, also where the address is a former one."""

from __future__ import annotations

from flask import Response, request
from werkzeug.exceptions import HTTPException

from portfolio.core.problems import NotFound
from portfolio.core.rows import Row
from portfolio.history.reading import Reading
from portfolio.projects.listing import moved_to, read_project

MOVED = "The project has another address now; ask there."
"""Description of the answer to a former address."""


def project_at(moment: Reading, slug: str) -> Row:
    """The project; a former address sends the request on (308), with all that follows the slug and its clocks.

    :raises NotFound: no project has or had this address at this moment.
    """
    try:
        return read_project(moment, slug)
    except NotFound:
        target = moved_to(moment, slug)
        if target is None:
            raise
    path = request.path.replace(f"/projects/{slug}", f"/projects/{target}", 1)
    query = request.query_string.decode("latin-1")
    # Without the page of HTML that redirect() would send along.
    raise HTTPException(response=Response(status=308, headers={"Location": f"{path}?{query}" if query else path}))
