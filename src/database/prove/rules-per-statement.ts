import { lint, type Finding } from '../lint/lint.ts';
import type { Parser } from '../sql/parser.ts';
import { oldestServer } from '../sql/version.ts';

/** What rules say of each statement, for one that starts at a byte. */
export function rulesPerStatement(
  parser: Parser,
  text: string,
): (start: number, sql: string) => readonly Finding[] {
  const { findings } = lint([{ path: 'migration.sql', text }], {
    parser,
    version: oldestServer,
    inTransaction: false,
  });
  const lines = text.split('\n');
  const offsets: number[] = [];
  for (let at = 0, sum = 0; at < lines.length; at++) {
    offsets.push(sum);
    sum += Buffer.byteLength(lines[at] ?? '') + 1;
  }
  const place = ({ line, column }: Finding): number =>
    (offsets[line - 1] ?? 0) +
    Buffer.byteLength(
      Array.from(lines[line - 1] ?? '')
        .slice(0, column - 1)
        .join(''),
    );
  return (start, sql) => {
    // The parser counts the blanks in front of a statement to it.
    const end = start + Buffer.byteLength(sql) + 1;
    return findings.filter((each) => place(each) >= start && place(each) <= end + blanks(text, start));
  };
}

const blanks = (text: string, start: number): number =>
  /^\s*/.exec(Buffer.from(text).subarray(start).toString())?.[0].length ?? 0;
