import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A fault of one line, planted into a file of the removal as it is loaded: the fuzzer has to find each. */
export interface Fault {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const faults: readonly Fault[] = [
  {
    name: 'x && true becomes x also where its value counts',
    file: 'simplify.ts',
    from: 'const alike = chained || isTruthTested(parent) || isBoolean(other);',
    to: 'const alike = true;',
  },
  {
    name: 'braces go although a name in them is in use around them',
    file: 'statements.ts',
    from: 'if (declared.size === 0) return true;',
    to: 'return true;',
  },
  {
    name: 'names are told apart by their text alone',
    file: 'inline.ts',
    from: 'const uses = code.same(name).filter(({ node }) => node !== name);',
    to: 'const uses = code.names.filter(({ node }) => node !== name && node.text === name.text && node.pos > declaration.end);',
  },
  {
    name: 'a case does not run into the next one',
    file: 'switch.ts',
    from: 'for (const { statements } of clauses.slice(index)) {',
    to: 'for (const { statements } of clauses.slice(index, index + 1)) {',
  },
  {
    name: 'the object that a method is called on is not looked after',
    file: 'replace.ts',
    from: 'if (asReference && isReference(node)) return `0, ${text}`;',
    to: '',
  },
  {
    name: 'lines run together where there is no semicolon',
    file: 'replace.ts',
    from: 'return ts.isExpressionStatement(head) && continues(wrapped) && isOpenBefore(code, head) ? `;${wrapped}` : wrapped;',
    to: 'return wrapped;',
  },
  {
    name: 'a variable that changes is taken for a constant',
    file: 'inline.ts',
    from: 'isWritten(node) || !isSimplyAfter(node, declaration)',
    to: '!isSimplyAfter(node, declaration)',
  },
  {
    name: 'what has an effect is dropped with x && false',
    file: 'simplify.ts',
    from: 'parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken || !isPure(other)',
    to: 'parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken',
  },
  {
    name: 'what is given for a parameter goes along, whatever it does',
    file: 'unused-parameters.ts',
    from: 'return argument === undefined || isPure(argument);',
    to: 'return true;',
  },
];

/** Plants one fault in this process; whatever is imported from now on has it. */
export function plant(index: number): Fault {
  const fault = faults[index];
  if (fault === undefined) throw new Error(`there are ${faults.length} faults; ${index} is none of them`);
  let planted = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(`/features/code/${fault.file}`)) return loaded;
      planted = true;
      return { ...loaded, source: withFault(readFileSync(fileURLToPath(url), 'utf8'), fault) };
    },
  });
  process.on('exit', () => {
    if (!planted) console.error(`${fault.file} was never loaded`);
  });
  return fault;
}

/** @throws Error when the file does not have what the fault replaces, exactly once */
export function withFault(source: string, { file, from, to }: Fault): string {
  // The formatter may have broken the line.
  const pattern = new RegExp(from.split(/\s+/).map(escaped).join('\\s+'));
  if (source.split(pattern).length !== 2) throw new Error(`${file} does not have: ${from}`);
  return source.replace(pattern, () => to);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
