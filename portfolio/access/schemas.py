"""Keys and the signed-in person as JSON."""

from __future__ import annotations

import marshmallow as ma

from portfolio.access.codelists import GIVEN_ROLE, KEY_STATE, ROLE, SCOPE, SIGN_IN
from portfolio.core.fields import Code, IdField, InstantField, Name, StrictSchema, Text
from portfolio.core.provenance import EVERY, assigned, computed, echoed, recorded
from portfolio.core.query_fields import QueryBool, query_codes, query_names
from portfolio.core.records import PageQuerySchema, about

_MOMENT = "2026-06-30T08:00:00.000000Z"


class ApiKeyInputSchema(StrictSchema):
    """A new key."""

    role = Code(GIVEN_ROLE, required=True, metadata=about("What the key may do.", "editor"))
    organisation = Name(
        load_default=None,
        allow_none=True,
        metadata=about("Code of the organisation it is for; required for editor and approver, for no other.", "MUNV"),
    )
    name = Text(required=True, max_length=200, metadata=about("Who holds it; shown to nobody else.", "A. Beispiel"))
    expires_at = InstantField(
        load_default=None,
        allow_none=True,
        metadata=about("Until when it is good; null: until it is revoked.", "2027-06-30T22:00:00Z"),
    )


class ApiKeySchema(StrictSchema):
    """A key (API-Schlüssel), without its secret."""

    provenance = {
        "id": assigned("Made by the register with the key."),
        "prefix": assigned("The first characters of the secret."),
        "actor": assigned("A pseudonym of random characters."),
        "state": computed("revoked where revoked_at is set, expired where expires_at has passed, else good."),
        "created_at": assigned("The instant it was made."),
        "revoked_at": assigned("The instant of its change to revoked."),
        "last_used_at": assigned("The instant of its last use, to the minute."),
    }

    id = IdField(required=True, metadata=about("Id of the key.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"))
    prefix = Text(
        required=True, max_length=20, metadata=about("Its first characters, to tell keys apart.", "pk_Zk3v9x2Q")
    )
    role = Code(GIVEN_ROLE, required=True, metadata=about("What the key may do.", "editor"))
    organisation = Name(required=True, allow_none=True, metadata=about("The organisation it is for.", "MUNV"))
    name = Text(required=True, max_length=200, metadata=about("Who holds it; `[gelöscht]` once erased.", "A. Beispiel"))
    actor = Text(
        required=True, max_length=40, metadata=about("Pseudonym in the history.", "act_5hV1cQy0yq3Jr2d9G3m7Xw")
    )
    state = Code(KEY_STATE, required=True, metadata=about("Whether it opens anything.", "good"))
    created_at = InstantField(required=True, metadata=about("When it was made.", _MOMENT))
    expires_at = InstantField(required=True, allow_none=True, metadata=about("Until when it is good.", _MOMENT))
    revoked_at = InstantField(required=True, allow_none=True, metadata=about("When it was revoked.", _MOMENT))
    last_used_at = InstantField(
        required=True, allow_none=True, metadata=about("When it was last used, to the minute.", _MOMENT)
    )


class NewApiKeySchema(ApiKeySchema):
    """A key that was just made."""

    provenance = {
        "secret": assigned("256 random bits; only their SHA-256 is kept."),
        EVERY: echoed("What was sent."),
    }

    secret = Text(
        required=True,
        allow_none=True,
        max_length=60,
        metadata=about(
            "What to send as `Authorization: Bearer …`. Shown this once and kept nowhere; null where the same request "
            "is sent again.",
            "pk_…",
        ),
    )


class ApiKeyTransitionSchema(StrictSchema):
    """A change of a key's state; there is only one."""

    to = ma.fields.String(
        required=True,
        validate=ma.validate.Equal("revoked", error="A key can only be revoked: send revoked."),
        metadata={"description": "`revoked`, for good.", "example": "revoked", "maxLength": 7, "pattern": "^revoked$"},
    )


class ApiKeyQuerySchema(PageQuerySchema):
    """Filters of the list of keys."""

    count = QueryBool(
        load_default=False, metadata={"description": "Also count all keys that match, as `count`.", "example": True}
    )

    role = query_codes(GIVEN_ROLE, "Only keys of these roles.")
    organisation = query_names("Only keys for these organisations; `none`: keys for no single one.", "MUNV")
    state = query_codes(KEY_STATE, "Only keys in these states.")


class MyOrganisationSchema(StrictSchema):
    """The organisation somebody writes for."""

    provenance = {EVERY: computed("The organisation that the credentials name, as recorded.")}

    code = Name(required=True, metadata=about("Code.", "MUNV"))
    name_de = Text(required=True, metadata=about("Official name.", "Ministerium für Umwelt, Naturschutz und Verkehr"))
    name_en = Text(required=True, allow_none=True, metadata=about("Translation.", "Ministry of the Environment"))


class PermissionSchema(StrictSchema):
    """One thing somebody may do."""

    provenance = {EVERY: computed("The line of the table of rights for the role.")}

    operation = Text(required=True, max_length=60, metadata=about("Name of the permission.", "projects.update"))
    scope = Code(SCOPE, required=True, metadata=about("On which records.", "own"))


class MeSchema(StrictSchema):
    """Who the credentials stand for."""

    provenance = {
        "actor": assigned("The pseudonym of the key or person."),
        "name": recorded("With the key, or from the token of the identity provider."),
        EVERY: computed("From the key or token that was sent."),
    }

    actor = Text(
        required=True, max_length=40, metadata=about("Pseudonym in the history.", "act_5hV1cQy0yq3Jr2d9G3m7Xw")
    )
    name = Text(required=True, max_length=200, metadata=about("Name.", "A. Beispiel"))
    role = Code(ROLE, required=True, metadata=about("Role.", "editor"))
    organisation = ma.fields.Nested(
        MyOrganisationSchema,
        required=True,
        allow_none=True,
        metadata=about("Whom you write for; null: nobody in particular."),
    )
    via = Code(SIGN_IN, required=True, metadata=about("How you signed in.", "key"))
    expires_at = InstantField(required=True, allow_none=True, metadata=about("Until when this holds.", _MOMENT))
    note = Text(
        required=True,
        allow_none=True,
        max_length=300,
        metadata=about("What keeps the credentials from doing more; null where nothing does."),
    )
    permissions = ma.fields.List(
        ma.fields.Nested(PermissionSchema), required=True, metadata=about("What you may do beside reading.")
    )
