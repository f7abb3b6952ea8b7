"""/v1/action-fields, /v1/theme-forums and /v1/vocabularies."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, request
from flask.views import MethodView

from portfolio.core.answers import REVISION_HEADER, json_bytes, may_be_kept
from portfolio.core.api import Blueprint
from portfolio.core.problems import NotFound
from portfolio.core.records import items_of, page_of
from portfolio.core.vocabulary import Codelist, codelists
from portfolio.history.reading import Reading
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_list, answer_record, reading
from portfolio.taxonomy.listing import list_action_fields, list_theme_forums, read_action_field, read_theme_forum
from portfolio.taxonomy.schemas import (
    ActionFieldQuerySchema,
    ActionFieldSchema,
    CodelistSchema,
    ThemeForumQuerySchema,
    ThemeForumSchema,
)

blp = Blueprint("taxonomy", __name__, url_prefix="/v1", description="Action fields, theme forums, codelists.")


@blp.route("/action-fields")
class ActionFields(MethodView):
    @blp.operation("listActionFields", download="list")
    @blp.arguments(ActionFieldQuerySchema, location="query")
    @blp.response(200, page_of(ActionFieldSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List the action fields

        The five fields of the cabinet decision of 5 November 2019, in their order.
        """
        with reading(query) as moment:
            return answer_list(moment, list_action_fields(moment), query)


@blp.route("/action-fields/<code>")
class ActionFieldByCode(MethodView):
    @blp.operation("getActionField")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, ActionFieldSchema)
    def get(self, query: dict[str, Any], code: str) -> Response:
        """Get an action field

        With its official and its short title.
        """
        with reading(query) as moment:
            return answer_record(moment, read_action_field(moment, code))


@blp.route("/theme-forums")
class ThemeForums(MethodView):
    @blp.operation("listThemeForums", download="list")
    @blp.arguments(ThemeForumQuerySchema, location="query")
    @blp.response(200, page_of(ThemeForumSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List the theme forums

        The twenty forums that made the proposals, by number.
        """
        with reading(query) as moment:
            return answer_list(moment, list_theme_forums(moment), query)


@blp.route("/theme-forums/<int:number>")
class ThemeForumByNumber(MethodView):
    @blp.operation("getThemeForum")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, ThemeForumSchema)
    def get(self, query: dict[str, Any], number: int) -> Response:
        """Get a theme forum

        With its ministry, moderators and days.
        """
        with reading(query) as moment:
            return answer_record(moment, read_theme_forum(moment, min(number, 10**6)))


@blp.route("/vocabularies")
class Vocabularies(MethodView):
    @blp.operation("listVocabularies")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(CodelistSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List the codelists

        Every code the register uses, with labels in German and English. They change with the program only, so the
        two clocks are taken as everywhere and change nothing, and the ETag is that of the content.
        """
        with reading(query) as moment:
            return _answer(moment, {"items": [_codelist(found) for found in codelists()]})


@blp.route("/vocabularies/<name>")
class VocabularyByName(MethodView):
    @blp.operation("getVocabulary")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, CodelistSchema)
    def get(self, query: dict[str, Any], name: str) -> Response:
        """Get a codelist

        Its codes in order, with labels in German and English.
        """
        found = next((codelist for codelist in codelists() if codelist.name == name), None)
        if found is None:
            raise NotFound(f"There is no codelist {name!r}; /v1/vocabularies lists them.")
        with reading(query) as moment:
            return _answer(moment, _codelist(found))


def _codelist(found: Codelist) -> dict[str, Any]:
    return {
        "name": found.name,
        "title_de": found.title.de,
        "title_en": found.title.en,
        "codes": [{"code": code, "label_de": label.de, "label_en": label.en} for code, label in found.labels.items()],
    }


def _answer(moment: Reading, body: dict[str, Any]) -> Response:
    """An answer that no revision changes: its ETag is its content."""
    data = json_bytes(body)
    answer = Response(data, mimetype="application/json")
    answer.headers[REVISION_HEADER] = str(moment.revision)
    may_be_kept(answer)
    answer.set_etag(hashlib.sha256(data).hexdigest()[:16])
    answer.make_conditional(request)
    return answer
