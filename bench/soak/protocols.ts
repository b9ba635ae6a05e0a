/** Everything that goes through the router in the soak. */
import type { Protocol } from './protocol.ts';
import { abandoned } from './protocols/abandoned.ts';
import { eventStreams } from './protocols/event-streams.ts';
import { h2c, http2 } from './protocols/http2.ts';
import { large } from './protocols/large.ts';
import { pipelined } from './protocols/pipelined.ts';
import { refused } from './protocols/refused.ts';
import { short } from './protocols/short.ts';
import { slow } from './protocols/slow.ts';
import { small } from './protocols/small.ts';
import { tls } from './protocols/tls.ts';
import { uploads } from './protocols/uploads.ts';
import { websockets } from './protocols/websockets.ts';

export const protocols: readonly Protocol[] = [
  small,
  short,
  large,
  uploads,
  slow,
  pipelined,
  tls,
  http2,
  h2c,
  websockets,
  eventStreams,
  abandoned,
  refused,
];
