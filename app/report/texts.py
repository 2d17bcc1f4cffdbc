"""The built-in texts of the note and the report, in English and in French.

The English text is the key, so that code and templates read as what they say. A text may hold
`{names}`, which are filled in.
"""

from __future__ import annotations

from collections.abc import Mapping

FRENCH: Mapping[str, str] = {
    "{name}: results": "{name} : résultats",
    "Report": "Rapport",
    "Skip to the content": "Aller au contenu",
    "Pages": "Pages",
    "Results": "Résultats",
    "Data until {day}": "Données jusqu’au {day}",
    "no data yet": "pas encore de données",
    "newest file fetched {time}": "fichier le plus récent reçu le {time}",
    "run {run}": "exécution {run}",
    "published {time}": "publiée le {time}",
    "Results of run {run}, published {time}.": "Résultats de l’exécution {run}, publiés le {time}.",
    "These are not the latest data: a check blocked publication ({names}). "
    "The figures below are the last good ones.": "Ce ne sont pas les dernières données : un "
    "contrôle a bloqué la publication ({names}). Les chiffres ci-dessous sont les derniers bons.",
    "Quality of the data": "Qualité des données",
    "Rejected lines: {n}": "Lignes rejetées : {n}",
    "Withdrawn rows: {n}": "Lignes retirées : {n}",
    "Stale sources: {n}": "Sources non à jour : {n}",
    "Checks failed: {n}": "Contrôles en échec : {n}",
    "{first} to {last}": "du {first} au {last}",
    "Goal {value}": "Objectif {value}",
    "{percent} reached": "atteint à {percent}",
    "no data": "pas de données",
    "period not complete, not compared": "période incomplète, non comparé",
    "{period}: no data, not compared.": "{period} : pas de données, non comparé.",
    "{period}: not complete (days in the data: {days}), not compared.": "{period} : incomplet "
    "(jours dans les données : {days}), non comparé.",
    "The figures behind the tiles": "Les chiffres derrière ces tuiles",
    "unchanged": "inchangé",
    "the same": "le même choix",
    "up": "hausse",
    "down": "baisse",
    "before: {value}": "avant : {value}",
    "This period is not complete (days in the data: {days}): nothing is compared.": "Cette "
    "période est incomplète (jours dans les données : {days}) : rien n’est comparé.",
    "The first {shown} of {all}; the table has them all.": "Les {shown} premiers sur {all} ; le "
    "tableau les contient tous.",
    "The {shown} largest of {all}; the table has them all.": "Les {shown} plus grands sur {all} ; "
    "le tableau les contient tous.",
    "The chart could not be drawn; the table holds its figures.": "Le graphique n’a pas pu être "
    "dessiné ; le tableau en contient les chiffres.",
    "Paler bars are periods that are not complete.": "Les barres pâles sont des périodes "
    "incomplètes.",
    "{what} by {by}": "{what} selon {by}",
    "Highest: {name}, {value}.": "Maximum : {name}, {value}.",
    "Lowest: {name}, {value}.": "Minimum : {name}, {value}.",
    "The table below holds the figures.": "Le tableau ci-dessous contient les chiffres.",
    "There is nothing to show yet.": "Il n’y a encore rien à montrer.",
    "Table: {n} rows": "Tableau : {n} lignes",
    "{n} more rows in {file}": "{n} autres lignes dans {file}",
    "Data ({file})": "Données ({file})",
    "SQL": "SQL",
    "Data and its quality": "Les données et leur qualité",
    "Sources": "Sources",
    "source": "source",
    "rows": "lignes",
    "data fetched": "données reçues",
    "open rejects": "rejets ouverts",
    "withdrawn": "retirées",
    "state": "état",
    "never": "jamais",
    "up to date": "à jour",
    "refused": "refusée",
    "not fetched": "non reçue",
    "Rejected lines": "Lignes rejetées",
    "Nothing was rejected.": "Rien n’a été rejeté.",
    "The first {shown} of {all}.": "Les {shown} premières sur {all}.",
    "line": "ligne",
    "column": "colonne",
    "reason": "raison",
    "text": "texte",
    "quote-error": "guillemets mal fermés",
    "missing-cell": "cellule manquante",
    "extra-cell": "cellule en trop",
    "type-error": "valeur du mauvais type",
    "constraint-error": "valeur hors limites",
    "unique-error": "clé déjà présente",
    "foreign-key-error": "référence inconnue",
    "Withdrawn rows": "Lignes retirées",
    "The last deliveries withdrew nothing.": "Les dernières livraisons n’ont rien retiré.",
    "Rows that the last delivery of their source no longer lists.": "Des lignes que la dernière "
    "livraison de leur source ne contient plus.",
    "row": "ligne",
    "worth": "valeur",
    "Checks": "Contrôles",
    "check": "contrôle",
    "result": "résultat",
    "passed": "réussi",
    "warning: {n} rows": "avertissement : {n} lignes",
    "failed: {n} rows": "échec : {n} lignes",
    "warn": "avertissement",
    "error": "erreur",
    "{n} rows": "{n} lignes",
    "There are no checks.": "Il n’y a pas de contrôle.",
    "All {n} checks passed.": "Les {n} contrôles sont réussis.",
    "Checks that found something:": "Contrôles qui ont trouvé quelque chose :",
    "{n} more rows in `{file}`.": "{n} autres lignes dans `{file}`.",
    "Written by Comptoir {version}.": "Écrit par Comptoir {version}.",
    "To the top": "Haut de page",
}


class Texts:
    """Says the built-in texts in one locale: `say("run {run}", run=3)`."""

    def __init__(self, locale: str) -> None:
        self.locale = locale

    def __call__(self, text: str, **values: object) -> str:
        """`text` in the locale, with its names filled in."""
        said = FRENCH[text] if self.locale == "fr" else text
        return said.format(**values) if values else said
