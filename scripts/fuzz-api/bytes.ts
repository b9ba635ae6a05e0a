/** A request as it is written to the socket. */
export interface Head {
  readonly method: string;
  readonly target: string;
  readonly fields?: readonly string[];
  readonly body?: Buffer | string | null;
  readonly version?: string;
}

export const json = 'content-type: application/json';

export function bytesOf({ method, target, fields = [], body = null, version = 'HTTP/1.1' }: Head): Buffer {
  const payload = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0));
  const framed = fields.some((field) => /^(content-length|transfer-encoding):/i.test(field));
  const lines = [
    `${method} ${target} ${version}`,
    'host: teal',
    'x-teal-actor: user:fuzz',
    ...fields,
    ...(body === null || framed ? [] : [`content-length: ${payload.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), payload]);
}

/** The same with one more field, before all others. */
export const withField = (bytes: Buffer, field: string): Buffer =>
  Buffer.from(
    bytes.toString('latin1').replace('\r\n', () => `\r\n${field}\r\n`),
    'latin1',
  );
