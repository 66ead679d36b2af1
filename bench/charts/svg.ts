/** Pieces of an SVG that is read on paper, on a screen that is dark, and on a phone. */

/** Wide enough for a line of text, narrow enough for a phone to show it without making the letters too small. */
export const width = 440;

export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const style = `
  .page { fill: #fff } text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 } .quiet { fill: #59636e; font-size: 12px } .end { text-anchor: end }
  .middle { text-anchor: middle } .own { fill: #0969da } .other { fill: #b6bec8 } .line { stroke: #d1d9e0 }
  .bound { stroke: #59636e; stroke-dasharray: 4 3 } .nginx { fill: #1a7f37; stroke: #1a7f37 }
  .haproxy { fill: #bc4c00; stroke: #bc4c00 } text.own { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #f0f6fc } .quiet { fill: #9198a1 } .own { fill: #4493f8 }
    .other { fill: #4d5661 } .line { stroke: #3d444d } .bound { stroke: #9198a1 }
    .nginx { fill: #3fb950; stroke: #3fb950 } .haproxy { fill: #f0883e; stroke: #f0883e }
  }`;

/** A drawing of this height, with a description for those who cannot see it. */
export function drawing(height: number, description: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>${escape(description)}</title>
<style>${style}
</style>
<rect class="page" width="${width}" height="${height}" rx="6"/>
${parts.join('\n')}
</svg>
`;
}

export function text(x: number, y: number, said: string, classes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${classes === '' ? '' : ` class="${classes}"`}>${escape(said)}</text>`;
}

export function bar(x: number, y: number, length: number, height: number, classes: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(1, length))}" height="${height}" rx="2" class="${classes}"/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, classes: string, stroke = 1): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${classes}" stroke-width="${stroke}"/>`;
}

export function dot(x: number, y: number, classes: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4.5" class="${classes}"/>`;
}

const round = (value: number): number => Number(value.toFixed(1));
