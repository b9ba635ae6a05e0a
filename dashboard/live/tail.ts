import { lost } from './ask.ts';

/** When a line of it breaks. */
const againMs = 2000;

/** One JSON document a line, for as long as it goes on; begun again when it breaks. @returns ends it */
export function tail<T>(path: string, told: (lines: readonly T[]) => void): () => void {
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    const response = await fetch(path, { signal: stop.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ''; reader !== undefined;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (rest + value).split('\n');
      rest = pieces.pop() ?? '';
      const lines = pieces.filter((piece) => piece !== '').map((piece) => JSON.parse(piece) as T);
      if (lines.length > 0) told(lines);
    }
  };
  const go = (): void =>
    void run()
      .catch(() => (stop.signal.aborted ? undefined : lost()))
      .then(() => (stop.signal.aborted ? undefined : setTimeout(go, againMs)));
  go();
  return () => stop.abort();
}
