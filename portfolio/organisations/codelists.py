"""The codes that organisations use."""

from __future__ import annotations

from portfolio.core.vocabulary import Codelist, Label

ORGANISATION_KIND = Codelist(
    "organisation_kind",
    Label("Art einer Organisation", "Kind of an organisation"),
    {
        "ministry": Label("Ressort der Landesregierung", "ministry of the state government"),
        "municipality": Label("Kommune", "municipality"),
        "university": Label("Hochschule", "university"),
        "company": Label("Unternehmen", "company"),
        "association": Label("Verband oder Verein", "association"),
        "authority": Label("Behörde", "authority"),
        "foundation": Label("Stiftung", "foundation"),
        "chamber": Label("Kammer", "chamber"),
        "unknown": Label("nicht bestimmt", "not determined"),
    },
)
SUCCESSION_KIND = Codelist(
    "succession_kind",
    Label("Art einer Rechtsnachfolge", "Kind of a succession"),
    {
        "renamed": Label("umbenannt", "renamed"),
        "merged": Label("zusammengeführt", "merged"),
        "split": Label("aufgeteilt", "split"),
    },
)
