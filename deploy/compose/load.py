#!/usr/bin/env python3
"""A small load on a running platform, and an audit of what became of it.

    load.py URL --seconds N [--clients N] [--pause MS]

Clients place orders, read them back, and list them, over connections that they keep, until the time
is over or the process is told to stop (SIGTERM). Nothing is sent twice by them: each request has one
chance, and an answer other than 2xx is a failure. Then every order must be confirmed, there must be
as many as were placed, and the stock must be short of exactly what they took.

Prints the figures in one line; exits 1 and says what is wrong.
"""

import argparse
import collections
import http.client
import json
import signal
import sys
import threading
import time
import urllib.parse
import uuid

STOCK = 1_000_000
SETTLED_WITHIN_S = 120
TIMEOUT_S = 40


class Client:
    """One connection, kept for as long as the server keeps it."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc
        self.connection = None

    def send(self, method, path, body=None, headers=None):
        """Status, headers and JSON of the answer."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT_S)
        try:
            payload = None if body is None else json.dumps(body)
            sent = {"Content-Type": "application/json"} if body is not None else {}
            self.connection.request(method, path, payload, {**sent, **(headers or {})})
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None
        except Exception:
            self.connection.close()
            self.connection = None
            raise

    def post(self, path, body):
        return self.send("POST", path, body, {"Idempotency-Key": str(uuid.uuid4())})


class Load:
    def __init__(self, url, sku, pause_s):
        self.url, self.sku, self.pause_s = url, sku, pause_s
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.placed = []
        self.failures = []
        self.slowest = 0.0
        self.requests = 0

    def customer(self, number):
        """Nobody else's: what is listed of this customer was placed here."""
        return f"{self.sku}-{number}".lower()

    def attempt(self, what, send):
        """The answer if it is 2xx, else a failure that is kept."""
        began = time.monotonic()
        try:
            status, headers, body = send()
        except Exception as error:
            status, headers, body = None, None, repr(error)
        took = time.monotonic() - began
        with self.lock:
            self.requests += 1
            self.slowest = max(self.slowest, took)
            if status is None or not 200 <= status < 300:
                self.failures.append(f"{what}: {status} {str(body)[:200]}")
                return None, None
        return headers, body

    def run(self, number):
        client, customer = Client(self.url), self.customer(number)
        while not self.over.is_set():
            order = {
                "customer_id": customer,
                "currency": "EUR",
                "payment_method": "tok_approve",
                "lines": [{"sku": self.sku, "quantity": 1, "unit_price": 100}],
            }
            headers, body = self.attempt("place", lambda: client.post("/v1/orders", order))
            if body is not None:
                order_id = body["order_id"]
                with self.lock:
                    self.placed.append(order_id)
                token = {"Consistency-Token": headers["Consistency-Token"]}
                self.attempt("get", lambda: client.send("GET", f"/v1/orders/{order_id}", headers=token))
                self.attempt("list", lambda: client.send("GET", "/v1/orders?limit=5"))
            self.over.wait(self.pause_s)


def all_orders(client, customers):
    """Every order of these customers: id and status, as the lists have them."""
    found = []
    for customer in customers:
        query = {"limit": 200, "customer_id": customer}
        while True:
            status, _, page = client.send("GET", "/v1/orders?" + urllib.parse.urlencode(query))
            if status != 200:
                raise RuntimeError(f"the orders cannot be listed: {status} {page}")
            found += [(order["order_id"], order["status"]) for order in page["items"]]
            if not page.get("next_cursor"):
                break
            query["cursor"] = page["next_cursor"]
    return found


def audit(load, clients):
    """What is wrong with what is there; nothing once all is well."""
    client = Client(load.url)
    try:
        orders = all_orders(client, map(load.customer, range(clients)))
        _, _, stock = client.send("GET", f"/v1/stock/{load.sku}")
    except Exception as error:
        return [str(error)]
    ours = set(load.placed)
    listed = collections.Counter(order_id for order_id, _ in orders)
    statuses = collections.Counter(status for order_id, status in orders if order_id in ours)
    wrong = []
    if lost := [order_id for order_id in ours if listed[order_id] != 1]:
        wrong.append(f"{len(lost)} orders are not listed once: {lost[:3]}")
    if len(others := listed.keys() - ours) > len(load.failures):
        wrong.append(f"{len(others)} orders are listed that were not placed")
    if statuses["confirmed"] != len(ours):
        wrong.append(f"of {len(ours)} orders, states are {dict(statuses)}")
    # A placement that failed in our eyes may have been done all the same: then it took stock, too.
    taken = STOCK - stock.get("available", STOCK)
    if not len(ours) <= taken <= len(ours) + len(load.failures):
        wrong.append(f"{taken} pieces are taken for {len(ours)} orders")
    return wrong


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("--seconds", type=float, required=True)
    arguments.add_argument("--clients", type=int, default=8)
    arguments.add_argument("--pause", type=float, default=50, help="milliseconds between orders")
    arguments = arguments.parse_args()

    sku = f"LOAD-{uuid.uuid4().hex[:12]}"
    load = Load(arguments.url, sku, arguments.pause / 1000)
    status, _, body = Client(arguments.url).post(f"/v1/stock/{sku}/receipts", {"quantity": STOCK})
    if not 200 <= status < 300:
        sys.exit(f"no stock: {status} {body}")
    signal.signal(signal.SIGTERM, lambda *_: load.over.set())
    began = time.monotonic()
    threads = [threading.Thread(target=load.run, args=[n]) for n in range(arguments.clients)]
    for thread in threads:
        thread.start()
    load.over.wait(arguments.seconds)
    load.over.set()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while (wrong := audit(load, arguments.clients)) and time.monotonic() < deadline:
        time.sleep(0.5)
    print(
        f"{load.requests} requests in {took:.0f} s, {len(load.failures)} failed; "
        f"{len(load.placed)} orders placed, {'all confirmed, none lost or doubled' if not wrong else wrong}; "
        f"the slowest answer took {load.slowest:.2f} s"
    )
    for failure in load.failures[:10]:
        print("  " + failure)
    sys.exit(1 if load.failures or wrong else 0)


if __name__ == "__main__":
    main()
