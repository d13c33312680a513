import subprocess,sys,time
CODE="import time\ne=time.perf_counter()+1.5;n=0\nwhile time.perf_counter()<e:\n  sum(range(1000));n+=1\nprint(n)"
def run(k):
    ps=[subprocess.Popen([sys.executable,"-c",CODE],stdout=subprocess.PIPE,text=True) for _ in range(k)]
    return sum(int(p.communicate()[0]) for p in ps)
a=run(1);b=run(2);c=run(1);d=run(2)
print("spin: two processes carry", b/a, d/c)
