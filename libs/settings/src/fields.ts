import { z } from 'zod';

/** Name of a variable, and what is wrong with it. */
export type Fault<Name extends PropertyKey> = readonly [name: Name, message: string];

const path = (): z.ZodString => z.string().min(1).max(4096);

export const file = path();
export const folder = path();
export const seconds = z.coerce.number().positive().max(86_400);
