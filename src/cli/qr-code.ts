import { styleText } from 'node:util';
import { encode } from 'uqr';

/** Light modules around a code, without which it is not found (ISO/IEC 18004 §5.3.8 asks for four; phones are content with two). */
const BORDER = 2;
const INDENT = '  ';

/**
 * A text as a QR code for a terminal, two rows of it a line. In colours it is black on white, whatever the terminal is;
 * without them it takes the terminal to be dark.
 */
export function qrCode(text: string, color: boolean): string {
  const { data, size } = encode(text, { border: BORDER });
  const isInk = (row: number, column: number): boolean => (data[row]?.[column] ?? false) === color;
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = '';
    for (let column = 0; column < size; column++) {
      // The line below an odd last one is not of the code: it is left as light as the border, or empty.
      const below = row + 1 < size ? isInk(row + 1, column) : false;
      line += isInk(row, column) ? (below ? '█' : '▀') : below ? '▄' : ' ';
    }
    lines.push(
      INDENT + (color ? styleText(['black', 'bgWhiteBright'], line, { validateStream: false }) : line),
    );
  }
  return `${lines.join('\n')}\n`;
}
