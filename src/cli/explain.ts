import type { ExplainBody, ExplainResult } from '../control/contract.ts';
import { TealError } from '../errors.ts';
import { connectControl } from './client.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { soleTarget, withAppOrGroup } from './shell/target.ts';

export interface ExplainFlags extends CommonFlags {
  readonly user?: string;
  readonly group?: readonly string[];
  /** `name: value` */
  readonly header?: readonly string[];
  /** `name=value` */
  readonly cookie?: readonly string[];
  readonly ip?: string;
  readonly country?: string;
  readonly region?: string;
  readonly feature?: string;
}

/** Says where somebody would be sent, by which rule, and what changes at each later step. */
export async function explain(this: Context, flags: ExplainFlags, app?: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const name = await soleTarget(client, app);
  const body = bodyOf(flags);
  return withAppOrGroup<Result, Result>(client, name, {
    app: async () => {
      const result = await client.explain(name, body);
      return { json: result, text: () => textOf(result) };
    },
    // The same rules hold in all of them; where they lead is each one's own.
    group: async (members) => {
      const all = await Promise.all(
        members.map(async (member) => ({ app: member.app, ...(await client.explain(member.app, body)) })),
      );
      return { json: all, text: () => all.map((one) => `${one.app}\n${textOf(one)}`).join('\n\n') };
    },
  });
}

function textOf(result: ExplainResult): string {
  const later = result.later.map(
    ({ name, environment, side }) => `  ${name.padEnd(32)}${environment} (${side})`,
  );
  return [result.text, ...(later.length > 0 ? ['at later steps', ...later] : [])].join('\n');
}

function bodyOf({ user, group, header, cookie, ip, country, region, feature }: ExplainFlags): ExplainBody {
  return {
    ...(feature === undefined ? {} : { feature }),
    ...(user === undefined ? {} : { user }),
    ...(group === undefined || group.length === 0 ? {} : { groups: group }),
    ...(header === undefined || header.length === 0 ? {} : { headers: pairs(header, ':', '--header') }),
    ...(cookie === undefined || cookie.length === 0 ? {} : { cookies: pairs(cookie, '=', '--cookie') }),
    ...(ip === undefined ? {} : { ip }),
    ...(country === undefined ? {} : { country }),
    ...(region === undefined ? {} : { region }),
  };
}

function pairs(list: readonly string[], between: string, flag: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf(between);
      if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      throw new TealError('usage', `${flag} ${JSON.stringify(text)} has no ${between}`, {
        remedy: flag === '--header' ? "write 'name: value'" : 'write name=value',
      });
    }),
  );
}
