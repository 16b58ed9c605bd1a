"""What was measured: printed as it comes, and kept for --out."""

import json
import statistics
import sys
import time


def median(values):
    return statistics.median(values)


def number(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Report:
    """target: ("least", 0.45), ("most", 1.5) or None where a number is for information only."""

    def __init__(self):
        self.rows = []
        self.failures = []
        self.started = time.monotonic()

    def section(self, title, measured, floor, ratio):
        print(f"\n{title}\n  {'':50} {measured:>14} {floor:>14} {ratio:>7}  target", flush=True)

    def row(self, name, measured, floor, ratio, target=None, note="", rounds=()):
        verdict = ""
        if target is not None:
            kind, limit = target
            good = ratio >= limit if kind == "least" else ratio <= limit
            verdict = f"{'>=' if kind == 'least' else '<='} {limit:g} {'ok' if good else 'low' if kind == 'least' else 'over'}"
        print(f"  {name:50} {number(measured):>14} {number(floor):>14} {ratio:7.2f}  {verdict:12} {note}".rstrip(),
              flush=True)
        self.rows.append({"name": name, "measured": measured, "floor": floor, "ratio": ratio, "target": target,
                          "note": note, "rounds": list(rounds)})

    def failed(self, name, error):
        print(f"  {name}: failed: {error}", file=sys.stderr, flush=True)
        self.failures.append({"name": name, "error": str(error)})

    def write(self, path, about):
        with open(path, "w", encoding="utf-8") as out:
            json.dump(about | {"seconds": round(time.monotonic() - self.started), "rows": self.rows,
                               "failures": self.failures}, out, indent=1)
            out.write("\n")


def paired(rounds, *measurements):
    """Runs the measurements one after the other, `rounds` times; a list with the results of each round."""
    return [[measure() for measure in measurements] for _ in range(rounds)]
