import type { Debt } from './grace.ts';

/** What is overdue as annotations of GitHub Actions: https://docs.github.com/actions/reference/workflow-commands-for-github-actions. */
export function githubAnnotations(debts: readonly Debt[]): string {
  return debts
    .flatMap((debt) =>
      debt.references.map(({ file, line, column }) => {
        const level = debt.overdue ? 'error' : 'notice';
        const place = `file=${property(file)},line=${line},col=${column},title=Flag to remove`;
        return `::${level} ${place}::${message(`${saysOf(debt)}: ${removalOf(debt)}`)}`;
      }),
    )
    .join('\n');
}

/** Why it has to go. */
export function saysOf({ state }: Pick<Debt, 'state'>): string {
  const end = state.stage === 'rolled-back' ? 'was rolled back' : 'is live for all';
  return `The flag ${state.flag} ${end}${state.release === null ? '' : ` (${state.release})`}`;
}

/** The command that takes it out. */
export function removalOf({ state }: Pick<Debt, 'state'>): string {
  const keep = state.keep === undefined ? '' : ` --keep ${quoted(JSON.stringify(state.keep))}`;
  return `teal flags remove ${state.flag}${keep}`;
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function message(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return message(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** The same as SARIF 2.1.0 (OASIS), which code scanning of several hosts reads. */
export function sarif(debts: readonly Debt[], version: string): unknown {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'teal',
            version,
            rules: [
              {
                id: 'flag-to-remove',
                shortDescription: { text: 'A feature flag whose release has ended is still asked for' },
              },
            ],
          },
        },
        results: debts.flatMap((debt) =>
          debt.references.map(({ file, line, column }) => ({
            ruleId: 'flag-to-remove',
            level: debt.overdue ? 'error' : 'note',
            message: { text: `${saysOf(debt)}: ${removalOf(debt)}` },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
                  region: { startLine: line, startColumn: column },
                },
              },
            ],
          })),
        ),
      },
    ],
  };
}
