import type { StepPolicy } from '../../config/release.ts';
import { formatDuration, formatSize } from '../../config/units.ts';

/** A step as it is written in teal.yaml, one line. */
export function stepYaml(step: StepPolicy): string {
  switch (step.kind) {
    case 'test':
      return `- test: ${step.test}`;
    case 'wait':
      return `- wait: ${formatDuration(step.ms)}`;
    case 'warm':
      return map('warm', [
        ['paths', list(step.paths)],
        ['count', `${step.count}`],
      ]);
    case 'expose':
      return map('expose', [
        ['to', step.to.length === 0 ? null : list(step.to)],
        ['percent', step.percent === null ? null : `${step.percent}`],
        ['for', formatDuration(step.forMs)],
        // Held by the judge is what a step with a time is when nothing is said.
        ['judge', step.judge === undefined || step.judge === 'hold' ? null : step.judge],
        [
          'without-evidence',
          (step.withoutEvidence ?? 'ask') === 'ask' ? null : (step.withoutEvidence ?? null),
        ],
      ]);
    case 'mirror':
      return map('mirror', [
        ['of', step.of.length === 0 ? null : list(step.of)],
        ['percent', step.percent === null ? null : `${step.percent}`],
        ['methods', list(step.methods)],
        ['for', formatDuration(step.forMs)],
        ['timeout', formatDuration(step.timeoutMs)],
        ['max-body', formatSize(step.maxBodyBytes)],
      ]);
    case 'approve':
      return map('approve', [
        ['role', step.role],
        ['by', step.role !== null || step.by === null ? null : list(step.by.map(person))],
        ['four-eyes', step.fourEyes ? 'true' : null],
        ['expires', step.expiresMs === null ? null : formatDuration(step.expiresMs)],
        ['on-expiry', step.onExpiry === 'abort' ? null : step.onExpiry],
      ]);
  }
}

function map(name: string, keys: readonly (readonly [string, string | null])[]): string {
  const said = keys.flatMap(([key, value]) => (value === null ? [] : [`${key}: ${value}`]));
  return said.length === 0 ? `- ${name}` : `- ${name}: { ${said.join(', ')} }`;
}

/** In quotes, where YAML would read something else. */
const list = (values: readonly string[]): string =>
  `[${values.map((value) => (/^[\w/][\w./@-]*$/.test(value) ? value : JSON.stringify(value))).join(', ')}]`;

const person = (actor: string): string => actor.replace(/^user:/, '');
