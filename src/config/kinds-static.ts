import type { ListenAddress } from './router.ts';
import { leaf, wrong, type Leaf, type Read } from './leaf.ts';
import { listenAddress } from './kinds-network.ts';
import { safeParse } from 'valibot';

/** Where the version stands in the name of a server. */
export const versionPlace = '{version}';

/** A server that runs already. `{version}` may stand in its name, not in its port. */
export const serverAddress: Leaf<ListenAddress> = leaf({
  expected: 'a host and a port such as 10.0.0.1:8080, shop-{version}.internal:80, [fd00::1]:8080',
  json: { type: 'string' },
  read(input): Read<ListenAddress> {
    if (typeof input !== 'string' || !/:\d{1,5}$/.test(input)) return wrong('write 10.0.0.1:8080');
    // Something that may stand in a name, so that the rest can be looked at as one.
    const parsed = safeParse(listenAddress, input.replaceAll(versionPlace, 'x-version-x'));
    if (!parsed.success || parsed.output.port === 0) return wrong('write 10.0.0.1:8080');
    const { host, port } = parsed.output;
    return { value: { host: host.replaceAll('x-version-x', versionPlace), port } };
  },
});

/** As `teal deploy` takes it. */
export const versionName: Leaf<string> = leaf({
  expected: 'the name of a version: letters, digits, dots, dashes and underscores',
  json: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' },
  read: (input): Read<string> =>
    typeof input === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(input)
      ? { value: input }
      : wrong('write v42'),
});
