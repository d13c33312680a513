"""bench.workers, each slice once others rest."""
import asyncio, sys, time
import bench.workers as w
from bench.machine import busy_share
LIMIT=0.06
plain=w.Subject.burst
waited=[0,0]
async def gated(self):
    ends=time.monotonic()+240
    while True:
        if await busy_share(0.25) < LIMIT: waited[0]+=1; break
        if time.monotonic()>ends: waited[1]+=1; break
    return await plain(self)
w.Subject.burst=gated
w.main()
print("gated slices", waited[0], "timed out", waited[1])
