"""A program: people at an SFU with small pictures, of whom the first ones speak in turns.

It needs the packages of the extra `recording`. Standard input gives {"url", "tokens", "speakers"} as a line
of JSON; its end ends them. Standard output gets a line once all send.
"""

import asyncio
import json
import sys
import time

import livekit.rtc as rtc
import numpy as np

WIDTH, HEIGHT, FRAMES_PER_SECOND = 320, 180, 5
BITRATE = 60_000
_RATE, _PIECE = 48_000, 4_800
_TURN_SECONDS = 4


async def take_part(url: str, token: str, place: int, speakers: int) -> None:
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
    camera = rtc.VideoSource(WIDTH, HEIGHT)
    pictures = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
    pictures.video_encoding.max_bitrate, pictures.video_encoding.max_framerate = BITRATE, FRAMES_PER_SECOND
    track = rtc.LocalVideoTrack.create_video_track("camera", camera)
    await room.local_participant.publish_track(track, pictures)
    tasks = [asyncio.create_task(show(camera, place))]
    if place < speakers:
        microphone = rtc.AudioSource(_RATE, 1, queue_size_ms=200)
        sound = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=True)
        spoken = rtc.LocalAudioTrack.create_audio_track("microphone", microphone)
        await room.local_participant.publish_track(spoken, sound)
        tasks.append(asyncio.create_task(speak(microphone, place, speakers)))
    _SENDING.extend(tasks)


_SENDING: list[asyncio.Task[None]] = []


async def show(camera: rtc.VideoSource, place: int) -> None:
    count = 0
    while True:
        luma = np.full((HEIGHT, WIDTH), 40 + 6 * place, np.uint8)
        luma[:, (count * 8) % WIDTH :][:, :8] = 235
        data = luma.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2)
        camera.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, data))
        count += 1
        await asyncio.sleep(1 / FRAMES_PER_SECOND)


async def speak(microphone: rtc.AudioSource, place: int, speakers: int) -> None:
    count = 0
    while True:
        speaks = int(time.monotonic() / _TURN_SECONDS) % speakers == place
        at = np.arange(count, count + _PIECE) / _RATE
        loud = np.sin(2 * np.pi * 220 * at) * (12_000 if speaks else 0)
        await microphone.capture_frame(rtc.AudioFrame(loud.astype(np.int16).tobytes(), _RATE, 1, _PIECE))
        count += _PIECE
        await asyncio.sleep(_PIECE / _RATE)


async def main() -> None:
    asked = json.loads(sys.stdin.readline())
    for place, token in enumerate(asked["tokens"]):
        await take_part(asked["url"], token, place, asked["speakers"])
    print("sending", flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
