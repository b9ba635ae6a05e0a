import type { Answer, Explanation } from './explain.ts';

/** An explanation as lines for a terminal, without colours; ✓ and ✗ before each rule. */
export function explanationText(explanation: Explanation): string {
  const { says, identity, routed, exposed, audiences } = explanation;
  const who =
    identity === null ? 'nobody: no source of identity is present' : `${identity.key} (${identity.source})`;
  const bucket = routed.bucket === null ? '' : `, bucket ${routed.bucket}`;
  const lines = [says, `identity  ${who}${bucket}`];
  if (exposed.length > 0) lines.push('exposed', ...exposed.flatMap((answer) => tree(answer, 1)));
  const named = Object.entries(audiences);
  if (named.length > 0) {
    lines.push('audiences');
    for (const [name, answer] of named)
      lines.push(...tree({ ...answer, rule: `${name}: ${answer.rule}` }, 1));
  }
  return lines.join('\n');
}

function tree({ rule, matched, why, parts }: Answer, depth: number): readonly string[] {
  const own = `${'  '.repeat(depth)}${matched ? '✓' : '✗'} ${rule} — ${why}`;
  return [own, ...parts.flatMap((part) => tree(part, depth + 1))];
}
