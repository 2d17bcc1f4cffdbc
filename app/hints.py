"""What the name of a column tells, in the languages of the files that come.

A name only helps to choose between readings that the cells allow; it never overrules them.
"""

from __future__ import annotations

import re

from app.contract import fold

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
    "vendus vendues verkauft nombre nb"
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
NOT_A_DAY_OF_BUSINESS = (
    "birth naissance geburt geburtsdatum birthday dob born signup inscription registered "
    "created updated modified maj expiry expiration delivery livraison shipped due echeance"
)


def words(label: str) -> list[str]:
    """The words of a label, without case and accents: 'UnitPrice (€)' is unit, price."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", label)
    return re.findall(r"[a-z]+\d*|\d+", fold(parted.replace("ß", "ss")))


def named(label: str, hints: str) -> bool:
    """Whether one of the label's words, or all of them together, is among the words `hints`."""
    found = words(label)
    return bool({*found, "".join(found)} & set(hints.split()))
