import { Breaker } from './breaker.ts';
import { Circuit } from './circuit.ts';
import type { CircuitOwner } from './circuit.ts';
import { FailuresInRow } from './failures-in-row.ts';
import type { UpstreamOptions } from './schema.ts';

/** What becomes of a server by the outcome of its requests. */
export type CircuitChange = 'ejected' | 'returned' | 'circuit-open' | 'circuit-half-open' | 'circuit-closed';

/** Who has the server. */
export interface CircuitsOwner {
  /** Whether one server more may be ejected. */
  mayEject(): boolean;
  changed(change: CircuitChange, reason?: string, evidence?: string): void;
  /** It gets no requests from now on. */
  withdrawn(): void;
  /** It may be tried with a request. */
  tryable(): void;
  /** It gets its requests again. */
  returned(): void;
}

/** The two circuits of a server, where they are configured. */
export interface ServerCircuits {
  /** Opens after failures in a row, unless too many servers are ejected; told once, however often it is tried in vain. */
  readonly ejection: Circuit | undefined;
  /** Opens by the share of failures, whatever other servers do. */
  readonly breaker: Breaker | undefined;
}

export function serverCircuits(
  { eject, breaker }: Pick<UpstreamOptions, 'eject' | 'breaker'>,
  owner: CircuitsOwner,
): ServerCircuits {
  return {
    ejection:
      eject &&
      new Circuit(
        new FailuresInRow(eject),
        { open: eject.for, maxOpen: eject.for, trials: 1 },
        ejecting(owner),
      ),
    breaker: breaker && new Breaker(breaker, breaking(owner)),
  };
}

function ejecting(owner: CircuitsOwner): CircuitOwner {
  return {
    mayOpen: () => owner.mayEject(),
    opened: (reason, _evidence, again) => {
      if (!again) owner.changed('ejected', reason);
      owner.withdrawn();
    },
    halfOpened: () => owner.tryable(),
    trialFree: () => owner.tryable(),
    closed: () => {
      owner.changed('returned');
      owner.returned();
    },
  };
}

function breaking(owner: CircuitsOwner): CircuitOwner {
  return {
    mayOpen: () => true,
    opened: (reason, evidence) => {
      owner.changed('circuit-open', reason, evidence);
      owner.withdrawn();
    },
    halfOpened: () => {
      owner.changed('circuit-half-open');
      owner.tryable();
    },
    trialFree: () => owner.tryable(),
    closed: () => {
      owner.changed('circuit-closed');
      owner.returned();
    },
  };
}
