"""Take docs/images/call.png, the picture of the README: `.venv/bin/python -m tests.e2e.readme_picture`.

The people in it are drawn, since Chromium's fake camera shows a green field to everyone alike.
"""

import asyncio
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.media import keep_connections
from tests.e2e.participant import Participant
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.browser import People, chromium

_PICTURE = Path(__file__).parents[2] / "docs" / "images" / "call.png"
_ROOM = "Summer festival"


@dataclass(frozen=True)
class Portrait:
    """The colours and details of a drawn person."""

    wall: tuple[str, str]
    shirt: str
    skin: str
    hair: str
    long_hair: bool
    things: str
    """The background: "window", "shelf" or "plant"."""


_SITTERS = {
    "Hanna": Portrait(("#f3dcc4", "#e2b990"), "#b4543a", "#e9b48c", "#4a2f24", True, "window"),
    "Jonas": Portrait(("#cfe0dc", "#9dbfb6"), "#2f5d6b", "#f0c7a6", "#8a5a2b", False, "shelf"),
    "Miriam": Portrait(("#d9d3ea", "#b0a4d0"), "#e0a526", "#a8704a", "#1f1a1c", True, "plant"),
}

_DRAWN_CAMERA = """
  (sitter) => {
    const box = (c, color, ...rect) => {
      c.fillStyle = color; c.beginPath(); c.roundRect(...rect); c.fill();
    };
    const oval = (c, color, x, y, rx, ry) => {
      c.fillStyle = color; c.beginPath(); c.ellipse(x, y, rx, ry, 0, 0, 7); c.fill();
    };
    const things = {
      window(c) {
        box(c, "#fff8ee", 130, 70, 330, 360, 10);
        box(c, "#a9d4ea", 148, 88, 294, 324, 6);
        oval(c, "#fbe7a1", 370, 160, 42, 42);
        c.save(); c.beginPath(); c.rect(148, 88, 294, 324); c.clip();
        oval(c, "#7fb08a", 230, 430, 170, 90);
        c.restore();
        box(c, "#fff8ee", 286, 80, 16, 340, 0);
        box(c, "#e8cba8", 100, 412, 390, 26, 6);
      },
      shelf(c) {
        for (const y of [230, 430]) box(c, "#6f4e37", 860, y, 340, 18, 4);
        const colors = ["#c8553d", "#f2a541", "#3c6e71", "#e9e3d5", "#588157", "#b56576", "#33658a"];
        colors.forEach((color, i) => {
          box(c, color, 874 + i * 40, 110 + (i % 3) * 14, 30, 120 - (i % 3) * 14, 4);
          if (i < 5) box(c, colors[6 - i], 900 + i * 42, 318 + (i % 2) * 18, 32, 112 - (i % 2) * 18, 4);
        });
      },
      plant(c) {
        box(c, "#c46a45", 960, 500, 160, 150, 18);
        c.lineWidth = 46; c.lineCap = "round";
        [[-150, 250], [-70, 150], [30, 120], [120, 190], [170, 300]].forEach(([dx, y], i) => {
          c.strokeStyle = ["#3f7d58", "#4f9068", "#2f6b4a"][i % 3];
          c.beginPath(); c.moveTo(1040, 500);
          c.quadraticCurveTo(1040 + dx / 3, 330, 1040 + dx, y); c.stroke();
        });
        box(c, "#f4efe6", 150, 110, 260, 190, 8);
        oval(c, "#d98c5f", 280, 215, 62, 62);
      },
    };
    const draw = (c, time) => {
      const sway = Math.sin(time / 900) * 6;
      const wall = c.createLinearGradient(0, 0, 0, 720);
      wall.addColorStop(0, sitter.wall[0]);
      wall.addColorStop(1, sitter.wall[1]);
      c.fillStyle = wall; c.fillRect(0, 0, 1280, 720);
      things[sitter.things](c);
      c.save(); c.translate(640 + sway, 0);
      if (sitter.long_hair) box(c, sitter.hair, -152, 150, 304, 370, 140);
      box(c, sitter.shirt, -290, 520, 580, 400, 170);
      box(c, sitter.skin, -52, 420, 104, 140, 50);
      oval(c, sitter.skin, 0, 325, 122, 152);
      c.fillStyle = sitter.hair;
      c.beginPath(); c.ellipse(0, 262, 138, 112, 0, Math.PI, 0);
      c.quadraticCurveTo(70, 200, -30, 226); c.quadraticCurveTo(-110, 236, -138, 262); c.fill();
      for (const x of [-46, 46]) oval(c, "#2b2320", x, 322, 10, 12);
      c.strokeStyle = "#8d3f38"; c.lineWidth = 8; c.lineCap = "round";
      c.beginPath(); c.arc(0, 362, 46, 0.5, Math.PI - 0.5); c.stroke();
      c.restore();
    };
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
      const context = canvas.getContext("2d");
      setInterval(() => draw(context, performance.now()), 66);
      draw(context, 0);
      const silence = new AudioContext().createMediaStreamDestination().stream;
      const [sound, picture] = [silence.getTracks(), canvas.captureStream(15).getTracks()];
      return new MediaStream([...(wanted.audio ? sound : []), ...(wanted.video ? picture : [])]);
    };
  }
"""


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with ParlourServer(Path(folder)) as server, chromium() as browser, Visitors(server) as visitors:
            people = People(browser)
            hanna, jonas, miriam = [await _sits_down(name, people, visitors, server) for name in _SITTERS]
            await hanna.account.creates_room(_ROOM, description="Who brings what?")
            await hanna.account.invites(jonas.account, miriam.account, to=_ROOM)
            for someone in (jonas, miriam, hanna):
                await someone.comes_to(_ROOM)
                await expect(someone.page.get_by_label("Your camera", exact=True)).to_be_visible()
                await someone.enters()
            await jonas.account.writes("Good evening! I can bring the tables.", to=_ROOM)
            await miriam.account.writes("And I the lights: two long chains.", to=_ROOM)
            await hanna.opens("Chat")
            await expect(hanna.page.get_by_role("log").get_by_role("article")).to_have_count(2)
            await hanna.writes("Lovely. Then the weather is all we need.")
            await miriam.account.writes("It will be fine, they say.", to=_ROOM)
            await hanna.expects(jonas.name, miriam.name)
            await hanna.page.mouse.move(640, 20)  # off the button, whose tooltip would be in the picture
            # Browsers begin with a coarse picture, and refine it while the bandwidth turns out to be there.
            await asyncio.gather(*(_many_frames(hanna, name) for name in (jonas.name, miriam.name)))
            _PICTURE.parent.mkdir(exist_ok=True)
            await hanna.page.screenshot(path=_PICTURE)
            await people.leave()
            assert not people.faults, people.faults


async def _sits_down(name: str, people: People, visitors: Visitors, server: ParlourServer) -> Participant:
    account = Person(server, email=f"{name.lower()}@example.org", username=name)
    async with account.http:
        await account.registers()
        await account.confirms()
    account = await visitors.same(account)
    await account.logs_in()
    page = await people(name, at=server.url, viewport={"width": 1280, "height": 800}, locale="en-GB")
    await keep_connections(page)
    await page.add_init_script(f"({_DRAWN_CAMERA})({json.dumps(asdict(_SITTERS[name]))})")
    return Participant(page, account)


async def _many_frames(someone: Participant, name: str) -> None:
    await someone.video_of(name).evaluate(
        """async (video) => {
          for (let frame = 0; frame < 120; frame++)
            await new Promise((seen) => video.requestVideoFrameCallback(seen));
        }"""
    )


if __name__ == "__main__":
    asyncio.run(main())
