/** A process beside the bench that is asked over IPC: both ends of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ChildOptions {
  /** Makes the command line another one, e.g. pinned to a core. */
  readonly command?: (line: readonly string[]) => readonly [string, readonly string[]];
  readonly env?: NodeJS.ProcessEnv;
}

type Reply = { readonly result?: unknown; readonly error?: string };

/** Ends with the process that started it. */
export class Child {
  /** What it said first. */
  readonly hello: unknown;
  readonly #process: ChildProcess;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, hello: unknown) {
    this.#process = child;
    this.hello = hello;
  }

  /** @param entry a file that calls `answer` */
  static async start(entry: URL, options: ChildOptions = {}): Promise<Child> {
    const line = [process.execPath, fileURLToPath(entry)] as const;
    const [command, args] = options.command?.(line) ?? [line[0], line.slice(1)];
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...options.env },
      // JSON has no Infinity, which is how long an answer that never came has taken.
      serialization: 'advanced',
    });
    return new Child(child, await replyOf(child));
  }

  /** One question after the other. @throws Error what the other side has thrown, or that it has ended */
  ask(question: unknown): Promise<unknown> {
    const asked = this.#queue.then(() => {
      const reply = replyOf(this.#process);
      this.#process.send(question as object);
      return reply;
    });
    this.#queue = asked.catch(() => undefined);
    return asked;
  }

  /** Says something that is not answered. */
  tell(news: object): void {
    if (this.#process.connected) this.#process.send({ news });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}

async function replyOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() =>
        Promise.reject(new Error('a process of the bench has ended')),
      ),
    ])) as [Reply];
    if (message.error !== undefined) throw new Error(message.error);
    return message.result;
  } finally {
    over.abort();
  }
}

/** The other end: says hello, answers what it is asked, and ends when its parent does. */
export function answer<Ask, News = never>(
  hello: unknown,
  handle: (ask: Ask) => Promise<unknown>,
  hear?: (news: News) => void,
): void {
  const reply = (message: Reply): void => void process.send?.(message);
  process.on('message', (message: Ask | { readonly news: News }) => {
    if (typeof message === 'object' && message !== null && 'news' in message) return hear?.(message.news);
    void handle(message as Ask).then(
      (result) => reply({ result }),
      (error: unknown) =>
        reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  reply({ result: hello });
}
