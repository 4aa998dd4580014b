/** Columns beyond which a line of Verilog is broken. */
const limit = 140;

/** Where a line can be broken so that it still reads well: after a comma, before an operator. */
function breakAt(line: string, from: number): number {
  const room = line.slice(0, limit);
  const places = [', ', ' + ', ' | ', ' & ', ' ^ ', ' ? ', ' : '].map((text) => {
    const at = room.lastIndexOf(text);
    return at < 0 ? -1 : at + (text === ', ' ? 1 : 0);
  });
  const best = Math.max(...places);
  return best > from ? best : -1;
}

function wrapComment(line: string, indent: string): string[] {
  const lines: string[] = [];
  let current = `${indent}//`;
  for (const word of line
    .slice(indent.length + 2)
    .split(' ')
    .filter(Boolean)) {
    if (current.length + 1 + word.length > limit && current !== `${indent}//`) {
      lines.push(current);
      current = `${indent}//  `;
    }
    current += ` ${word}`;
  }
  return [...lines, current];
}

function wrapLine(line: string): string[] {
  if (line.length <= limit) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  if (line.startsWith('//', indent.length)) return wrapComment(line, indent);
  // a string, a directive or a comment at the end of a line does not bear a line break everywhere
  if (/["`]|\/\//.test(line)) return [line];
  const lines: string[] = [];
  let rest = line;
  for (let start = indent.length; rest.length > limit; start = indent.length + 4) {
    const at = breakAt(rest, start);
    if (at < 0) break;
    lines.push(rest.slice(0, at));
    rest = `${indent}    ${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest];
}

/**
 * Breaks the long lines of a Verilog file after commas and before operators, and those of comments between words. A long constant
 * stays on its line.
 */
export function wrapVerilog(text: string): string {
  return text.split('\n').flatMap(wrapLine).join('\n');
}
