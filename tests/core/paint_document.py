"""A small OpenAPI document that has something of everything, to be changed."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]
LIST, MAKE, READ = "GET /v1/paints", "POST /v1/paints", "GET /v1/paints/{name}"


def paints() -> Node:
    """A document that has something of everything."""

    def answer(schema: str) -> Node:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
        header = {"required": True, "schema": {"type": "string"}}
        return {"description": "OK", "headers": {"ETag": header}, "content": {**content, "text/csv": {"schema": {}}}}

    failures = {"404": {"$ref": "#/components/responses/NotFound"}}
    body = {"schema": {"$ref": "#/components/schemas/PaintInput"}}
    query = [
        {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}},
        {"in": "query", "name": "colour", "style": "form", "schema": {"type": "string", "enum": ["red", "blue"]}},
        {"in": "query", "name": "on", "schema": {"type": "string", "format": "date", "maxLength": 10}},
        {"in": "query", "name": "q", "schema": {"type": "string", "pattern": "^[a-z]+$"}},
        {"$ref": "#/components/parameters/KnownAt"},
    ]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Paints", "version": "1.0.0"},
        "servers": [{"url": "/"}],
        "paths": {
            "/v1/paints": {
                "get": {
                    "operationId": "listPaints", "tags": ["paints"], "parameters": query,
                    "security": [{}, {"apiKey": []}], "responses": {"200": answer("PaintPage"), **failures},
                },
                "post": {
                    "operationId": "makePaint", "tags": ["paints"], "security": [{"apiKey": []}],
                    "requestBody": {"content": {"application/json": body, "application/merge-patch+json": body}},
                    "responses": {"201": answer("Paint"), "409": {"description": "No."}},
                },
            },
            "/v1/paints/{name}": {
                "parameters": [{"in": "path", "name": "name", "required": True, "schema": {"type": "string"}}],
                "get": {
                    "operationId": "readPaint", "tags": ["paints"], "responses": {"200": answer("Paint"), **failures},
                },
            },
        },
        "components": {
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
            "parameters": {"KnownAt": {"in": "query", "name": "known_at", "schema": {"type": "string"}}},
            "responses": {"NotFound": {"description": "No.", "content": {"application/problem+json": {}}}},
            "schemas": {
                "Paint": {
                    "type": "object", "required": ["title", "price"], "additionalProperties": False,
                    "properties": {
                        "title": {"type": "string", "minLength": 1, "maxLength": 80},
                        "price": {"type": "string", "pattern": r"^\d+\.\d{2}$"},
                        "colour": {"$ref": "#/components/schemas/Colour"},
                        "note": {"type": ["string", "null"]},
                        "mixed": {"type": "array", "items": {"$ref": "#/components/schemas/Paint"}},
                        "cell": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                        "base": {"anyOf": [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}]},
                        "words": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                },
                "PaintPage": {
                    "type": "object", "required": ["items"],
                    "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Paint"}}},
                },
                "PaintInput": {
                    "type": "object", "required": ["title"],
                    "properties": {
                        "title": {"type": "string", "minLength": 1, "maxLength": 80},
                        "litres": {"type": ["number", "null"], "minimum": 0},
                        "shade": {"type": "string", "enum": ["light", "dark"]},
                    },
                },
                "Colour": {"type": "string", "enum": ["red", "blue"]},
            },
        },
    }  # fmt: skip


def operation(document: Node, place: str) -> Node:
    method, path = place.split(" ")
    found: Node = document["paths"][path][method.lower()]
    return found


def parameter(document: Node, name: str) -> Node:
    return next(found for found in operation(document, LIST)["parameters"] if found.get("name") == name)


def schema(document: Node, name: str, property_: str | None = None) -> Node:
    found: Node = document["components"]["schemas"][name]
    return found["properties"][property_] if property_ else found
