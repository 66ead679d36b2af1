/**
 * Loaded into a DreamServer of one worker, which is its main thread, before its own code. At SIGUSR2 it tells on standard
 * error how many bytes its heap has given out since the last time. What V8 says of code that it has to give up again goes
 * to the file that DEOPT_TRACE names.
 */
import { GCProfiler, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

const trace = process.env['DEOPT_TRACE'];

if (isMainThread) {
  if (trace !== undefined) {
    // The plain trace names functions only; the verbose one has their places. By itself it goes to a buffered stdout.
    setFlagsFromString('--trace-deopt');
    setFlagsFromString('--trace-deopt-verbose');
    setFlagsFromString('--redirect-code-traces');
    setFlagsFromString(`--redirect-code-traces-to=${trace}`);
  }
  let used = 0;
  let profiler: GCProfiler;
  const begin = (): void => {
    used = getHeapStatistics().used_heap_size;
    profiler = new GCProfiler();
    profiler.start();
  };
  process.on('SIGUSR2', () => {
    let allocated = getHeapStatistics().used_heap_size - used;
    for (const { beforeGC, afterGC } of profiler.stop().statistics) {
      allocated += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
    }
    process.stderr.write(`runtime probe: ${allocated}\n`);
    begin();
  });
  begin();
}
