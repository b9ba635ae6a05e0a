import type { RequestHead } from './request-head.ts';

/** The values of a field joined by `, `, one character for each byte; null when it is absent. @param name in lower case */
export function headerValue({ fields, text, base }: RequestHead, name: string): string | null {
  let found: string | null = null;
  for (let index = 0; index < fields.count; index++) {
    const start = (fields.nameStart[index] as number) - base;
    if ((fields.nameEnd[index] as number) - base - start !== name.length) continue;
    if (text.slice(start, start + name.length).toLowerCase() !== name) continue;
    const value = text.slice(
      (fields.valueStart[index] as number) - base,
      (fields.valueEnd[index] as number) - base,
    );
    found = found === null ? value : `${found}, ${value}`;
  }
  return found;
}
