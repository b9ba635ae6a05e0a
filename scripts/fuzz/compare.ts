import type { Case } from './generate.ts';
import { habits, readLeniently } from './lenient.ts';
import { knownMethods, readByLlhttp } from './llhttp.ts';
import type { Message, Reading } from './message.ts';
import { pieces } from './message.ts';
import type { OurReading } from './ours.ts';
import { readRequests } from './ours.ts';

/** How a case ended: `both` read every byte of it as complete messages; a disagreement says what is different. */
export interface Verdict {
  readonly kind: 'both' | 'refused' | 'incomplete' | 'disagreement';
  readonly says: string;
  /** Complete messages that the router read. */
  readonly messages: number;
}

/**
 * Whatever the router accepts, llhttp accepts with the same framing; the cuts of the reads change nothing; and what
 * would be sent to the app is read alike by llhttp and by every lenient parser.
 */
export function compareRequests({ bytes, cuts }: Case): Verdict {
  const ours = readRequests(pieces(bytes, cuts));
  const known = substituted(bytes, ours);
  if (known !== null) return compareRequests({ bytes: known, cuts });
  const messages = ours.forwarded.length;
  const says =
    (cuts.length === 0 ? null : differentlyCut(bytes, ours)) ??
    differentFromLlhttp(bytes, ours) ??
    differentAtApp(ours);
  if (says !== null) return { kind: 'disagreement', says, messages };
  return {
    kind: ours.clean ? 'both' : ours.error === null ? 'incomplete' : 'refused',
    says: ours.error ?? '',
    messages,
  };
}

/**
 * llhttp has a list of methods, the router a syntax: a method outside the list is put in the form of one inside, so
 * that what follows it is compared all the same.
 */
function substituted(bytes: Buffer, ours: OurReading): Buffer | null {
  for (const [index, { what }] of ours.messages.entries()) {
    if (knownMethods.has(what)) continue;
    const start = ours.starts[index] as number;
    return Buffer.concat([bytes.subarray(0, start), Buffer.from('PUT'), bytes.subarray(start + what.length)]);
  }
  return null;
}

function differentlyCut(bytes: Buffer, ours: OurReading): string | null {
  const whole = readRequests([bytes]);
  if ((whole.error === null) !== (ours.error === null)) {
    return `in one piece: ${whole.error ?? 'accepted'}; cut: ${ours.error ?? 'accepted'}`;
  }
  if (whole.messages.length !== ours.messages.length) return 'the cuts change the number of messages';
  for (const [index, message] of ours.messages.entries()) {
    const other = whole.messages[index] as Message;
    if (message.complete !== other.complete) return `the cuts change whether message ${index} is complete`;
    if (message.complete && difference(message, other) !== null) return `the cuts change message ${index}`;
  }
  return null;
}

function differentFromLlhttp(bytes: Buffer, ours: OurReading): string | null {
  if (ours.messages.length === 0) return null;
  const ends = ours.messages.flatMap(({ complete, end }) => (complete ? [end - 1, end] : []));
  const theirs = readByLlhttp('request', pieces(bytes, ends));
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (other === undefined) return `llhttp does not read message ${index}: ${theirs.error ?? 'it waits'}`;
    const says = difference(message, other);
    if (says !== null) return `message ${index}: ${says} (llhttp: ${theirs.error ?? 'no error'})`;
  }
  return null;
}

function differentAtApp(ours: OurReading): string | null {
  if (ours.forwarded.length === 0) return null;
  const text = ours.forwarded.join('');
  const strict = readByLlhttp('request', [Buffer.from(text, 'latin1')]);
  const readings: (readonly [string, Reading])[] = habits.map(
    (habit) => [`a lenient app (${Object.values(habit).join(', ')})`, readLeniently(text, habit)] as const,
  );
  for (const [who, reading] of [['llhttp at the app', strict] as const, ...readings]) {
    if (reading.messages.length !== ours.forwarded.length) {
      return `${who} reads ${reading.messages.length} of ${ours.forwarded.length} messages`;
    }
    for (const [index, message] of reading.messages.entries()) {
      const sent = ours.messages[index] as Message;
      if (!message.complete) return `${who} waits for more of message ${index}`;
      if (message.what !== sent.what) return `${who} reads ${message.what} for ${sent.what}`;
      if (message.body !== sent.body) return `${who} reads another body of message ${index}`;
    }
  }
  return null;
}

/** Between a message of ours and the same one of another reader, or null. */
function difference(ours: Message, theirs: Message): string | null {
  if (ours.what !== theirs.what) return `${ours.what} is read as ${theirs.what}`;
  if (ours.target !== theirs.target) return `target ${ours.target} is read as ${theirs.target}`;
  if (ours.minor !== theirs.minor) return 'another version';
  if (ours.fields.length !== theirs.fields.length) return 'another number of fields';
  for (let index = 0; index < ours.fields.length; index++) {
    if (ours.fields[index] !== theirs.fields[index]) {
      return `${JSON.stringify(ours.fields[index])} is read as ${JSON.stringify(theirs.fields[index])}`;
    }
  }
  if (!ours.complete) return theirs.body.startsWith(ours.body) ? null : 'another beginning of the body';
  if (!theirs.complete) return 'complete for us, not for the other';
  if (ours.body !== theirs.body) return 'another body';
  return ours.end === theirs.end ? null : `ends at ${ours.end} for us, at ${theirs.end} for the other`;
}
