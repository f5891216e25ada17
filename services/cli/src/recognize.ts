import { createReadStream } from 'node:fs';
import { Limiter } from '@facehash/kernel';
import { z } from 'zod';
import type { CliContext } from './context.js';
import { photosIn, type PhotoFile } from './photos.js';
import { openProgress } from './progress.js';
import { asSentence, refusalIn, Server, type ServerOptions } from './server.js';
import { table } from './table.js';

/** Keeps a server of a few cores busy without making it refuse. */
const AT_ONCE = 4;
const CALL_TIMEOUT_MS = 60_000;

const recognition = z.looseObject({
  version: z.string(),
  faces: z.array(z.looseObject({ person: z.looseObject({ name: z.string() }).nullable(), similarity: z.number() })),
});

interface Asked {
  readonly file: string;
  readonly answer: z.output<typeof recognition> | undefined;
  /** Why there is no answer. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

/** Asks about each photo and prints who is on it. Gives the exit code: 1 where a photo got no answer. */
export async function recognize(paths: readonly string[], options: ServerOptions & { json?: true }, context: CliContext): Promise<number> {
  const photos = await photosIn(paths);
  const server = await Server.open(options, context);
  const limiter = new Limiter(AT_ONCE);
  using bar = openProgress(context, 'asking', photos.length);
  let done = 0;
  const asking = photos.map((photo) =>
    limiter.run(async () => {
      const asked = await ask(photo, server);
      bar.update(++done);
      return asked;
    }),
  );
  const all = await Promise.all(asking);
  bar[Symbol.dispose]();
  context.write(options.json ? all.map((asked) => `${JSON.stringify(asJson(asked))}\n`).join('') : asTable(all));
  return all.some(({ failure }) => failure) ? 1 : 0;
}

async function ask({ path, sizeBytes }: PhotoFile, server: Server): Promise<Asked> {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(sizeBytes) };
  const answer = await server.post({
    path: '/v1/recognize',
    make: () => ({ headers, body: createReadStream(path) }),
    timeoutMs: CALL_TIMEOUT_MS,
  });
  const parsed = recognition.safeParse(answer.body);
  if (parsed.success) return { file: path, answer: parsed.data, failure: undefined };
  const refused = refusalIn(answer) ?? { code: 'INTERNAL', detail: `the server answered with status ${answer.status}` };
  return { file: path, answer: undefined, failure: { code: refused.code, message: asSentence(refused) } };
}

function asJson({ file, answer, failure }: Asked): unknown {
  return { file, ...answer, ...failure };
}

function asTable(all: readonly Asked[]): string {
  return table(['FILE', 'FACE', 'NAME', 'SIMILARITY'], all.flatMap(rowsOf));
}

function rowsOf({ file, answer, failure }: Asked): readonly (readonly string[])[] {
  if (!answer) return [[file, '-', failure?.message ?? '', '-']];
  if (answer.faces.length === 0) return [[file, '-', 'no face', '-']];
  return answer.faces.map(({ person, similarity }, i) => [file, String(i + 1), person?.name ?? 'unknown', similarity.toFixed(3)]);
}
