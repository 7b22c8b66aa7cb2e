#!/usr/bin/env python3
"""Asks a Prometheus every question of the dashboard and of the alerts.

    dashboard.py URL

Exits 1 and names what cannot be answered. That a metric has no samples yet is no error: some come
only with trouble.
"""

import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).parent


def questions():
    dashboard = json.loads((HERE / "grafana/dashboards/orders.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")
    for line in (HERE / "alerts.yml").read_text().splitlines():
        if line.strip().startswith("expr: "):
            yield "an alert", line.strip().removeprefix("expr: ")


def ask(url, expression):
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=30) as answer:
            return json.load(answer)["data"]["result"], None
    except urllib.error.HTTPError as error:
        return [], json.load(error).get("error", str(error))


def main():
    answered, silent, wrong = 0, [], []
    for title, expression in questions():
        result, error = ask(sys.argv[1], expression)
        if error:
            wrong.append(f"{title}: {expression}: {error}")
        elif result:
            answered += 1
        else:
            silent.append(title)
    print(f"dashboard: {answered} questions have answers, {len(silent)} none yet ({', '.join(sorted(set(silent)))})")
    if wrong or not answered:
        sys.exit("\n".join(wrong) or "nothing is answered")


if __name__ == "__main__":
    main()
