import sys
from dataclasses import dataclass
import bench.workers as w
from bench.servers import Parlour
@dataclass(slots=True)
class Clustered(w.Workers):
    def command(self):
        return Parlour.command(self)
    def start(self):
        Parlour.start(self); self.pids=[self.pid]; self._clocks=[self._clock]
real=w.Workers
def choose(**k):
    return (Clustered if k["count"]==1 else real)(**k)
import builtins
w_isinstance=isinstance
src=open(w.__file__).read()
orig=w.measured
code=src.replace("server = Workers(core","server = choose(core").replace('if __name__ == "__main__":\n    main()','')
ns=w.__dict__; ns["choose"]=choose
exec(compile(code.split("async def measured")[1].join(["async def measured",""]).split("def _folder_of")[0],w.__file__,"exec"),ns)
w.main()
