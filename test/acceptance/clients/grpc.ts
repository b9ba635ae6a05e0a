import * as grpc from '@grpc/grpc-js';
import { sleep } from '../until.ts';

export interface GrpcReport {
  readonly sent: number;
  readonly answered: number;
  readonly failures: readonly string[];
  readonly versions: ReadonlySet<string>;
  /** Streaming calls that went their whole way. */
  readonly streams: number;
}

const asIs = (value: Buffer): Buffer => value;
const call = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};
const EchoClient = grpc.makeGenericClientConstructor(
  {
    once: { ...call, path: '/acceptance.Echo/Once', requestStream: false, responseStream: false },
    talk: { ...call, path: '/acceptance.Echo/Talk', requestStream: true, responseStream: true },
  },
  'acceptance.Echo',
);

interface Echo extends grpc.Client {
  once(
    message: Buffer,
    done: (error: grpc.ServiceError | null, answer?: Buffer) => void,
  ): grpc.ClientUnaryCall;
  talk(): grpc.ClientDuplexStream<Buffer, Buffer>;
}

/**
 * A real gRPC client with some channels. On each: calls one after the other, and a stream that is kept for a second or
 * two, on which each message is echoed before the next is sent. No retries, which the library would make by itself.
 */
export class GrpcCrowd {
  readonly #channels: readonly Echo[];
  readonly #running: readonly Promise<void>[];
  readonly #failures: string[] = [];
  readonly #versions = new Set<string>();
  #sent = 0;
  #answered = 0;
  #streams = 0;
  #stopped = false;

  /** @param certificate (PEM) whom to trust: then through TLS */
  constructor(address: string, channels: number, certificate: string | null = null) {
    const credentials =
      certificate === null
        ? grpc.credentials.createInsecure()
        : grpc.credentials.createSsl(Buffer.from(certificate));
    const options = { 'grpc.enable_retries': 0, 'grpc.use_local_subchannel_pool': 1 };
    this.#channels = Array.from(
      { length: channels },
      () => new EchoClient(address, credentials, options) as unknown as Echo,
    );
    this.#running = this.#channels.flatMap((channel, index) => [
      this.#calls(channel, index),
      this.#talks(channel, index),
    ]);
  }

  async stop(): Promise<GrpcReport> {
    this.#stopped = true;
    await Promise.all(this.#running);
    for (const channel of this.#channels) channel.close();
    return {
      sent: this.#sent,
      answered: this.#answered,
      failures: this.#failures,
      versions: this.#versions,
      streams: this.#streams,
    };
  }

  async #calls(channel: Echo, index: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      await sleep(5 + Math.random() * 20);
      const message = `call ${turn} of ${index}`;
      this.#sent += 1;
      const answer = await new Promise<string>((resolve) => {
        channel.once(Buffer.from(message), (error, value) => {
          resolve(error === null ? (value?.toString() ?? '') : `! ${error.code} ${error.details}`);
        });
      });
      this.#note(message, answer);
    }
  }

  async #talks(channel: Echo, index: number): Promise<void> {
    while (!this.#stopped) {
      const talk = channel.talk();
      const until = performance.now() + 1000 + Math.random() * 1000;
      const answers = answersOf(talk);
      const before = this.#failures.length;
      const versions = new Set<string>();
      for (let turn = 0; performance.now() < until && this.#failures.length === before; turn++) {
        const message = `word ${turn} of ${index}`;
        this.#sent += 1;
        talk.write(Buffer.from(message));
        versions.add(this.#note(message, await answers.next()));
        await sleep(20);
      }
      talk.end();
      const status = await answers.status;
      if (status !== grpc.status.OK) this.#failures.push(`a stream of channel ${index} ended with ${status}`);
      if (versions.size !== 1)
        this.#failures.push(`a stream of channel ${index} met ${[...versions].join(' and ')}`);
      this.#streams += 1;
    }
  }

  /** @returns the version that answered */
  #note(message: string, answer: string): string {
    const [version = '', echo = ''] = answer.split('|');
    if (echo === message) {
      this.#answered += 1;
      this.#versions.add(version);
    } else this.#failures.push(`${message}: ${answer}`);
    return version;
  }
}

/** What comes on a stream, one by one, and how it ended. */
function answersOf(talk: grpc.ClientDuplexStream<Buffer, Buffer>): {
  next(): Promise<string>;
  readonly status: Promise<grpc.status>;
} {
  const come: string[] = [];
  let wake = (): void => {};
  talk.on('data', (message: Buffer) => {
    come.push(message.toString());
    wake();
  });
  talk.on('error', () => {});
  const status = new Promise<grpc.status>((resolve) => {
    talk.on('status', ({ code, details }) => {
      if (code !== grpc.status.OK) come.push(`! ${code} ${details}`);
      resolve(code);
      wake();
    });
  });
  return {
    status,
    async next() {
      while (come.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return come.shift() ?? '';
    },
  };
}
