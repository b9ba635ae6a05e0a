/** One request or response as a reader understood it. Text is latin1. */
export interface Message {
  /** Method, or status as text. */
  readonly what: string;
  /** Request target as on the wire; empty for a response. */
  readonly target: string;
  readonly minor: number;
  /** Names and values by turns, in order. */
  readonly fields: readonly string[];
  body: string;
  complete: boolean;
  /** Position behind its last byte, when complete. */
  end: number;
}

/** What a reader made of all bytes of a connection. */
export interface Reading {
  readonly messages: Message[];
  /** Why it refused to go on. */
  error: string | null;
}

/** The same bytes as several reads. */
export function pieces(bytes: Buffer, cuts: Iterable<number>): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (const cut of cuts) {
    if (cut <= from || cut >= bytes.length) continue;
    parts.push(bytes.subarray(from, cut));
    from = cut;
  }
  if (from < bytes.length) parts.push(bytes.subarray(from));
  return parts;
}

/** Bytes as they can be pasted into a test. */
export function escaped(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (unit) => `\\u00${unit.charCodeAt(0).toString(16)}`,
  );
}
