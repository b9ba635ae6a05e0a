import type { ErrorName } from './frames.ts';
import type { Seen } from './peer.ts';

/** One acceptable outcome of a case. A case passes when any of those it lists is met. */
export type Outcome =
  /** GOAWAY with one of the codes, or closed without one, which may have been lost (RFC 9113 §5.4.1). */
  | { readonly kind: 'connection error'; readonly codes: readonly ErrorName[] }
  /** RST_STREAM; or the same as an error of the connection, which is always allowed (§5.4.1). */
  | { readonly kind: 'stream error'; readonly stream: number; readonly codes: readonly ErrorName[] }
  /** RST_STREAM of some stream. */
  | { readonly kind: 'some stream refused'; readonly codes: readonly ErrorName[] }
  /** Answered with 400 or the like, as a malformed request may be before its stream is reset (§8.1.1). */
  | { readonly kind: 'refused'; readonly stream: number }
  /** Answered with 200, to the end. */
  | { readonly kind: 'answered'; readonly stream: number; readonly octets?: number }
  /** DATA frames of just these sizes, and so far none more; empty ones do not count. */
  | { readonly kind: 'data'; readonly stream: number; readonly octets: readonly number[] }
  | { readonly kind: 'ping'; readonly text: string }
  /** This many SETTINGS have been acknowledged. */
  | { readonly kind: 'settings acknowledged'; readonly times: number }
  /** The first frame of the connection is SETTINGS. */
  | { readonly kind: 'settings first' }
  /** A PING that is sent afterwards is answered, and nothing was reset. */
  | { readonly kind: 'goes on' }
  | { readonly kind: 'closed' }
  /** GOAWAY in so many words. */
  | { readonly kind: 'goaway'; readonly codes: readonly ErrorName[] };

export const connectionError = (...codes: readonly ErrorName[]): Outcome => ({
  kind: 'connection error',
  codes,
});
export const streamError = (stream: number, ...codes: readonly ErrorName[]): Outcome => ({
  kind: 'stream error',
  stream,
  codes,
});
export const answered = (stream: number): Outcome => ({ kind: 'answered', stream });
export const goesOn: Outcome = { kind: 'goes on' };

/** The payload of the PING by which `goes on` is found out. */
export const probe = 'still up';

export type Verdict = 'met' | 'refuted' | 'open';

/** @param seen since the greeting (since the first octet, for a case that does not greet) */
export function judge(outcome: Outcome, seen: readonly Seen[]): Verdict {
  const verdict = judges[outcome.kind] as (outcome: Outcome, seen: readonly Seen[]) => Verdict;
  return verdict(outcome, seen);
}

type Judges = {
  readonly [K in Outcome['kind']]: (
    outcome: Extract<Outcome, { readonly kind: K }>,
    seen: readonly Seen[],
  ) => Verdict;
};

const judges: Judges = {
  'connection error': ({ codes }, seen) => byCode(seen.find(isFatal), codes),
  'stream error': ({ stream, codes }, seen) =>
    byCode(
      seen.find((each) => isFatal(each) || (each.kind === 'reset' && each.stream === stream)),
      codes,
    ),
  'some stream refused': ({ codes }, seen) =>
    byCode(
      seen.find(({ kind }) => kind === 'reset' || kind === 'closed'),
      codes,
    ),
  refused: ({ stream }, seen) => {
    const status = statusOf(seen, stream);
    return status === null ? 'open' : when(status >= 400 && status < 500);
  },
  answered: ({ stream, octets }, seen) => {
    if (broken(seen, stream)) return 'refuted';
    const status = statusOf(seen, stream);
    if (status !== null && status !== 200) return 'refuted';
    if (status === null || !ends(seen, stream)) return 'open';
    return when(octets === undefined || sizes(seen, stream).reduce((sum, size) => sum + size, 0) === octets);
  },
  data: ({ stream, octets }, seen) => {
    const sent = sizes(seen, stream);
    if (broken(seen, stream) || sent.some((size, index) => size !== octets[index])) return 'refuted';
    return sent.length === octets.length ? 'met' : 'open';
  },
  ping: ({ text }, seen) => answeredPing(seen, text),
  'settings acknowledged': ({ times }, seen) => {
    if (seen.some(isFatal)) return 'refuted';
    return seen.filter((each) => each.kind === 'settings' && each.ack).length >= times ? 'met' : 'open';
  },
  'settings first': (_, seen) => {
    const [first] = seen;
    return first === undefined ? 'open' : when(first.kind === 'settings' && !first.ack);
  },
  'goes on': (_, seen) => (seen.some(({ kind }) => kind === 'reset') ? 'refuted' : answeredPing(seen, probe)),
  closed: (_, seen) => (seen.some(({ kind }) => kind === 'closed') ? 'met' : 'open'),
  goaway: ({ codes }, seen) => {
    const end = seen.find(isFatal);
    return end?.kind === 'closed' ? 'refuted' : byCode(end, codes);
  },
};

/** Codes that can always stand for a more specific one (RFC 9113 §5.4). */
const generic: readonly string[] = ['PROTOCOL_ERROR', 'INTERNAL_ERROR'];

function byCode(end: Seen | undefined, codes: readonly string[]): Verdict {
  if (end === undefined) return 'open';
  return when(!('code' in end) || codes.includes(end.code) || generic.includes(end.code));
}

function answeredPing(seen: readonly Seen[], text: string): Verdict {
  if (seen.some((each) => each.kind === 'ping' && each.ack && each.text === text)) return 'met';
  return seen.some(isFatal) ? 'refuted' : 'open';
}

/** A GOAWAY, or the end. A server that is done with us says NO_ERROR first: that is no verdict on anything. */
function isFatal(seen: Seen): boolean {
  return seen.kind === 'closed' || (seen.kind === 'goaway' && seen.code !== 'NO_ERROR');
}

function broken(seen: readonly Seen[], stream: number): boolean {
  const end = seen.findIndex((each) => each.kind === 'end' && each.stream === stream);
  const until = end < 0 ? seen : seen.slice(0, end);
  return until.some((each) => isFatal(each) || (each.kind === 'reset' && each.stream === stream));
}

function ends(seen: readonly Seen[], stream: number): boolean {
  return seen.some((each) => each.kind === 'end' && each.stream === stream);
}

/** Of the final response. */
function statusOf(seen: readonly Seen[], stream: number): number | null {
  for (const each of seen) {
    if (each.kind !== 'fields' || each.stream !== stream) continue;
    const status = Number(each.fields.find(([name]) => name === ':status')?.[1] ?? 0);
    if (status >= 200) return status;
  }
  return null;
}

function sizes(seen: readonly Seen[], stream: number): readonly number[] {
  return seen.flatMap((each) =>
    each.kind === 'data' && each.stream === stream && each.octets > 0 ? [each.octets] : [],
  );
}

const when = (holds: boolean): Verdict => (holds ? 'met' : 'refuted');
