/** Entry of the process that holds all clients of the soak. */
import { Wire, type Answer } from '../../test/acceptance/clients/wire.ts';
import { answer } from '../lib/child.ts';
import { Counter, type Tally, type Target, type Traffic } from './protocol.ts';
import { protocols } from './protocols.ts';
import { Versions, type VersionNews } from './versions.ts';

export type LoadAsk =
  | { readonly kind: 'start'; readonly target: Target }
  | { readonly kind: 'stop' }
  /** So many connections with a request each that the app answers when it is told to. */
  | { readonly kind: 'hold'; readonly target: Target; readonly connections: number }
  /** Waits for the held answers, and closes. */
  | { readonly kind: 'release' };

/** By the protocol's name. */
export type Tallies = Readonly<Record<string, Tally>>;

const versions = new Versions();
let running: ReadonlyMap<string, Traffic> = new Map();
let held: readonly { readonly wire: Wire; readonly answer: Promise<Answer> }[] = [];

async function handle(ask: LoadAsk): Promise<unknown> {
  switch (ask.kind) {
    case 'start': {
      const started = protocols.flatMap((protocol): [string, Traffic][] => {
        const traffic = protocol.start(ask.target, versions);
        return traffic === null ? [] : [[protocol.name, traffic]];
      });
      running = new Map(started);
      return [...running.keys()];
    }
    case 'stop': {
      const all = await Promise.all(
        [...running].map(async ([name, traffic]) => [name, await traffic.stop()] as const),
      );
      return Object.fromEntries(all) satisfies Tallies;
    }
    case 'hold':
      held = Array.from({ length: ask.connections }, (_, index) => {
        const wire = new Wire(ask.target.port, `held ${index}`);
        const answered = wire.send('GET /hold HTTP/1.1\r\nHost: soak\r\n\r\n');
        answered.catch(() => undefined);
        return { wire, answer: answered };
      });
      return null;
    case 'release':
      return release();
  }
}

async function release(): Promise<Tally> {
  const counter = new Counter();
  for (const each of held) {
    try {
      const { status } = await each.answer;
      if (status === 200) counter.answered();
      else counter.failed(`answered ${status}`);
    } catch (error) {
      counter.failed(String(error));
    }
    each.wire.close();
  }
  held = [];
  return counter.tally;
}

answer<LoadAsk, VersionNews>(null, handle, (news) => versions.hear(news));
