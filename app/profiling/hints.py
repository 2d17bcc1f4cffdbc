"""What the name of a column tells, in the languages of the files that come.

A name only helps to choose between readings that the cells allow; it never overrules them.
"""

from __future__ import annotations

import re

from app.records.header import fold

NAMED_MONEY = (
    "price prix preis precio prezzo amount montant betrag importe importo revenue umsatz chiffre "
    "cost cout kosten costo coste coute fee fees frais tarif salary salaire gehalt wage turnover "
    "ca ht ttc brut net netto brutto total sum somme summe value valeur wert discount remise "
    "rabatt spend spent paid paye charge payment paiement zahlung tax taxe tva steuer mwst vat "
    "unitprice unitaire einzelpreis verkaufspreis verkaufswert tip tips fare budget sales ventes "
    "erlos gesamtpreis gesamtbetrag subtotal balance solde saldo"
)
NEVER_MONEY = (
    "quantity quantite menge anzahl qty qte nombre number count units unites stock stuck nb rate "
    "taux percent pct weight poids gewicht lat latitude lon lng longitude score note rank rang "
    "age year annee jahr employees salaries id days jours tage hours heures temperature distance "
    "km kg points percentage prozent ratio share"
)
SURELY_TEXT = (
    "phone telephone tel telefon mobile fax zip zipcode postcode postal postale plz siret siren "
    "ean ean13 isbn gtin barcode iban bic"
)
IDENTIFIER = (
    "id ids ref reference code no num numero nr number nummer key sku uuid guid matricule ean isbn "
    "cle ident identifiant identifier schlussel kennung artikelnr kundennr bestellnr email"
)
LINE_NUMBER = "line ligne zeile position pos seq sequence item linenumber rang"
QUANTITY = (
    "quantity quantite menge anzahl qty qte units unites stuck pieces cantidad quantita sold "
    "vendus vendues verkauft"
)
UNIT_PRICE = (
    "price prix preis precio prezzo unitprice unitaire einzelpreis tarif unit verkaufspreis"
)
LINE_TOTAL = (
    "total amount montant betrag importe importo revenue umsatz chiffre sum somme summe "
    "gesamtpreis gesamtbetrag subtotal ca turnover sales ventes paid fare"
)
COST = "cost cout achat purchase einkauf einkaufspreis kosten costo coste wholesale buying revient"
NAME = (
    "name nom libelle label title titre bezeichnung description designation nombre nome city "
    "ville stadt intitule produit product produkt customer client kunde"
)
BIRTH = "birth naissance geburt geburtsdatum birthday birthdate dob born death"
# Dates of something else than the event itself, where there is another one to choose.
OTHER_DAY = (
    "signup inscription registered created updated modified maj expiry expiration delivery "
    "delivered livraison lieferung lieferdatum shipped shipping due echeance paid return retour"
)
# Adding these up means nothing.
NEVER_SUMMED = (
    "age year annee jahr month mois monat day jour tag week semaine rank rang score note rate taux "
    "percent pct percentage prozent ratio share lat latitude lon lng longitude temperature zip "
    "floor etage level niveau size taille line ligne zeile position"
)


def words(label: str) -> list[str]:
    """The words of a label, without case and accents: 'UnitPrice (€)' is unit, price."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", label)
    return re.findall(r"[a-z]+\d*|\d+", fold(parted.replace("ß", "ss")))


def named(label: str, hints: str) -> bool:
    """Whether one of the label's words, or all of them together, is among the words `hints`.

    A longer hint may also end a word, as German builds them: Einkaufspreis is a price.
    """
    known = hints.split()
    found = words(label)
    ends = tuple(hint for hint in known if len(hint) >= 5)
    return bool({*found, "".join(found)} & set(known)) or any(w.endswith(ends) for w in found)
