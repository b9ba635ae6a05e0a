import type { Planting } from '../planted.ts';

export const planting: Planting = {
  folder: 'features/code',
  faults: [
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
  ],
};
