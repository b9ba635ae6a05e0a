import { TealError } from '../errors.ts';
import { Connection, type ExchangeEnd } from './connection.ts';
import { summarise, type LoadReport, type Mark } from './report.ts';
import { Samples, type FailureKind, type Outcome, type Sample } from './samples.ts';
import { parseTarget, prepareShapes, turns, type PreparedShape, type RequestShape } from './shape.ts';

export interface LoadOptions {
  /** Absolute http or https URL. */
  readonly url: string;
  /** Requests per second. */
  readonly rps: number;
  /** Kept-alive connections at most; they are used in turn. Default 16. */
  readonly connections?: number;
  /** The mix. Default: a GET of `url`. */
  readonly shapes?: readonly RequestShape[];
  readonly headers?: Readonly<Record<string, string>>;
  /** From the start of a request to the end of its response, and the longest wait for a free connection. Default 10 s. */
  readonly timeoutMs?: number;
  /** The response header that tells which version answered; else the usual three are looked at. */
  readonly versionHeader?: string;
  /** Tells which version answered; given only when a header is not enough, since bodies are then kept. */
  readonly versionOf?: (headers: ReadonlyMap<string, string>, body: string) => string | null;
  /** Statuses that count as failures. Default: 500 and above. */
  readonly isFailure?: (status: number) => boolean;
  /** Called for each request as it ends. */
  readonly onSample?: (sample: Sample) => void;
}

/** A load that is running. */
export interface Load {
  /** Begins a window of this name: the report has counts and latency for each. */
  mark(name: string): void;
  /** Schedules nothing more, waits for what is under way, and closes all connections. May be called again. */
  stop(): Promise<LoadReport>;
  readonly live: { readonly sent: number; readonly answered: number; readonly failed: number };
}

const versionHeaders = ['x-version', 'x-app-version', 'x-teal-version'];
/** Bounds memory when a server stalls for long at a high rate; far above what waits within a sane timeout. */
const maxQueue = 100_000;
/** How exactly timeouts are told; a timer for each request would cost more than the request. */
const sweepMs = 50;

const epochNow = (): number => performance.timeOrigin + performance.now();

/**
 * Sends requests on a fixed clock, whether or not earlier ones have been answered (an open loop), and counts each
 * latency from the time the clock said, so that a stall is seen by every request that had to wait behind it
 * (no coordinated omission). No request is ever skipped, retried or forgotten: `sent = answered + failed`.
 * @throws TealError `usage` for a URL or a rate that makes no sense
 */
export function runLoad(options: LoadOptions): Load {
  if (!(options.rps > 0 && options.rps <= 100_000)) {
    throw new TealError(
      'usage',
      `Requests per second must be above 0 and at most 100000, not ${options.rps}`,
      {
        remedy: 'Give a rate such as --rps 200',
      },
    );
  }
  const run = new Running(options);
  return {
    mark: (name) => run.mark(name),
    stop: () => run.stop(),
    get live() {
      return run.live;
    },
  };
}

class Running {
  readonly #options: LoadOptions;
  readonly #shapes: readonly PreparedShape[];
  readonly #turns: readonly number[];
  readonly #samples = new Samples();
  readonly #connections: readonly Connection[];
  /** Used in turn, so that each of them is idle for a while and meets what idle connections meet. */
  readonly #free: Connection[];
  /** Indexes of samples that wait for a connection; `#queueHead` is the first that still does. */
  #queue: number[] = [];
  #queueHead = 0;
  readonly #marks: Mark[] = [];
  readonly #problems: Partial<Record<FailureKind, string>> = {};
  readonly #startedAt = epochNow();
  readonly #timeoutMs: number;
  #due = 0;
  #answered = 0;
  #failed = 0;
  #clock: NodeJS.Timeout | undefined;
  readonly #sweep: NodeJS.Timeout;
  #stoppedAt: number | null = null;
  #report: Promise<LoadReport> | null = null;
  #idle: (() => void) | null = null;

  constructor(options: LoadOptions) {
    const target = parseTarget(options.url);
    const shapes = options.shapes ?? [{}];
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#shapes = prepareShapes(target, shapes, options.headers ?? {});
    this.#turns = turns(shapes);
    const connection = {
      target,
      timeoutMs: this.#timeoutMs,
      wantBody: options.versionOf !== undefined,
      isFailure: options.isFailure ?? ((status: number) => status >= 500),
    };
    this.#connections = Array.from({ length: options.connections ?? 16 }, () => new Connection(connection));
    this.#free = [...this.#connections];
    this.#sweep = setInterval(() => this.#expire(), sweepMs);
    this.#tick();
  }

  get live(): Load['live'] {
    return { sent: this.#samples.length, answered: this.#answered, failed: this.#failed };
  }

  mark(name: string): void {
    this.#marks.push({ name, at: epochNow() });
  }

  stop(): Promise<LoadReport> {
    this.#report ??= this.#finish();
    return this.#report;
  }

  async #finish(): Promise<LoadReport> {
    clearTimeout(this.#clock);
    this.#stoppedAt = epochNow();
    if (this.#outstanding > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    clearInterval(this.#sweep);
    for (const connection of this.#connections) connection.close();
    return summarise(
      {
        url: this.#options.url,
        rps: this.#options.rps,
        connections: this.#connections.length,
        startedAt: this.#startedAt,
        stoppedAt: this.#stoppedAt,
        endedAt: epochNow(),
        marks: this.#marks,
        problems: this.#problems,
      },
      this.#samples,
    );
  }

  get #outstanding(): number {
    return this.#samples.length - this.#answered - this.#failed;
  }

  /** Opens all that is due by now: after a pause of this process itself, everything it missed is sent at once. */
  #tick(): void {
    const now = epochNow();
    const interval = 1000 / this.#options.rps;
    while (this.#startedAt + this.#due * interval <= now) {
      const shape = this.#turns[this.#due % this.#turns.length] ?? 0;
      const index = this.#samples.add(this.#startedAt + this.#due * interval, shape);
      this.#due += 1;
      if (this.#queue.length - this.#queueHead >= maxQueue) this.#overload(index);
      else this.#queue.push(index);
    }
    this.#dispatch();
    const wait = this.#startedAt + this.#due * interval - epochNow();
    this.#clock = setTimeout(() => this.#tick(), Math.max(1, Math.ceil(wait)));
  }

  #dispatch(): void {
    while (this.#queueHead < this.#queue.length) {
      const connection = this.#free.shift();
      if (connection === undefined) return;
      const index = this.#queue[this.#queueHead];
      this.#queueHead += 1;
      if (index !== undefined) this.#start(index, connection);
    }
    this.#queue = [];
    this.#queueHead = 0;
  }

  #start(index: number, connection: Connection): void {
    const shape = this.#shapes[this.#samples.at(index).shape];
    if (shape === undefined)
      throw new TealError('internal', 'A load without request shapes', { remedy: 'Report it' });
    connection.start(
      {
        shape,
        onSent: () => this.#samples.sent(index, epochNow()),
        onEnd: (end) => {
          this.#free.push(connection);
          this.#ended(index, end);
          // Not in this stack: a refused connection would otherwise recurse through the whole queue.
          if (this.#queueHead < this.#queue.length) setImmediate(() => this.#dispatch());
        },
      },
      performance.now(),
    );
  }

  #ended(index: number, end: ExchangeEnd): void {
    const version = end.head === null ? null : this.#versionOf(end.head.headers, end.body);
    const status = end.head?.status ?? 0;
    this.#samples.ended(index, { at: epochNow(), status, outcome: end.outcome, version });
    this.#count(end.outcome, end.problem);
    this.#options.onSample?.(this.#samples.at(index));
    if (this.#stoppedAt !== null && this.#outstanding === 0) this.#idle?.();
  }

  #count(outcome: Outcome, problem: string | null): void {
    if (outcome === 'answered') this.#answered += 1;
    else {
      this.#failed += 1;
      this.#problems[outcome] ??= problem ?? outcome;
    }
  }

  #versionOf(headers: ReadonlyMap<string, string>, body: string): string | null {
    if (this.#options.versionOf !== undefined) return this.#options.versionOf(headers, body);
    const names = this.#options.versionHeader === undefined ? versionHeaders : [this.#options.versionHeader];
    const name = names.find((candidate) => headers.has(candidate.toLowerCase()));
    return name === undefined ? null : (headers.get(name.toLowerCase()) ?? null);
  }

  #expire(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.expire(now);
    const oldest = epochNow() - this.#timeoutMs;
    while (this.#queueHead < this.#queue.length) {
      const index = this.#queue[this.#queueHead];
      if (index === undefined || this.#samples.at(index).scheduledAt > oldest) return;
      this.#queueHead += 1;
      this.#overload(index);
    }
  }

  #overload(index: number): void {
    const problem = `all ${this.#connections.length} connections were busy for ${this.#timeoutMs} ms`;
    this.#ended(index, { outcome: 'overloaded', head: null, body: '', problem });
  }
}
