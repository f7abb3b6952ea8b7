"""The codes of the action fields. Their official titles are records; these are the short ones."""

from __future__ import annotations

from portfolio.core.vocabulary import Codelist, Label

ACTION_FIELD = Codelist(
    "action_field",
    Label("Handlungsfeld", "Action field"),
    {
        "mobility": Label("Mobilität", "Mobility"),
        "economy": Label("Wirtschaft und Arbeit", "Economy and Work"),
        "diversity": Label("Vielfalt und Zusammenhalt", "Diversity and Cohesion"),
        "energy": Label("Energie und Umwelt", "Energy and Environment"),
        "education": Label("Bildung und Forschung", "Education and Research"),
    },
)
FORUM_NUMBER_BASIS = Codelist(
    "forum_number_basis",
    Label("Grundlage der Forumsnummer", "Basis of a forum's number"),
    {
        "published_source": Label("veröffentlichte Quelle", "published source"),
        "inferred": Label("erschlossen", "inferred"),
    },
)
