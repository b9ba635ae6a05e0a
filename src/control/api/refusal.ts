import type { TealError } from '../../errors.ts';
import { problemResponse } from './problem.ts';

/** An error as the API tells it. */
export const refusal = (error: TealError): Response => problemResponse(error);
