import { styleText } from 'node:util';

/** How a piece of text looks. */
export type Format = Parameters<typeof styleText>[0];

/** What an output is written on: so wide, and with colours or without. */
export class Paper {
  readonly columns: number;
  readonly #color: boolean;

  constructor(columns: number, color: boolean) {
    this.columns = columns;
    this.#color = color;
  }

  style(format: Format, text: string): string {
    return this.#color && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  }
}
