import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { CommandFailed, type CliContext } from './context.js';
import { photosIn, type PhotoFile } from './photos.js';
import { openProgress } from './progress.js';
import { asSentence, refusalIn, Server, type Answer, type ServerOptions } from './server.js';
import { table } from './table.js';

/** Below what a server takes in one call by default: 500 photos, 200 MB. */
const CALL = { photosMax: 100, bytesMax: 100 * 1024 ** 2 };
/** A call may wait for its upload and for training: longer than a server waits by default, which is 300 s. */
const CALL_TIMEOUT_MS = 15 * 60_000;

const trained = z.object({
  trainingSuccess: z.literal([0, 1]),
  version: z.string().optional(),
  accepted: z.number().optional(),
  rejected: z.array(z.object({ index: z.number(), code: z.string(), detail: z.string() })).optional(),
});

interface Rejected {
  readonly file: string;
  readonly code: string;
  readonly detail: string;
}

export interface EnrolOptions extends ServerOptions {
  readonly json?: true;
  /** How long to wait for the version, in all. */
  readonly waitMs: number;
}

/** Sends the photos of one person and waits for the version that knows them. Gives the exit code. */
export async function enrol(
  { name, paths }: { readonly name: string; readonly paths: readonly string[] },
  options: EnrolOptions,
  context: CliContext,
): Promise<number> {
  const photos = await photosIn(paths);
  const server = await Server.open(options, context);
  const enrolment = new EnrolmentCalls(name, server, context);
  const answer = await enrolment.untilTrained(await enrolment.sendAll(photos), options.waitMs);
  const result = { name, photos: photos.length, accepted: enrolment.accepted.length, rejected: enrolment.rejected };
  const version = trained.safeParse(answer.body).data?.version;
  if (options.json) context.write(`${JSON.stringify({ ...result, version: version ?? null, ...failureIn(answer) })}\n`);
  else context.write(asText(result, version));
  if (version !== undefined) return 0;
  if (!options.json) context.complain(`facehash: ${sentence(answer)}\n`);
  return 1;
}

/** The calls that bring one person's photos: as many as one call takes, and a last one that waits. */
class EnrolmentCalls {
  readonly accepted: PhotoFile[] = [];
  readonly rejected: Rejected[] = [];

  constructor(
    private readonly name: string,
    private readonly server: Server,
    private readonly context: CliContext,
  ) {}

  /** The answer to the last of the calls. */
  async sendAll(photos: readonly PhotoFile[]): Promise<Answer> {
    const calls = inCalls(photos);
    using bar = openProgress(this.context, 'sending', total(photos));
    let sent = 0;
    for (const [i, files] of calls.entries()) {
      const answer = await this.#send(files, { waits: i === calls.length - 1, onBytes: (bytes) => bar.update(sent + bytes) });
      this.#sort(files, answer);
      sent += total(files);
      if (i === calls.length - 1 || !wentOn(answer)) return answer;
    }
    throw new CommandFailed('there was nothing to send');
  }

  /** A photo that the server has joins the run that is trained on it. */
  async untilTrained(first: Answer, waitMs: number): Promise<Answer> {
    const [photo] = this.accepted;
    const latest = this.context.clock.now().getTime() + waitMs;
    let answer = first;
    while (photo && stillPending(answer) && this.context.clock.now().getTime() < latest)
      answer = await this.#send([photo], { waits: true, onBytes: () => undefined });
    return answer;
  }

  async #send(
    files: readonly PhotoFile[],
    { waits, onBytes }: { readonly waits: boolean; readonly onBytes: (bytes: number) => void },
  ): Promise<Answer> {
    const form = await formOf(this.name, files);
    return this.server.post({
      path: '/train',
      make: () => {
        const { headers, body } = new Response(form);
        const type = headers.get('content-type') ?? 'multipart/form-data';
        return { headers: { 'content-type': type, ...(waits ? {} : { prefer: 'respond-async' }) }, body: counted(body, onBytes) };
      },
      timeoutMs: CALL_TIMEOUT_MS,
    });
  }

  #sort(files: readonly PhotoFile[], answer: Answer): void {
    const parsed = trained.safeParse(answer.body).data;
    if (parsed?.accepted === undefined) return;
    const rejected = new Map(parsed.rejected?.map((r) => [r.index, r]));
    for (const [i, file] of files.entries()) {
      const why = rejected.get(i);
      if (why) this.rejected.push({ file: file.path, code: why.code, detail: why.detail });
      else this.accepted.push(file);
    }
  }
}

/** The name first, so that the server takes photos in while the rest arrives. Files are read when they are sent. */
async function formOf(name: string, files: readonly PhotoFile[]): Promise<FormData> {
  const form = new FormData();
  form.append('username', name);
  for (const { path } of files) form.append('images', await openAsBlob(path, { type: 'application/octet-stream' }), basename(path));
  return form;
}

async function* counted(body: AsyncIterable<Uint8Array> | null, onBytes: (bytes: number) => void): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
    yield chunk;
    onBytes((bytes += chunk.length));
  }
}

function inCalls(photos: readonly PhotoFile[]): readonly (readonly PhotoFile[])[] {
  const calls: PhotoFile[][] = [];
  let bytes = 0;
  for (const photo of photos) {
    const current = calls.at(-1);
    bytes += photo.sizeBytes;
    if (current && current.length < CALL.photosMax && bytes <= CALL.bytesMax) {
      current.push(photo);
      continue;
    }
    bytes = photo.sizeBytes;
    calls.push([photo]);
  }
  return calls;
}

function total(files: readonly PhotoFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** None of these photos was good, which says nothing of the others. */
function allRejected(answer: Answer): boolean {
  return refusalIn(answer)?.code === 'PHOTOS_REJECTED';
}

function wentOn(answer: Answer): boolean {
  return answer.status === 200 || answer.status === 202 || allRejected(answer);
}

function stillPending(answer: Answer): boolean {
  return answer.status === 202 || allRejected(answer);
}

function failureIn(answer: Answer): { readonly code?: string; readonly detail?: string } {
  const { code, detail } = refusalIn(answer) ?? {};
  return { ...(code === undefined ? {} : { code }), ...(detail === undefined ? {} : { detail }) };
}

function sentence(answer: Answer): string {
  const refused = refusalIn(answer);
  if (refused) return asSentence(refused);
  if (answer.status === 202) return 'the photos are kept, and training still goes on: model show tells when it is done';
  return `the server answered with status ${answer.status}`;
}

function asText(
  { name, photos, accepted, rejected }: { name: string; photos: number; accepted: number; rejected: readonly Rejected[] },
  version: string | undefined,
): string {
  const refused =
    rejected.length === 0
      ? ''
      : `${table(
          ['FILE', 'CODE', 'WHY'],
          rejected.map((r) => [r.file, r.code, r.detail]),
        )}\n`;
  const taken = `${accepted} of ${photos} photos of ${name} are enrolled`;
  return `${refused}${taken}${version === undefined ? '' : `; version ${version} answers`}\n`;
}
