/** What V8 writes with --cpu-prof, as far as it is needed here. Times are in microseconds of the monotonic clock. */
export interface CpuProfile {
  startTime: number;
  nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: readonly number[];
  }[];
  samples: readonly number[];
  timeDeltas: readonly number[];
}

/** A function as it was called from the one above it. */
export interface Frame {
  name: string;
  /** Where it is: the file below the repository, and the line. Empty for what is not JavaScript. */
  place: string;
  /** Microseconds in which it, or what it called, was running. */
  micros: number;
  calls: Frame[];
}

/** The samples between two times as a tree; time in which the thread waited for events is left out. */
export function frames(profile: CpuProfile, from: number, to: number): Frame {
  const parents = new Map<number, number>();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);
  const root: Frame = { name: 'all', place: '', micros: 0, calls: [] };
  const known = new Map<number, Frame>();
  const frameOf = (id: number): Frame => {
    const parent = parents.get(id);
    if (parent === undefined) return root;
    const { functionName, url, lineNumber } = nodes.get(id)!.callFrame;
    let frame = known.get(id);
    if (frame === undefined) {
      const place = url === '' ? '' : `${shortened(url)}:${lineNumber + 1}`;
      frame = { name: functionName || '(anonymous)', place, micros: 0, calls: [] };
      known.set(id, frame);
      frameOf(parent).calls.push(frame);
    }
    return frame;
  };
  let time = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    time += profile.timeDeltas[index];
    // A sample stands for the time until the next one.
    const micros = profile.timeDeltas[index + 1] ?? 0;
    if (time < from || time > to || micros < 0) continue;
    if (['(idle)', '(root)'].includes(nodes.get(id)!.callFrame.functionName)) continue;
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at))
      frameOf(at).micros += micros;
  }
  return sorted(root);
}

function sorted(frame: Frame): Frame {
  const calls = frame.calls.filter(({ micros }) => micros > 0).map(sorted);
  return { ...frame, calls: calls.toSorted((a, b) => b.micros - a.micros) };
}

const shortened = (url: string): string => url.replace(/^.*?\/((?:src|dist|node_modules)\/)/, '$1');
