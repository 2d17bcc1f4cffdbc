"""pandas read_csv and to_sql in one transaction. Usage: pandas_to_sql.py CSV DATABASE."""

import sqlite3
import sys

import pandas as pd

with sqlite3.connect(sys.argv[2]) as connection:
    pd.read_csv(sys.argv[1]).to_sql("sales", connection, if_exists="replace", index=False)
