"""A program: people of a call whose pictures and sound say when they were made.

Each picture carries the milliseconds of the monotonic clock, modulo 60,000, as 16 black or white fields in
Gray code. Each sound beeps for 100 ms at each full second of that clock, each person at another pitch.
Standard input gives {"url", "tokens"} as a line of JSON; its end ends the call.
"""

import asyncio
import json
import sys
import time

import livekit.rtc as rtc
import numpy as np

from tests.integration.recorder.marks import FRAMES_PER_SECOND, HEIGHT, PITCHES, WIDTH, picture

_RATE, _PIECE = 48_000, 480
_BEEP_SECONDS = 0.1


async def take_part(url: str, token: str, pitch: int) -> None:
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
    camera, microphone = rtc.VideoSource(WIDTH, HEIGHT), rtc.AudioSource(_RATE, 1, queue_size_ms=0)
    pictures = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
    pictures.video_encoding.max_bitrate, pictures.video_encoding.max_framerate = 400_000, FRAMES_PER_SECOND
    sound = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
    track = rtc.LocalVideoTrack.create_video_track("camera", camera)
    await room.local_participant.publish_track(track, pictures)
    spoken = rtc.LocalAudioTrack.create_audio_track("microphone", microphone)
    await room.local_participant.publish_track(spoken, sound)
    await asyncio.gather(show(camera), beep(microphone, pitch))


async def show(camera: rtc.VideoSource) -> None:
    begin, count = time.monotonic(), 0
    while True:
        now = time.monotonic()
        data = picture(int(now * 1000))
        frame = rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, data)
        camera.capture_frame(frame, timestamp_us=int(now * 1_000_000))
        count += 1
        await asyncio.sleep(begin + count / FRAMES_PER_SECOND - time.monotonic())


async def beep(microphone: rtc.AudioSource, pitch: int) -> None:
    begin, count = time.monotonic(), 0
    while True:
        at = begin + np.arange(count, count + _PIECE) / _RATE
        loud = np.sin(2 * np.pi * pitch * at) * (at % 1 < _BEEP_SECONDS)
        data = (loud * 12_000).astype(np.int16).tobytes()
        await microphone.capture_frame(rtc.AudioFrame(data, _RATE, 1, _PIECE))
        count += _PIECE
        await asyncio.sleep(begin + count / _RATE - time.monotonic())


async def main() -> None:
    asked = json.loads(sys.stdin.readline())
    people = [
        asyncio.create_task(take_part(asked["url"], token, pitch))
        for token, pitch in zip(asked["tokens"], PITCHES, strict=True)
    ]
    told = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    done, _ = await asyncio.wait((*people, told), return_when=asyncio.FIRST_COMPLETED)
    for person in done - {told}:
        person.result()


if __name__ == "__main__":
    asyncio.run(main())
