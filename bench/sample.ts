import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { forwardedProbe, isProxied, withField } from './cells/cell.ts';
import type { Cell } from './cells/cell.ts';
import { cookieOf, exchange, expectAnswer, expectBodies, tagOf } from './check.ts';
import { coreBusyNs, cpuBetween, readCpu, residentBytes } from './measure.ts';
import type { Peer } from './peers/peer.ts';
import { startServer } from './server-under-test.ts';
import type { Arena, ServerUnderTest } from './server-under-test.ts';
import { load } from './wrk.ts';
import type { Load } from './wrk.ts';

/** One peer in one slice of a cell. */
export interface Sample {
  peer: string;
  cell: string;
  /** Counted through all rounds: samples of the same slice were taken one right after the other. */
  slice: number;
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

/** Thrown when the server's answers or its log make its figures worthless. */
export class Disqualified extends Error {}

const longestWarmup = 6;

/** A peer in a cell: started, its answers checked byte for byte; then warmed up, measured slice by slice, and stopped. */
export class Contestant {
  readonly peer: Peer;
  readonly #cell: Cell;
  readonly #arena: Arena;
  readonly #server: ServerUnderTest;
  readonly #wireBytes: number;
  #answered = 0;
  #runs = 0;

  private constructor(peer: Peer, cell: Cell, arena: Arena, server: ServerUnderTest, wireBytes: number) {
    this.peer = peer;
    this.#cell = cell;
    this.#arena = arena;
    this.#server = server;
    this.#wireBytes = wireBytes;
  }

  static async enter(peer: Peer, cell: Cell, arena: Arena): Promise<Contestant> {
    const server = await startServer(peer, cell, arena);
    try {
      const { request, wireBytes } = await checkAnswers(cell, server.port, server.authority);
      writeFileSync(join(server.folder, 'request'), Buffer.concat(Array(cell.pipelined).fill(request)));
      return new Contestant(peer, cell, arena, server, wireBytes);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Milliseconds from its start to its first accepted connection. */
  get startupMs(): number {
    return this.#server.startupMs;
  }

  get port(): number {
    return this.#server.port;
  }

  get authority(): string {
    return this.#server.authority;
  }

  /**
   * Load in steps of 1 s: at least the seconds asked for, and on until a step needs no longer 5 % less CPU per byte
   * than the best one before it. A compiler that works while it serves gets its time, and no other server loses any.
   */
  async warmUp(atLeast: number): Promise<void> {
    let best = Infinity;
    for (let steps = 1; ; steps++) {
      const before = readCpu(this.#server.pids());
      const { bytes } = await this.#load(1);
      const cost = cpuBetween(before, readCpu(this.#server.pids())) / bytes;
      if (steps >= longestWarmup || (steps >= atLeast && cost >= best * 0.95)) return;
      best = Math.min(best, cost);
    }
  }

  async measure(slice: number, seconds: number): Promise<Sample> {
    const { server: core } = this.#arena.cores;
    const busyBefore = coreBusyNs(core);
    const before = readCpu(this.#server.pids());
    const seen = await this.#load(seconds);
    const cpuNs = cpuBetween(before, readCpu(this.#server.pids()));
    const busyNs = coreBusyNs(core) - busyBefore;
    const counted = this.#cell.countBytes ? seen.bytes / this.#wireBytes : seen.requests;
    return {
      peer: this.peer.id,
      cell: this.#cell.id,
      slice,
      requests: counted,
      requestsPerSecond: (counted * 1e6) / seen.microseconds,
      cpuMicros: cpuNs / 1000 / counted,
      p50Micros: seen.p50,
      p99Micros: seen.p99,
      utilisation: cpuNs / 1000 / seen.microseconds,
      foreign: Math.max(0, busyNs - cpuNs) / 1000 / seen.microseconds,
      residentBytes: residentBytes(this.#server.pids()),
    };
  }

  /** Stops it; its log has to hold a line for every request that was answered. */
  async leave(): Promise<void> {
    const logged = await this.#server.stop();
    if (logged < this.#answered) {
      throw new Disqualified(`${this.#answered} requests were answered and ${logged} are in the access log`);
    }
  }

  /** Stops it, whatever its log holds. */
  async abandon(): Promise<void> {
    await this.#server.stop();
  }

  async #load(seconds: number): Promise<Load> {
    const { port, authority, folder } = this.#server;
    const { connections, many, returnsWith, expected } = this.#cell;
    // Another part of the sequence each time, the same for every server.
    const skip = this.#runs++ * 97_003;
    const requests =
      many === undefined
        ? { file: join(folder, 'request') }
        : { pathsFile: this.#arena.workspace.pathsFile(many), authority, skip };
    const seen = await load({ port, requests, connections, core: this.#arena.cores.load, seconds });
    if (seen.fault !== '') throw new Disqualified(seen.fault);
    this.#answered += seen.requests;
    const least = many === undefined && returnsWith !== 'tag' ? expected.length : 0;
    if (seen.bytes < seen.requests * least) {
      throw new Disqualified(`${seen.requests} answers came to ${seen.bytes} bytes`);
    }
    return seen;
  }
}

/** The request that was checked, and the bytes of its answer on the wire. */
async function checkAnswers(
  cell: Cell,
  port: number,
  authority: string,
): Promise<{ request: Buffer; wireBytes: number }> {
  try {
    if (isProxied(cell.kind)) {
      const fields = (await exchange(port, forwardedProbe(authority))).body.toString().split('|');
      if (fields.length !== 4 || fields.includes('')) {
        throw new Error(`the backend saw forwarding fields for|host|proto|id = ${fields.join('|')}`);
      }
    }
    const { verified, many, status, expected } = cell;
    if (verified !== undefined) {
      await expectAnswer(port, verified.request(authority), 200, verified.expected);
    }
    // All of them, so that no server meets a path for the first time under load.
    if (many !== undefined) await expectBodies(port, many.questions(authority));
    const request = cell.request(authority);
    const answer = await expectAnswer(port, request, status, expected);
    if (cell.returnsWith === 'tag') {
      const tag = tagOf(answer);
      const conditional = withField(request, 'If-None-Match', tag);
      const unchanged = await expectAnswer(port, conditional, 304, Buffer.alloc(0));
      if (tagOf(unchanged) !== tag) throw new Error(`the tag of a 304 is ${tagOf(unchanged)} and not ${tag}`);
      return { request: conditional, wireBytes: unchanged.wireBytes };
    }
    const cookie = cell.returnsWith === 'cookie' ? cookieOf(answer) : undefined;
    if (cookie === undefined) return { request, wireBytes: answer.wireBytes };
    const known = withField(request, 'Cookie', cookie);
    const again = await expectAnswer(port, known, status, expected);
    if (cookieOf(again) !== undefined) throw new Error('a client with its cookie was given another');
    return { request: known, wireBytes: again.wireBytes };
  } catch (error) {
    throw new Disqualified((error as Error).message, { cause: error });
  }
}
