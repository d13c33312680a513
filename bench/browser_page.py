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

Each idea was measured against the client before it, interleaved, with two people in Chromium, 8 to 20 entries
each (with three people 3 to 6), beside other work on the machine, so that only the differences count:

| what helped | before | after |
| --- | ---: | ---: |
| Offers are made in the lobby and go with the join: click to picture | 353 ms | 304 ms |
| The security code (200,000 hashes) is made a second after the connect: answer to picture | 101 ms | 83 ms |
| Participants are rendered once for each paint: time to answer an offer | 34 ms | 26 ms |
| The same: join to picture | 243 ms | 214 ms |
| Three people: the ring of who speaks changes at once, spinner and level meter are late | 570 ms | 480 ms |
| The same: CPU of the three browsers, from the click until all see each other | 1,298 ms | 1,017 ms |
| The same: CPU of the two who are in, before the click | 83 % | 63 % |
| The call is rendered in the lobby, outside the page: CPU of the newcomer's main thread | 89 ms | 75 ms |
| Both, and participants rendered again if changed only: click to picture, three people | 666 ms | 449 ms |
| Menus and dialogs come later: CPU of two browsers, from the click until both see | 440 ms | 402 ms |
| The history of the chat is fetched a second after the entry: the same | 402 ms | 379 ms |
| A camera begins in VP8 and goes on in VP9 (see below): click to picture, three people | 660 ms | 460 ms |

On the quiet machine, 2026-11-27, medians of five entries in a run, in turn: with VP9 from the first picture
(which costs twice as much as VP8) 660 and 687 ms to the last of three people's pictures; with VP8 alone 515
and 535; with VP8 until three estimates of the bandwidth are there, then VP9, and VP8 for two others on two
cores, 460 and 473 (**400 wanted, missed**; the bare page 139 and 145). Two people take 133 ms (230 wanted;
the bare page 82). Of the 460 ms, the click to the last introduction takes 115, to the last answer 163,
until that is set 288, DTLS 397.

What did not help, or not measurably:

- The call rendered only when the answers are set: its tiles then came after their pictures, and click to
  picture took 373 and 930 ms instead of 318 and 384. Rendered in a transition of React: 416 ms, since
  each change of the participants has it begin anew.
- Neither `replaceTrack` nor earlier candidates awaited before an answer: 29 to 34 ms for an answer
  either way. It stays, since it is less code.
- The buttons of the call rendered in slices after its tiles (quiet machine, 18 entries each, three runs of
  either in turn): 162, 166 and 168 ms to the picture instead of 163, 171 and 176. The answer is set 4 ms
  earlier, and the picture waits for the same encoder.
- With three people (3 entries each): participants shown a turn behind the messages that have arrived already,
  478 ms to the picture instead of 440; the call shown only when the answers are set, now that it is rendered
  before, 615 ms instead of 511 (5 entries); tiles with square corners take as much CPU to draw (17 % of a
  core for two browsers in a call of three, instead of 18).
- On the bare page (at most 18 entries each, in a run that broke off before its end; all within its spread of
  100 to 130 ms): an answer that does not wait for its candidates, which follow one by one, 118 ms to the
  picture instead of 116; only VP8 and Opus offered, which makes descriptions a fraction as long, 123 ms;
  `x-google-start-bitrate`, 122 ms.
  Over loopback a key frame of this size is not held up by the pacer, and peer-reflexive candidates
  connect before any others arrive.

What remains on the bare page, in an entry of 72 ms in a quieter moment: 6 ms until the offer is there, 9
ms to make the connection and set it, 10 ms to answer it, 15 ms until the candidates are gathered and the
answer has arrived, 11 ms to set it, within which ICE connects, 5 ms for DTLS, 14 ms until the key frame
is there (the camera's frame, the encoder, the wire), 2 ms to decode and present it.

Three people take longer than two, since three browsers encode and draw on two cores: traces show no task
that holds anything up for long, but every task waiting for a core. Rendering the call took 30 ms of CPU and
186 of time; between an answer's arrival and its being set, some 180 ms, no thread did anything but wait its
turn. So what counts is all CPU until the last picture, wherever it is spent. In a run of 449 ms it is 1,016
ms: some 380 are what the two who are in take anyway (85 % of a core; a third of it to encode and decode),
some 390 what the bare page takes for an entry too, and some 245 Parlour's own: 105 in the newcomer's
renderer (React, style, layout, raster), 75 in the others', the rest in the network, audio and display
processes. The bare page takes 561 ms. As all of it runs at once, 245 ms of CPU are some 230 ms of time. The
next step would be a connection in reserve at those who are in, which would save its making; it would cost
ports, and one more life cycle of connections to keep right.
"""

METHOD = """\
- **Entries in browsers**: each person has a browser process of their own (headless, software rendering) with
  a fake camera of 640 × 360 at 30 frames a second; they, the server and the driver share all cores, so the
  pictures of three people compete for what an entry needs. The newcomer's page is loaded anew for each
  entry, and rests for a second in the lobby. The steps are noted by a script that wraps the page's
  `WebSocket` and `RTCPeerConnection`; the client knows nothing of it.
- **The floor** is the least that the same browsers take at the same time: a page with nothing on it but
  `RTCPeerConnection`, the same media, and a relay of descriptions by WebSocket without any checks. The
  newcomer's offers are gathered before the click. It shows as many pictures as a call does, one's own among
  them, in the same places and sizes. It used to show the others' alone in their own size, and former ones
  never went. With three people its browsers then took 57 % of a core before an entry, and now 76, like those
  of a call; the newcomer's picture came after 181 ms and now 180, the others' after 168 and now 187.
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
