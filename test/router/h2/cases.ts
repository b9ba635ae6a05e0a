import type { Case } from './case.ts';
import { compression } from './cases/compression.ts';
import { connection } from './cases/connection.ts';
import { control } from './cases/control.ts';
import { framing } from './cases/framing.ts';
import { requests } from './cases/requests.ts';
import { streams } from './cases/streams.ts';
import { use } from './cases/use.ts';

/** What HTTP/2 and its header compression ask of a server, a case each. */
export const cases: readonly Case[] = [
  ...use,
  ...framing,
  ...streams,
  ...control,
  ...connection,
  ...requests,
  ...compression,
];
