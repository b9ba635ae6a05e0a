import type { Config } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import { outcomes } from '../../router/access-line.ts';
import type { AccessQuery } from '../../router/access-log.ts';

/** The file of the access log. @throws TealError `usage` when there is none */
export function accessLogOf(config: Config): string {
  const { accessLog } = config.router.observe;
  if (accessLog !== null) return accessLog.file;
  throw new TealError('usage', 'There is no access log: router.access-log is none.', {
    remedy: 'write router: { access-log: logs } into teal.yaml, and start Teal again',
    details: { file: config.file },
  });
}

export interface AskedLines {
  readonly app?: string;
  readonly status?: string;
  readonly outcome?: string;
}

/** @throws TealError `usage` */
export function accessQuery({ app, status, outcome }: AskedLines, lines: number): AccessQuery {
  return {
    lines,
    ...(app === undefined ? {} : { app }),
    ...(status === undefined ? {} : { status: statuses(status) }),
    ...(outcome === undefined ? {} : { outcome: outcomeNamed(outcome) }),
  };
}

/** `404`, `5xx`, `400-403`, and several of them between commas. */
function statuses(text: string): readonly (readonly [number, number])[] {
  return text.split(',').map((part) => {
    const [, one, to] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(part.trim()) ?? [];
    if (one !== undefined) return [Number(one), Number(to ?? one)];
    const [, hundred] = /^([1-5])xx$/i.exec(part.trim()) ?? [];
    if (hundred !== undefined) return [Number(hundred) * 100, Number(hundred) * 100 + 99];
    throw new TealError('usage', `status=${text} is no status.`, {
      remedy: 'for example 404, 5xx, 400-403, or several with commas',
      details: { status: text },
    });
  });
}

function outcomeNamed(text: string): (typeof outcomes)[number] {
  const found = outcomes.find((each) => each === text);
  if (found !== undefined) return found;
  throw new TealError('usage', `outcome=${text} is no outcome.`, {
    remedy: `one of: ${outcomes.join(', ')}`,
    details: { outcome: text },
  });
}
