import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';

const HEADER = 'x-facehash-stand-in';
/** For what is told of five hundred rejected photos. */
export const STAND_IN_BYTES_MAX = 1024 ** 2;

const schema = z.strictObject({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.unknown() });

/** What a call may be answered in place of the answer that it waits for. */
export type StandIn = Readonly<z.output<typeof schema>>;

/** Told to the replica that handed the call on, ahead of the answer: it may have to stop before that comes. */
export function tellStandIn(raw: ServerResponse, standIn: StandIn): void {
  raw.writeEarlyHints({ link: '</v1/model>; rel=monitor', [HEADER]: encodeURIComponent(JSON.stringify(standIn)) });
}

export function standInOf(headers: IncomingHttpHeaders): StandIn | undefined {
  const text = headers[HEADER];
  if (typeof text !== 'string') return undefined;
  try {
    return schema.safeParse(JSON.parse(decodeURIComponent(text))).data;
  } catch {
    return undefined;
  }
}
