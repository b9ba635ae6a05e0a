import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import type { Parser } from '../sql/parser.ts';
import { emptyCorpus, mergeCorpora, type Corpus } from './corpus.ts';
import { corpusOfSql, readCorpus } from './corpus-file.ts';

/** Statements of files: what `teal db collect` has written, `.sql`, and folders with both. @throws TealError `usage`, `corpus-invalid` */
export async function corpusOfFiles(parser: Parser, cwd: string, given: readonly string[]): Promise<Corpus> {
  const corpora: Corpus[] = [];
  for (const each of given)
    for (const file of await filesAt(path.resolve(cwd, each), each)) {
      const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
      const shown = path.relative(cwd, file) || file;
      corpora.push(
        /\.sql$/i.test(file) ? corpusOfSql(parser, { path: shown, text }) : readCorpus({ path: shown, text }),
      );
    }
  return mergeCorpora([emptyCorpus, ...corpora]);
}

async function filesAt(absolute: string, given: string): Promise<readonly string[]> {
  const found = await stat(absolute).catch(() => null);
  if (found === null)
    throw new TealError('usage', `There is no file or folder ${given}`, {
      remedy: 'Statements come from teal db collect --out corpus.jsonl, or from files with SQL',
    });
  if (!found.isDirectory()) return [absolute];
  const entries = await readdir(absolute, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(?:sql|jsonl)$/i.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted();
}
