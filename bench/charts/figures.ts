/** What a chart needs of results.json. */
export interface Figures {
  made: string;
  summaries: readonly {
    cell: string;
    rows: readonly {
      peer: string;
      cpuMicros: { median: number };
      ratios: readonly { to: string; cpu: Interval }[];
    }[];
  }[];
}

/** A median with the interval that holds the true one. */
interface Interval {
  median: number;
  low: number;
  high: number;
}

/** Of a cell and of a server as the chart names them. */
export interface Titles {
  cell(id: string): string;
  peer(id: string): string;
}
