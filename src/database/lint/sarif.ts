import type { Finding, LintReport } from './lint.ts';
import { fileRules } from './lint.ts';
import { sayLock } from './say.ts';
import { rules } from './rules.ts';

/** What was found as SARIF 2.1.0 (OASIS), which code scanning of several hosts reads. What a comment allows is told as suppressed. */
export function lintSarif({ findings, allowed }: LintReport, version: string): unknown {
  const told = [...rules.map(({ id, title }) => [id, title] as const), ...Object.entries(fileRules)];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'teal',
            version,
            rules: told.map(([id, title]) => ({ id, shortDescription: { text: title } })),
          },
        },
        columnKind: 'unicodeCodePoints',
        results: [
          ...findings.map((finding) => resultOf(finding)),
          ...allowed.map((finding) => ({
            ...resultOf(finding),
            suppressions: [{ kind: 'inSource', justification: finding.reason }],
          })),
        ],
      },
    ],
  };
}

function resultOf({
  rule,
  level,
  what,
  instead,
  locks,
  file,
  line,
  column,
}: Finding): Record<string, unknown> {
  const lines = [what, ...locks.map((lock) => `Lock: ${sayLock(lock)}`), `Instead: ${instead}`];
  return {
    ruleId: rule,
    level,
    message: { text: lines.join('\n') },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
          region: { startLine: line, startColumn: column },
        },
      },
    ],
  };
}
