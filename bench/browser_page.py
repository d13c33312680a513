"""The part of docs/performance.md about entries in browsers: the chart of the steps, and texts."""

from collections.abc import Mapping

from bench import chart
from bench.outcome import FLOOR, PARLOUR, Figures, Outcome
from bench.workloads.browsers import STEPS, steps_between

CHART = "bench-browsers.svg"
CHART_TITLE = "From the click on “Enter the room” to the last picture, ms"

NOTES = """\
## Entering a call in a browser

{chart}

A picture counts when the page is told that its frame is presented (`requestVideoFrameCallback`) and no avatar
lies over it. The steps are those of the last connection to get there. The others are in the call already, and
the newcomer is the third where three are; the last rows of the figures say when the others see the newcomer.
"""

METHOD = """\
- **Entries in browsers**: each person has a browser process of their own (headless, software rendering) with
  a fake camera of 640 × 360 at 30 frames a second; they, the server and the driver share all cores, so the
  pictures of three people compete for what an entry needs. The newcomer's page is loaded anew for each
  entry, and rests for a second in the lobby. The steps are noted by a script that wraps the page's
  `WebSocket` and `RTCPeerConnection`; the client knows nothing of it.
- **The floor** is the least that the same browsers take at the same time: a page with nothing on it but
  `RTCPeerConnection`, the same media, and a relay of descriptions by WebSocket without any checks. The
  newcomer's offers are gathered before the click.
"""


def plots(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    rows = []
    for outcome in outcomes.values():
        if outcome.reference != FLOOR or not outcome.rounds:
            continue
        browser, people = outcome.workload.split("-")
        for subject in (PARLOUR, FLOOR):
            title = f"{browser.capitalize()}, {people} people: {subject}"
            rows.append((title, list(steps_between(medians(outcome, subject)))))
    return {CHART: chart.stacked(CHART_TITLE, rows, STEPS)} if rows else {}


def notes(drawn: Mapping[str, str]) -> str:
    return NOTES.format(chart=f"![{CHART_TITLE}](images/{CHART})" if CHART in drawn else "")


def medians(outcome: Outcome, subject: str) -> Figures:
    found = {step: outcome.of(subject, step) for step in STEPS}
    return {step: one.median for step, one in found.items() if one is not None}
