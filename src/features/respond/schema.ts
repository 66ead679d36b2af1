/** What the `respond` end of a route does: gives the same answer to everyone. Built by the configuration, read by the handler. */
export interface RespondOptions {
  readonly status: number;
  readonly body: string;
  /** Field names and values, in order; Content-Type among them where there is a body. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}
