import { constants } from 'node:os';
import { splitCommand } from './command-line.ts';
import type { EnvironmentValue } from './environment-value.ts';
import { didYouMean } from './did-you-mean.ts';
import { isMap, leaf, wrong, type Leaf, type Read, type Wrong } from './leaf.ts';

/** Program and arguments, never empty. A string is split as a shell would, but no shell runs. */
export const command: Leaf<readonly string[]> = leaf({
  expected: 'a command such as node server.js, or a list such as [node, server.js]',
  json: {
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', items: { type: ['string', 'number', 'boolean'] }, minItems: 1 },
    ],
  },
  read(input): Read<readonly string[]> {
    if (typeof input === 'string') return commandLine(input);
    if (!Array.isArray(input) || input.length === 0) return wrong('write node server.js');
    for (const [index, word] of (input as unknown[]).entries()) {
      if (typeof word === 'string' && !word.includes('\0') && (index > 0 || word !== '')) continue;
      const expected = index === 0 ? 'the program to run' : 'text';
      return wrong('put the word in quotes', { at: [index], input: word, expected });
    }
    return { value: input as string[] };
  },
});

function commandLine(line: string): Read<readonly string[]> {
  const split = splitCommand(line);
  if ('unclosed' in split) {
    return wrong(
      split.unclosed === '\\'
        ? 'remove the \\ at its end'
        : `close the quote ${split.unclosed}, or write \\${split.unclosed}`,
    );
  }
  if ('shell' in split) {
    const sign = split.shell === '\n' ? 'a line break' : split.shell;
    return wrong(`no shell runs it, so ${sign} has no meaning: write [sh, -c, '…'], or quote ${sign} in '…'`);
  }
  const [program = ''] = split.words;
  if (/^[A-Za-z_]\w*=/.test(program)) {
    return wrong(`put ${program.slice(0, program.indexOf('='))} under environment`);
  }
  return program === '' || line.includes('\0') ? wrong('write node server.js') : { value: split.words };
}

/** A folder; `{version}` stands for the version that is deployed. */
export const directory: Leaf<string> = leaf({
  expected: 'a folder, in which {version} may stand for the version',
  json: { type: 'string', minLength: 1 },
  read(input): Read<string> {
    if (typeof input !== 'string' || input === '' || input.includes('\0'))
      return wrong('write . or ./versions/{version}');
    const other = (input.match(/\$?\{[^}]*\}?/g) ?? []).find((found) => found !== '{version}');
    if (other !== undefined)
      return wrong(`write the name itself: {version} is the only placeholder, and ${other} is none`);
    return input.startsWith('~') ? wrong('write the full path: no shell expands ~') : { value: input };
  },
});

export const variableName: Leaf<string> = leaf({
  expected: 'the name of an environment variable: letters, digits and _, not starting with a digit',
  json: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
  read(input): Read<string> {
    if (typeof input === 'string' && /^[A-Za-z_]\w*$/.test(input)) return { value: input };
    const meant = `${input as string}`.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_');
    return wrong(meant === '' ? 'give it a name' : `write ${meant}`);
  },
});

/** Plain text, or where a secret is to be read from. Remedies never repeat the value. */
export const environmentValue: Leaf<EnvironmentValue> = leaf({
  expected: 'text, or { secret: env:NAME } or { secret: file:/path }',
  json: {
    anyOf: [
      { type: ['string', 'number', 'boolean'] },
      {
        type: 'object',
        properties: { secret: { type: 'string', pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$' } },
        required: ['secret'],
        additionalProperties: false,
      },
    ],
  },
  read(input): Read<EnvironmentValue> {
    if (typeof input === 'string') {
      return input.includes('\0')
        ? wrong('remove the NUL character')
        : { value: { kind: 'plain', value: input } };
    }
    if (isMap(input)) return secret(input);
    return wrong(input === null ? 'write "" for an empty value' : 'write it as text');
  },
});

/** Where a secret is to be read from; it is never written itself. */
export const secretReference: Leaf<EnvironmentValue & { readonly kind: 'secret' }> = leaf({
  expected: '{ secret: env:NAME } or { secret: file:/path }',
  json: {
    type: 'object',
    properties: {
      secret: {
        type: 'string',
        pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$',
        description: 'Where it is: env:NAME or file:/path.',
      },
    },
    required: ['secret'],
    additionalProperties: false,
  },
  read: (input) =>
    isMap(input)
      ? secret(input)
      : wrong('name where the secret is, never the secret itself: { secret: env:NAME }', { input: 'text' }),
});

function secret(
  input: Readonly<Record<string, unknown>>,
): { readonly value: EnvironmentValue & { readonly kind: 'secret' } } | Wrong {
  const extra = Object.keys(input).find((key) => key !== 'secret');
  if (extra !== undefined) {
    return wrong('write { secret: env:NAME }', {
      at: [extra],
      input: input[extra],
      expected: 'only the key secret',
    });
  }
  const at = { at: ['secret'], input: input['secret'], expected: 'env:NAME or file:/path' };
  const match = typeof input['secret'] === 'string' ? /^(env|file):(.+)$/s.exec(input['secret']) : null;
  const [, source, name = ''] = match ?? [];
  if (source === 'file' && !name.includes('\0')) return { value: { kind: 'secret', source, name } };
  if (source === 'env' && /^[A-Za-z_]\w*$/.test(name)) return { value: { kind: 'secret', source, name } };
  return wrong('name where the secret is, never the secret itself: env:NAME or file:/path', at);
}

const uncatchable = ['SIGKILL', 'SIGSTOP'];

/** A signal that a process can act upon. */
export const signal: Leaf<NodeJS.Signals> = leaf({
  expected: 'a signal that a process can handle, such as SIGTERM, SIGINT, SIGQUIT',
  json: { type: 'string', pattern: '^SIG[A-Z0-9]+$' },
  read(input): Read<NodeJS.Signals> {
    const names = Object.keys(constants.signals).filter((name) => !uncatchable.includes(name));
    if (typeof input === 'string' && names.includes(input)) return { value: input as NodeJS.Signals };
    if (uncatchable.includes(input as string))
      return wrong('write SIGTERM: at stop-deadline it is killed anyway');
    const written = typeof input === 'string' ? input.toUpperCase() : '';
    const meant = didYouMean(written.startsWith('SIG') ? written : `SIG${written}`, names);
    return wrong(meant === null ? 'write SIGTERM' : `write ${meant}`);
  },
});
