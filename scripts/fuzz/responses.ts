import { ResponseHead } from '../../src/router/embedded/response-head.ts';
import type { RelayState, ResponseTarget } from '../../src/router/embedded/response.ts';
import { ResponseText } from '../../src/router/embedded/response-text.ts';
import { ResponseRelay } from '../../src/router/embedded/response.ts';
import type { Verdict } from './compare.ts';
import type { Case } from './generate.ts';
import { readByLlhttp } from './llhttp.ts';
import type { Message, Reading } from './message.ts';
import { pieces } from './message.ts';

const head = new ResponseHead();

/** For whom a response is: both change how it is framed. */
export interface Asked {
  readonly method: 'GET' | 'HEAD';
  readonly minor: 0 | 1;
}

/**
 * Smuggling the other way round: what the relay takes for a complete response is one for llhttp, with the same status
 * and content; a connection it would use again has nothing left on it; what the client gets is that one response.
 */
export function compareResponse({ bytes, cuts }: Case, asked: Asked): Verdict {
  let out = '';
  const target: ResponseTarget = {
    ...asked,
    websocket: false,
    ownLines: '',
    mayKeep: () => true,
    write: (data) => (out += typeof data === 'string' ? data : data.toString('latin1')),
  };
  const relay = new ResponseRelay(target, new ResponseText(target, 'Connection: keep-alive\r\n'), head);
  let state: RelayState = 'more';
  let fed = 0;
  for (const part of pieces(bytes, cuts)) {
    state = relay.feed(part);
    fed += part.length;
    if (state !== 'more') break;
  }
  const byClose = state === 'more' && relay.ended(null);
  if (state === 'bad') return { kind: 'refused', says: 'bad-response', messages: 0 };
  if (state === 'more' && !byClose) return { kind: 'incomplete', says: '', messages: 0 };
  const says = differences(bytes.subarray(0, fed), out, { relay, head: asked.method === 'HEAD' });
  if (says !== null) return { kind: 'disagreement', says, messages: 1 };
  return { kind: 'both', says: '', messages: 1 };
}

function differences(
  input: Buffer,
  out: string,
  context: { readonly relay: ResponseRelay; readonly head: boolean },
): string | null {
  const { relay, head: isHead } = context;
  const options = { head: isHead, ends: true };
  const theirs = readByLlhttp('response', [input], options);
  const came = finalOf(theirs);
  const client = readByLlhttp('response', [Buffer.from(out, 'latin1')], options);
  const arrived = finalOf(client);
  if (came === undefined || !came.complete)
    return `llhttp reads no complete response: ${theirs.error ?? 'it waits'}`;
  if (arrived === undefined || !arrived.complete)
    return `the client gets no complete response: ${client.error ?? 'it waits'}`;
  if (client.error !== null) return `what the client gets is malformed: ${client.error}`;
  if (arrived.what !== came.what || Number(came.what) !== relay.status) return 'another status';
  // A 205 is read as it is framed, and none of it passed on (RFC 9110 §15.3.6).
  if (arrived.body !== (came.what === '205' ? '' : came.body)) return 'another body';
  if (client.messages.at(-1) !== arrived) return 'the client gets more than one response';
  if (!relay.reusable) return null;
  if (theirs.error !== null) return `a connection is used again that llhttp refuses: ${theirs.error}`;
  return theirs.messages.at(-1) === came ? null : 'a connection is used again that has more on it';
}

function finalOf(reading: Reading): Message | undefined {
  return reading.messages.find(({ what }) => Number(what) >= 200);
}
