import { runLoad, type LoadOptions } from '../../src/load/load.ts';
import type { Tally, Traffic } from './protocol.ts';
import type { Versions } from './versions.ts';

/** The load of `teal prove` as a part of the soak. Whatever is not 200 has failed. */
export function requests(options: LoadOptions, versions: Versions): Traffic {
  const load = runLoad({ isFailure: (status) => status !== 200, ...options });
  return {
    async stop(): Promise<Tally> {
      const { sent, answered, failed, problems, samples } = await load.stop();
      const stale = versions.staleOf([...samples].filter(({ outcome }) => outcome === 'answered'));
      const words = Object.entries(problems).map(([kind, problem]) => `${kind}: ${problem}`);
      return { sent, answered, failed, stale, problems: words };
    },
  };
}
