#!/usr/bin/env python3
"""Asks a running platform for all that the import of Online Retail must have led to.

    smoke_answers.py URL INPUT.csv        the API's answers
    smoke_answers.py --refusals REPORT    the import's report
    smoke_answers.py --placed URL         how many orders there are

Prints the figures in one line; exits 1 and says which of them is not as it must be. What must be
there was computed from the input independently of the platform.
"""

import collections
import csv
import json
import sys
import urllib.parse
import urllib.request

ORDERS = 1_450
LINES = 37_662
PENCE = 72_267_909
REFUSALS = 443

PAGE = 200
PAGES_AT_MOST = 100


def get(url, path, **query):
    """One answer of the API; a status other than 2xx is an error."""
    if query:
        path += "?" + urllib.parse.urlencode(query)
    request = urllib.request.Request(url + path, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def all_items(url, path):
    """Follows a list to its end."""
    query = {"limit": PAGE}
    for _ in range(PAGES_AT_MOST):
        page = get(url, path, **query)
        yield from page["items"]
        if not page.get("next_cursor"):
            return
        query["cursor"] = page["next_cursor"]
    sys.exit(f"{path} does not end after {PAGES_AT_MOST} pages")


def units_sold(path):
    """Pieces of each article in the clean sale invoices of the input: so many must be held."""
    invoices = {}
    with open(path, encoding="iso-8859-1", newline="") as file:
        for row in csv.DictReader(file):
            line = row["StockCode"].strip(), int(row["Quantity"]), float(row["UnitPrice"])
            invoices.setdefault(row["InvoiceNo"].strip(), []).append(line)
    sold = collections.Counter()
    for number, lines in invoices.items():
        clean = all(quantity > 0 and price > 0 for _, quantity, price in lines)
        if clean and not number.startswith("C"):
            for sku, quantity, _ in lines:
                sold[sku] += quantity
    return sold


def must(figures, wanted):
    """Prints the figures, and ends the program when one of them is wrong."""
    print(", ".join(f"{name} {figure}" for name, figure in figures.items()))
    wrong = [
        f"{name} is {figures[name]}, must be {figure}"
        for name, figure in wanted.items()
        if figures[name] != figure
    ]
    if wrong:
        sys.exit("; ".join(wrong))


def answers(url, path):
    orders = list(all_items(url, "/v1/orders"))
    stock = list(all_items(url, "/v1/stock"))
    sales = get(url, "/v1/reports/sales")
    held = {item["sku"]: item["reserved"] + item["committed"] for item in stock}
    sold = units_sold(path)
    figures = {
        "orders": len(orders),
        "distinct orders": len({order["order_id"] for order in orders}),
        "confirmed": sum(order["status"] == "confirmed" for order in orders),
        "lines": sum(order["line_count"] for order in orders),
        "pence of orders": sum(order["total"]["amount"] for order in orders),
        "pence in the sales report": sum(day["total"]["amount"] for day in sales["items"]),
        "pieces held": sum(held.values()),
        "articles held otherwise than sold": sum(
            held.get(sku, 0) != sold[sku] for sku in held.keys() | sold.keys()
        ),
        # What was booked in is what the orders need: once each, also by the second import.
        "pieces left over": sum(item["available"] for item in stock),
    }
    must(
        figures,
        {
            "orders": ORDERS,
            "distinct orders": ORDERS,
            "confirmed": ORDERS,
            "lines": LINES,
            "pence of orders": PENCE,
            "pence in the sales report": PENCE,
            "pieces held": sum(sold.values()),
            "articles held otherwise than sold": 0,
            "pieces left over": 0,
        },
    )


def refusals(report):
    with open(report, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    figures = {
        "refusals": len(rows),
        "invoices refused": len({row["invoice"] for row in rows}),
        "without a reason": sum(not row["reason"].strip() for row in rows),
    }
    must(figures, {"refusals": REFUSALS, "invoices refused": REFUSALS, "without a reason": 0})


if __name__ == "__main__":
    if sys.argv[1] == "--placed":
        print(sum(1 for _ in all_items(sys.argv[2], "/v1/orders")))
    elif sys.argv[1] == "--refusals":
        refusals(sys.argv[2])
    else:
        answers(sys.argv[1], sys.argv[2])
