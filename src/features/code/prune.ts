import { applyEdits, type Edit } from './edit.ts';
import { isSyntaxFile, readCode, walk, type Code } from './program.ts';
import type { FileRemoval } from './remove-file.ts';
import { cutFromList } from './replace.ts';
import { ts, type TS } from './syntax.ts';
import { removeUnused, unusedNames } from './unused.ts';

type Texts = ReadonlyMap<string, string>;

/**
 * Takes out what one file exported for others of the project, and none of them names any more: functions that only gave the flag's value,
 * and constants that hold its name. What no other file named before may be for somebody outside of the project, and stays.
 */
export function pruneExports(
  texts: Texts,
  rewritten: Texts,
  results: ReadonlyMap<string, FileRemoval>,
  flag: string,
): Texts {
  const changed = new Map(rewritten);
  if (rewritten.size === 0) return changed;
  const now = (file: string): string => changed.get(file) ?? texts.get(file) ?? '';
  const code = [...texts.keys()].filter(isSyntaxFile);
  const isDone = (name: string, own: string): boolean => {
    const word = wordOf(name);
    const others = code.filter((file) => file !== own);
    return (
      others.some((file) => word.test(texts.get(file) ?? '')) && !others.some((file) => word.test(now(file)))
    );
  };
  // Of a member its own file may have been the only user.
  const isLast = (name: string, own: string): boolean => {
    const word = wordOf(name);
    const usedHere = (texts.get(own) ?? '').split(word).length > 2;
    return (usedHere && !code.some((file) => file !== own && word.test(now(file)))) || isDone(name, own);
  };
  for (const file of code) {
    const text = now(file);
    const original = texts.get(file) ?? '';
    const values = results.get(file)?.exported ?? new Map<string, unknown>();
    if (values.size === 0 && !text.includes(flag)) continue;
    const holders = text.includes(flag) ? constantsFor(readCode(file, text), flag) : [];
    const free = new Set([...values.keys(), ...holders].filter((name) => isDone(name, file)));
    const members = withoutMembers(file, text, flag, (name) => isLast(name, file));
    const pruned =
      free.size === 0
        ? members
        : removeUnused(file, members, { before: unusedNames(readCode(file, original)), exported: free });
    if (pruned !== text) changed.set(file, pruned);
  }
  return changed;
}

function wordOf(name: string): RegExp {
  return new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`);
}

/** Names of outermost constants that are the flag's name. */
function constantsFor(code: Code, flag: string): readonly string[] {
  const found: string[] = [];
  walk(code.source, (node) => {
    if (!ts.isStringLiteralLike(node) || node.text !== flag) return;
    const owner = ts.isAsExpression(node.parent) ? node.parent.parent : node.parent;
    if (ts.isVariableDeclaration(owner) && ts.isIdentifier(owner.name)) found.push(owner.name.text);
  });
  return found;
}

/** Without the members of enums and constant objects that hold the flag's name and are named nowhere else. */
function withoutMembers(file: string, text: string, flag: string, isDone: (name: string) => boolean): string {
  if (!text.includes(flag)) return text;
  const code = readCode(file, text);
  const edits: Edit[] = [];
  walk(code.source, (node) => {
    const list = ts.isEnumMember(node)
      ? node.parent.members
      : ts.isPropertyAssignment(node)
        ? node.parent.properties
        : null;
    if (list === null || list.length === 1) return;
    const member = node as TS.EnumMember | TS.PropertyAssignment;
    const { initializer } = member;
    if (initializer === undefined || !ts.isStringLiteralLike(initializer) || initializer.text !== flag)
      return;
    if (!ts.isIdentifier(member.name)) return;
    const { text: name } = member.name;
    if (text.split(wordOf(name)).length === 2 && isDone(name)) edits.push(cutFromList(code, member, list));
  });
  return applyEdits(text, edits);
}
