import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { forwardedProbe, payloads, revalidation } from './cells.ts';
import type { Cell } from './cells.ts';
import { exchange, expectBodies, expectBody, expectNotModified, tagOf } from './check.ts';
import { coreBusyNs, cpuBetween, readCpu, residentBytes } from './measure.ts';
import type { Peer } from './peers/peer.ts';
import { startServer } from './server-under-test.ts';
import type { Arena, ServerUnderTest } from './server-under-test.ts';
import { load } from './wrk.ts';
import type { Load } from './wrk.ts';
import { siteQuestions } from './zipf.ts';

/** One peer in one cell in one round. */
export interface Sample {
  peer: string;
  cell: string;
  round: number;
  startupMs: number;
  /** How long the server was under load before it was measured. */
  warmupSeconds: number;
  /** Answers during the measured time; a fraction where the cell counts bytes. */
  requests: number;
  requestsPerSecond: number;
  /** User and system time of all the server's processes and threads, per request. */
  cpuMicros: number;
  p50Micros: number;
  p99Micros: number;
  /** How much of its core the server used, and how much of that core others used meanwhile: 0 to 1. */
  utilisation: number;
  foreign: number;
  /** Resident memory of all the server's processes after the load, in bytes. */
  residentBytes: number;
}

export interface Seconds {
  /** Load before each sample, at least. */
  warmup: number;
  measured: number;
}

/** Thrown when the server's answers or its log make its figures worthless. */
export class Disqualified extends Error {}

/** Starts the peer, checks its answers byte for byte, warms it up, measures it and stops it. */
export async function takeSample(
  peer: Peer,
  cell: Cell,
  round: number,
  seconds: Seconds,
  arena: Arena,
): Promise<Sample> {
  const server = await startServer(peer, cell, arena);
  let logged = 0;
  try {
    const { request, wireBytes } = await checkAnswers(cell, server.port, server.authority);
    const requestFile = join(server.folder, 'request');
    writeFileSync(requestFile, request);
    let runs = 0;
    const loadFor = (span: number): Promise<Load> => {
      const { pathsFile } = arena.workspace;
      // Another part of the sequence each time, the same for every server.
      const skip = runs++ * 97_003;
      const requests =
        cell.site === undefined ? { file: requestFile } : { pathsFile, authority: server.authority, skip };
      const { connections } = cell;
      return load({ port: server.port, requests, connections, core: arena.cores.load, seconds: span });
    };
    const warm = await warmUp(() => loadFor(1), server, seconds.warmup);
    const pids = server.pids();
    const busyBefore = coreBusyNs(arena.cores.server);
    const before = readCpu(pids);
    const seen = await loadFor(seconds.measured);
    const cpuNs = cpuBetween(before, readCpu(server.pids()));
    const busyNs = coreBusyNs(arena.cores.server) - busyBefore;
    const memory = residentBytes(server.pids());

    logged = await server.stop();
    for (const { fault } of [...warm, seen]) if (fault !== '') throw new Disqualified(fault);
    const answered = [...warm, seen].reduce((sum, { requests }) => sum + requests, 0);
    if (logged < answered) {
      throw new Disqualified(`${answered} requests were answered and ${logged} are in the access log`);
    }
    const least = cell.site === undefined && !cell.revalidates ? cell.expected.length : 0;
    if (seen.bytes < seen.requests * least) {
      throw new Disqualified(`${seen.requests} answers came to ${seen.bytes} bytes`);
    }
    const counted = cell.countBytes ? seen.bytes / wireBytes : seen.requests;
    return {
      peer: peer.id,
      cell: cell.id,
      round,
      warmupSeconds: warm.length,
      startupMs: server.startupMs,
      requests: counted,
      requestsPerSecond: (counted * 1e6) / seen.microseconds,
      cpuMicros: cpuNs / 1000 / counted,
      p50Micros: seen.p50,
      p99Micros: seen.p99,
      utilisation: cpuNs / 1000 / seen.microseconds,
      residentBytes: memory,
      foreign: Math.max(0, busyNs - cpuNs) / 1000 / seen.microseconds,
    };
  } finally {
    await server.stop();
  }
}

const longestWarmup = 10;

/**
 * Load in steps of 1 s: at least the seconds asked for, and on until a step needs no longer 5 % less CPU per byte than
 * the best one before it. A compiler that works while it serves gets its time, and no other server loses any by it.
 */
async function warmUp(step: () => Promise<Load>, server: ServerUnderTest, atLeast: number): Promise<Load[]> {
  const steps: Load[] = [];
  let best = Infinity;
  for (;;) {
    const before = readCpu(server.pids());
    const seen = await step();
    const cost = cpuBetween(before, readCpu(server.pids())) / seen.bytes;
    steps.push(seen);
    const improves = cost < best * 0.95;
    if (seen.fault !== '' || steps.length >= longestWarmup) return steps;
    if (steps.length >= atLeast && !improves) return steps;
    best = Math.min(best, cost);
  }
}

/** The request that was checked, and the bytes of its answer on the wire. */
async function checkAnswers(
  cell: Cell,
  port: number,
  authority: string,
): Promise<{ request: Buffer; wireBytes: number }> {
  try {
    if (cell.kind === 'proxy') {
      const fields = (await exchange(port, forwardedProbe(authority))).body.toString().split('|');
      if (fields.length !== 4 || fields.includes('')) {
        throw new Error(`the backend saw forwarding fields for|host|proto|id = ${fields.join('|')}`);
      }
    }
    const { verified } = cell;
    if (verified !== undefined) await expectBody(port, verified.request(authority), verified.expected);
    if (cell.site !== undefined) {
      // All of them, the most popular ones last, so that no server meets a file for the first time under load.
      await expectBodies(port, siteQuestions(authority, payloads['10m.bin']));
    }
    const request = cell.request(authority);
    const answer = await expectBody(port, request, cell.expected);
    if (!cell.revalidates) return { request, wireBytes: answer.wireBytes };
    const etag = tagOf(answer);
    const conditional = revalidation(request, etag);
    const { wireBytes } = await expectNotModified(port, conditional, etag);
    return { request: conditional, wireBytes };
  } catch (error) {
    throw new Disqualified((error as Error).message, { cause: error });
  }
}
