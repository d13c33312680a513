"""The client that counts what it hears: an answer and what follows it may come in one batch."""

from pathlib import Path

from tests.integration.signaling.javascript import Node
from tests.integration.signaling.returning_client import ReturningClient

SCRIPT = """
import { createInterface } from "node:readline";
const tell = (...notices) =>
  process.stdout.write(notices.map((one) => JSON.stringify({ socket: 0, ...one }) + "\\n").join(""));
const connect = { is: "connect", sid: "0.a" };
const candidate = { peerID: "bob", iceCandidate: { candidate: "candidate:1" } };
let joins = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, event, call, args } = JSON.parse(line);
  if (what === "open") tell(connect);
  if (event !== "join") continue;
  joins += 1;
  const received = joins === 2 ? null : 0;
  const answer = { ok: true, peerID: "ann", resume: "token", received, asked: args[0].received };
  const heard = joins === 2 ? [{ is: "event", event: "ice-candidate", args: [candidate] }] : [];
  const lost = joins < 3 ? [{ is: "disconnect" }, connect] : [];
  tell({ is: "answer", call, answer: [answer] }, ...heard, ...lost);
}
"""


async def test_what_follows_an_answer_is_counted_after_it(tmp_path: Path) -> None:
    """After an answer with which counts begin anew: else the next return asks for it once more."""
    script = tmp_path / "client.mjs"
    script.write_text(SCRIPT)
    async with Node(str(script)) as node:
        ann = node.open_as(ReturningClient, "", name="ann", person=None, options={})
        await ann.is_connected()
        await ann.enters("den")
        await ann.until(lambda: len(ann.returns) == 2)
        assert [answer["asked"] for answer in ann.returns] == [0, 1]
