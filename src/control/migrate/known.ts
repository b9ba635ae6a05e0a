import {
  emptyCorpus,
  keyOf,
  mergeCorpora,
  type Corpus,
  type Statement,
} from '../../database/prove/corpus.ts';

/** More distinct ones than this no server keeps by default (pg_stat_statements.max). */
const mostStatements = 5000;
/** A list of a thousand values makes a text of ten thousand characters, and each length of it a statement of its own. */
const mostCharacters = 8_000_000;

/**
 * What is known of a version: in the order in which its statements were last seen. When there are too many those go that nobody has sent
 * for the longest time, and of one look the rarest, so that one which has only just begun to be sent is never kept out by those of before.
 */
export class Known {
  #about: Corpus;
  readonly #statements: Map<string, Statement>;
  #characters: number;

  /** @param corpus as it was kept: seen longest ago first */
  constructor(corpus: Corpus = emptyCorpus) {
    this.#about = { ...corpus, statements: [] };
    this.#statements = new Map(corpus.statements.map((each) => [keyOf(each), each]));
    this.#characters = corpus.statements.reduce((sum, { text }) => sum + text.length, 0);
  }

  get corpus(): Corpus {
    return { ...this.#about, statements: [...this.#statements.values()] };
  }

  /** Takes as long as there is news, however much is known. @returns whether one of them was not known */
  add(news: Corpus): boolean {
    this.#about = mergeCorpora([this.#about, { ...news, statements: [] }]);
    let isNew = false;
    for (const each of news.statements.toSorted((one, other) => one.calls - other.calls)) {
      const key = keyOf(each);
      const before = this.#statements.get(key);
      // Put in anew: a Map is in the order in which that was done.
      this.#statements.delete(key);
      this.#statements.set(
        key,
        before === undefined ? each : { ...before, calls: before.calls + each.calls },
      );
      if (before !== undefined) continue;
      this.#characters += each.text.length;
      isNew = true;
    }
    this.#makeRoom();
    return isNew;
  }

  #makeRoom(): void {
    let gone = 0;
    for (const [key, { text }] of this.#statements) {
      if (this.#statements.size <= mostStatements && this.#characters <= mostCharacters) break;
      this.#statements.delete(key);
      this.#characters -= text.length;
      gone++;
    }
    this.#about = { ...this.#about, evicted: this.#about.evicted + gone };
  }
}
