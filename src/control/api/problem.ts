import { errorCodes, type ErrorCode, type TealError } from '../../errors.ts';

export const problemType = 'application/problem+json';

/** The code in words. */
export const titleOf = (code: ErrorCode): string =>
  `${code.charAt(0).toUpperCase()}${code.slice(1).replaceAll('-', ' ')}`;

/** An error as RFC 9457 has it; `type` is a path of this API. */
export function problemOf(error: TealError): {
  readonly status: number;
  readonly code: ErrorCode;
} & Readonly<Record<string, unknown>> {
  const { code, message, remedy, details } = error;
  const { status } = errorCodes[code];
  return {
    type: `/v1/errors/${code}`,
    title: titleOf(code),
    status,
    detail: message,
    code,
    remedy,
    details,
  };
}

/** What clients look for beside the body (RFC 9110, 15.5.6; RFC 6750, 3; RFC 6585, 4). */
export function hintsOf({ code, details }: TealError): Readonly<Record<string, string>> {
  const { allow, retryAfterSeconds } = details;
  return {
    ...(errorCodes[code].status === 401 ? { 'www-authenticate': 'Bearer realm="teal"' } : {}),
    ...(typeof allow === 'string' ? { allow } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { 'retry-after': String(retryAfterSeconds) } : {}),
  };
}

export function problemResponse(error: TealError): Response {
  const problem = problemOf(error);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'content-type': problemType, 'cache-control': 'no-store', ...hintsOf(error) },
  });
}
