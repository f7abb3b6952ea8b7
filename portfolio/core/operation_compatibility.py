"""Compares one operation in two documents: its name, who may call it, what is sent, what comes back."""

from __future__ import annotations

import re
from datetime import date

from portfolio.core.api_changes import Report
from portfolio.core.deprecation import SHORTEST
from portfolio.core.schema_compatibility import TEACH, Place, SchemaComparison, Side
from portfolio.core.schema_shapes import WORDS, Node
from portfolio.core.spec_reading import resolved

METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
_STYLE = ("style", "explode", "allowReserved", "allowEmptyValue")
# Keys that are compared one by one, or that no client follows; any other key that differs is pointed out.
_KNOWN = {
    "document": {"openapi", "info", "tags", "servers", "paths", "components", "security", "jsonSchemaDialect"},
    "path": {"parameters", *METHODS},
    "operation": {"operationId", "tags", "parameters", "requestBody", "responses", "security", "deprecated"},
    "parameter": {"name", "in", "required", "schema", "deprecated", *_STYLE},
    "body": {"required", "content"},
    "answer": {"headers", "content", "links"},
    "content": {"schema"},
    "header": {"required", "schema", "deprecated"},
}
Parameters = dict[tuple[str, str], tuple[str | None, Node]]
"""By place and name: what a parameter refers to, and what it says."""
Found = tuple[str, Node, Node]
"""The path of an operation, what is said of the path, and of the operation."""


def place(method: str, path: str) -> str:
    return f"{method.upper()} {path}"


def sunset(operation: Node) -> date | None:
    """The last day of an operation; None: no end was said."""
    found = operation.get("x-deprecation", {}).get("sunset") if operation.get("deprecated") else None
    return date.fromisoformat(found) if found else None


class OperationComparison:
    """Compares operations that stand at the same address in both documents."""

    def __init__(
        self, old: Node, new: Node, report: Report, schemas: SchemaComparison, today: date | None = None
    ) -> None:
        self._today = today
        self._old = old
        self._new = new
        self._report = report
        self._schemas = schemas

    def compare(self, method: str, before: Found, after: Found) -> None:
        """Report how an operation differs, and the path that it stands under."""
        (path, old_item, old), (new_path, new_item, new) = before, after
        where = place(method, path)
        compare_others(self._report, "path", old_item, new_item, f"path {path}")
        compare_others(self._report, "operation", old, new, where)
        self._compare_names(old, new, where)
        self._compare_security(old, new, where)
        self._compare_deprecated(old, new, where)
        self._compare_sunset(old, new, where)
        written = _parameters(self._old, path, old_item, old), _parameters(self._new, new_path, new_item, new)
        self._compare_parameters(*written, where)
        self._compare_body(old.get("requestBody"), new.get("requestBody"), where)
        self._compare_answers(old.get("responses", {}), new.get("responses", {}), where)

    def _compare_names(self, old: Node, new: Node, where: str) -> None:
        if old.get("operationId") != new.get("operationId"):
            what = f"operationId was {old.get('operationId')} and is {new.get('operationId')}."
            self._report.breaking("operation-renamed", where, f"{what} The function of generated clients is gone.")
        if old.get("tags") != new.get("tags"):
            what = f"The tags were {old.get('tags')} and are {new.get('tags')}."
            self._report.breaking("tags-changed", where, f"{what} Generated Python clients import it from elsewhere.")

    def _compare_deprecated(self, old: Node, new: Node, where: str) -> None:
        if bool(old.get("deprecated")) != bool(new.get("deprecated")):
            what = "This is deprecated now." if new.get("deprecated") else "This is no longer deprecated."
            self._report.additive("deprecated", where, what)

    def _compare_sunset(self, old: Node, new: Node, where: str) -> None:
        before, after = sunset(old), sunset(new)
        if after is None:
            return
        if before is not None and after < before:
            what = f"It ends with {after}, not {before}. Clients rely on the day that was said."
            self._report.breaking("sunset-earlier", where, what)
        elif before is None and old.get("deprecated") and self._today and after < self._today + SHORTEST:
            what = f"Its end, {after}, was not said before and is less than {SHORTEST.days} days away."
            self._report.breaking("sunset-too-near", where, what)

    def _compare_security(self, old: Node, new: Node, where: str) -> None:
        before, after = (_ways_in(document, found) for document, found in ((self._old, old), (self._new, new)))
        for way in before:
            if not any(_asks_no_more(found, way) for found in after):
                how = "without credentials" if not way else f"with {' and '.join(sorted(way))} alone"
                what = f"Calls {how} are refused now (401 or 403)."
                self._report.breaking("security-tightened", where, what)
        for way in after:
            if not any(_asks_no_more(found, way) for found in before):
                how = "without credentials" if not way else f"with {' and '.join(sorted(way))}"
                self._report.additive("security-loosened", where, f"Calls {how} are taken now.")

    def _compare_parameters(self, old: Parameters, new: Parameters, op: str) -> None:
        for key, (ref, before) in old.items():
            where = f"{op}, {key[0]} parameter {before['name']}"
            if key not in new:
                what = "The parameter is gone. Requests that send it are refused."
                self._report.breaking("parameter-removed", where, what)
            else:
                shared = f"parameter {_last(ref)}" if ref and ref == new[key][0] else where
                self._compare_parameter(before, new[key][1], shared)
        for key, (_, after) in new.items():
            where = f"{op}, {key[0]} parameter {after['name']}"
            if key not in old and after.get("required"):
                what = "This must be sent now. Requests without it are refused."
                self._report.breaking("required-parameter-added", where, what)
            elif key not in old:
                self._report.additive("parameter-added", where, "A new parameter may be sent.")

    def _compare_parameter(self, old: Node, new: Node, where: str) -> None:
        compare_others(self._report, "parameter", old, new, where)
        if old["name"] != new["name"]:
            what = f"The parameter is called {new['name']} now. Typed clients pass it by name."
            self._report.breaking("parameter-renamed", where, what)
        self._compare_required("parameter", old, new, where)
        for key in _STYLE:
            if old.get(key) != new.get(key):
                what = f"{key} was {old.get(key)} and is {new.get(key)}. Clients write the value in the old way."
                self._report.breaking("parameter-style-changed", where, what)
        self._compare_deprecated(old, new, where)
        self._schemas.compare(old.get("schema", {}), new.get("schema", {}), Place(where, "sent"))

    def _compare_required(self, noun: str, old: Node, new: Node, where: str) -> None:
        if new.get("required") and not old.get("required"):
            what = f"The {noun} must be sent now. Requests without it are refused."
            self._report.breaking(f"{noun}-required", where, what)
        elif old.get("required") and not new.get("required"):
            self._report.additive(f"{noun}-optional", where, f"The {noun} may be left out now.")

    def _compare_body(self, old: Node | None, new: Node | None, op: str) -> None:
        where = f"{op}, body"
        if old is None and new is None:
            return
        if new is None:
            self._report.breaking(
                "body-removed", where, "No body is taken. What clients send is refused or passed over."
            )
            return
        after = resolved(self._new, new)
        if old is None:
            if after.get("required"):
                what = "A body must be sent now. Requests without it are refused."
                self._report.breaking("body-required", where, what)
            else:
                self._report.additive("body-added", where, "A body may be sent now.")
            return
        before = resolved(self._old, old)
        compare_others(self._report, "body", before, after, where)
        self._compare_required("body", before, after, where)
        self._compare_content(before, after, where, "sent")

    def _compare_answers(self, old: Node, new: Node, op: str) -> None:
        was, now = ({status for status in found if status[0] == "2"} for found in (old, new))
        for status in old:
            if status not in new:
                self._report_status_removed(status, sorted(now - was), op)
        for status in sorted(new.keys() - old.keys()):
            where = f"{op}, answer {status}"
            if status[0] in "45d" or status == "304":
                self._report.additive(
                    "status-added", where, "Clients take a status that they do not know for its class."
                )
            elif was <= now:
                what = "A second kind of success. Clients look for the statuses that they know."
                self._report.breaking("success-status-added", where, what)
        for status, written in old.items():
            if status in new:
                before, after = resolved(self._old, written), resolved(self._new, new[status])
                shared = written.get("$ref") if written.get("$ref") == new[status].get("$ref") else None
                where = f"answer {_last(shared)}" if shared else f"{op}, answer {status}"
                self._compare_answer(before, after, where)

    def _report_status_removed(self, status: str, instead: list[str], op: str) -> None:
        where = f"{op}, answer {status}"
        if status[0] == "2" and instead:
            what = f"The status of success is {' or '.join(instead)} now. Clients that look for {status} see a failure."
            self._report.breaking("success-status-changed", where, what)
        elif status[0] in "23":
            self._report.breaking("status-removed", where, "This answer is gone. Clients wait for it in vain.")
        else:
            what = "This failure is gone from the document. Clients that tell it apart wait in vain, or get another."
            self._report.breaking("error-status-removed", where, what)

    def _compare_answer(self, old: Node, new: Node, where: str) -> None:
        compare_others(self._report, "answer", old, new, where)
        if old.get("links") != new.get("links"):
            self._report.editorial("links-changed", where, "Other links between operations.")
        self._compare_headers(old.get("headers", {}), new.get("headers", {}), where)
        self._compare_content(old, new, where, "answered")

    def _compare_headers(self, old: Node, new: Node, answer: str) -> None:
        before, after = ({name.lower(): (name, header) for name, header in found.items()} for found in (old, new))
        for key, (name, header) in before.items():
            where = f"{answer}, header {name}"
            if key not in after:
                self._report.breaking("header-removed", where, "The header is gone. Clients that read it find nothing.")
                continue
            was, now = resolved(self._old, header), resolved(self._new, after[key][1])
            shared = header.get("$ref") is not None and header.get("$ref") == after[key][1].get("$ref")
            where = f"header {name}" if shared else where
            compare_others(self._report, "header", was, now, where)
            if was.get("required") and not now.get("required"):
                self._report.breaking("header-optional", where, "The header may be missing. Clients rely on it.")
            elif now.get("required") and not was.get("required"):
                self._report.additive("header-required", where, "The header is always there now.")
            self._schemas.compare(was.get("schema", {}), now.get("schema", {}), Place(where, "answered"))
        for key, (name, _) in after.items():
            if key not in before:
                self._report.additive("header-added", f"{answer}, header {name}", "A new header comes along.")

    def _compare_content(self, old: Node, new: Node, where: str, side: Side) -> None:
        before, after = old.get("content", {}), new.get("content", {})
        kind = {"sent": "body", "answered": "answer"}[side]
        for media, content in before.items():
            inside = f"{where} ({media})"
            if media not in after:
                what = {"sent": "It is refused (415).", "answered": "Clients that ask for it get 406."}[side]
                self._report.breaking(f"{kind}-type-removed", inside, f"The media type is gone. {what}")
            else:
                compare_others(self._report, "content", content, after[media], inside)
                self._schemas.compare(content.get("schema", {}), after[media].get("schema", {}), Place(inside, side))
        for media in after:
            if media not in before:
                level = self._report.breaking if not before and side == "answered" else self._report.additive
                level(f"{kind}-type-added", f"{where} ({media})", "A new media type.")


def compare_others(report: Report, kind: str, old: Node, new: Node, where: str) -> None:
    """Report what else differs: words as such, and what this check does not know as breaking, to be looked at."""
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key) or key in _KNOWN[kind]:
            continue
        if key in WORDS or key.startswith("x-"):
            report.editorial("words", where, f"Other words: {key}.")
        else:
            report.breaking("look-at-it", where, f"{key} is different. {TEACH}")


def _parameters(document: Node, path: str, item: Node, operation: Node) -> Parameters:
    """Those of the path by their position, which is all that an address shows of them."""
    in_path = re.findall(r"\{([^}]*)\}", path)
    found: Parameters = {}
    for written in (*item.get("parameters", []), *operation.get("parameters", [])):
        parameter = resolved(document, written)
        name, kind = parameter["name"], parameter["in"]
        if kind == "path" and name in in_path:
            found[kind, str(in_path.index(name))] = written.get("$ref"), parameter
        else:
            found[kind, name.lower() if kind == "header" else name] = written.get("$ref"), parameter
    return found


def _last(ref: str) -> str:
    return ref.rsplit("/", 1)[1]


def _ways_in(document: Node, operation: Node) -> list[dict[str, list[str]]]:
    """The ways to sign in, of which one is enough; ``{}`` is none at all."""
    found: list[dict[str, list[str]]] = operation.get("security", document.get("security")) or []
    return found or [{}]


def _asks_no_more(way: dict[str, list[str]], than: dict[str, list[str]]) -> bool:
    return all(scheme in than and set(scopes) <= set(than[scheme]) for scheme, scopes in way.items())
