import { errorCodes, type TealError } from '../../errors.ts';

/** An error as the API tells it. */
export const refusal = (error: TealError): Response =>
  Response.json(error.toJSON(), { status: errorCodes[error.code].status });
