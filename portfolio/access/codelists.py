"""The codes of who may do what."""

from __future__ import annotations

from portfolio.core.vocabulary import Codelist, Label

ROLE = Codelist(
    "role",
    Label("Rolle", "Role"),
    {
        "viewer": Label("Öffentlichkeit: sieht, was veröffentlicht ist", "Public: sees what is published"),
        "editor": Label("Bearbeitung für eine Organisation", "Editor of one organisation"),
        "approver": Label("Freigabe für eine Organisation", "Approver of one organisation"),
        "coordinator": Label("Koordinierungsstelle", "Coordinator, the lead office"),
        "auditor": Label("Prüfung: sieht alles, ändert nichts", "Auditor: reads all, changes nothing"),
        "admin": Label("Verwaltung der Zugänge", "Administrator of accounts and keys"),
    },
)
GIVEN_ROLE = Codelist(
    "api_key_role",
    Label("Rolle eines API-Schlüssels", "Role of an API key"),
    {code: label for code, label in ROLE.labels.items() if code != "viewer"},
)
KEY_STATE = Codelist(
    "api_key_state",
    Label("Zustand eines API-Schlüssels", "State of an API key"),
    {
        "good": Label("gültig", "good"),
        "expired": Label("abgelaufen", "expired"),
        "revoked": Label("gesperrt", "revoked"),
    },
)
SIGN_IN = Codelist(
    "sign_in",
    Label("Art der Anmeldung", "Way of signing in"),
    {
        "key": Label("API-Schlüssel", "API key"),
        "jwt": Label("Zugangstoken eines Anmeldedienstes", "access token of an identity provider"),
    },
)
SCOPE = Codelist(
    "scope",
    Label("Reichweite eines Rechts", "Reach of a permission"),
    {
        "any": Label("alle Datensätze", "every record"),
        "own": Label(
            "Datensätze der Projekte, die die eigene Organisation an diesem Tag führt",
            "records of the projects that the own organisation leads on that day",
        ),
    },
)
