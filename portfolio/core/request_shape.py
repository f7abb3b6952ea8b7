"""What can be wrong with a request before anything is looked up."""

from __future__ import annotations

import re

from flask import request

from portfolio.core.api import Operation
from portfolio.core.problems import BadRequest, ContentTooLarge, NotFound, UnsupportedMediaType
from portfolio.core.spec_parts import READ_HEADERS

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def check_request_shape(operation: Operation) -> None:
    """The checks that need the request alone and come before all others.

    :raises NotFound: a control character in the address; no key holds one, and PostgreSQL cannot even ask for NUL.
    :raises ContentTooLarge: more than the operation takes.
    :raises UnsupportedMediaType: a body of another type than the operation takes.
    :raises BadRequest: a header of a form that nobody could mean.
    """
    if _CONTROL.search(request.path):
        raise NotFound("There is nothing at this address; it holds a control character.")
    request.max_content_length = operation.largest
    if (request.content_length or 0) > operation.largest:
        mib = operation.largest // 1024**2
        raise ContentTooLarge(f"The body is larger than {mib} MiB; send less at once.")
    if operation.body and request.mimetype not in operation.body:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(operation.body)} (header Content-Type).")
    if operation.body and request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    _require_plain_headers()


def _require_plain_headers() -> None:
    for header in READ_HEADERS:
        sent, form = request.headers.get(header["name"], ""), header["schema"]
        if len(sent) > form["maxLength"] or not re.search(form["pattern"], sent):
            raise BadRequest(f"{header['name']} takes at most {form['maxLength']} visible ASCII characters.")
