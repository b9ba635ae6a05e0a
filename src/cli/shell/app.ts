import { TealError } from '../../errors.ts';
import type { Client } from '../client.ts';

/** The app that is meant when none is named: the only one there is. @throws TealError `usage` otherwise */
export async function soleApp(client: Client, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const names = (await client.status()).apps.map(({ app }) => app);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new TealError(
    'usage',
    only === undefined ? 'There is no app yet' : `Which app? There are ${names.length}`,
    {
      remedy:
        only === undefined
          ? `Add one to ${client.config}, then: teal apply`
          : `Name one: ${names.join(', ')}`,
      details: { apps: names },
    },
  );
}
