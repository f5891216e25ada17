import type { Client } from 'minio';

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

export type Headers = Readonly<Record<string, string>>;

export interface Head {
  readonly revision: string;
  readonly writeId: string | undefined;
}

export interface Fetched {
  readonly bytes: Uint8Array;
  readonly revision: string;
  /** As it was written down at the write; other tools write none. */
  readonly sha256: string | undefined;
}

export interface Part {
  readonly part: number;
  readonly etag: string;
}

const SHA256 = 'x-amz-meta-sha256';
/** Drawn for each write: by it, a write whose answer was lost is recognised. */
const WRITE_ID = 'x-amz-meta-write-id';

/** What is stored beside the bytes. */
export function objectHeaders(sha256: string, writeId: string): Headers {
  return { 'content-type': 'application/octet-stream', [SHA256]: sha256, [WRITE_ID]: writeId };
}

export async function headObject(client: Client, { bucket, key }: ObjectAddress): Promise<Head> {
  const { headers } = await client.makeRequestAsyncOmit({ method: 'HEAD', bucketName: bucket, objectName: key });
  return { revision: revisionOf(headers.etag), writeId: textOf(headers[WRITE_ID]) };
}

/** Rejects when fewer bytes came than were announced. */
export async function getObject(client: Client, { bucket, key }: ObjectAddress): Promise<Fetched> {
  const response = await client.makeRequestAsync({ method: 'GET', bucketName: bucket, objectName: key });
  const announced = Number(response.headers['content-length'] ?? Number.NaN);
  const bytes = new Uint8Array(Number.isSafeInteger(announced) ? announced : 0);
  const surplus: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response)) {
    if (length + chunk.length <= bytes.length) bytes.set(chunk, length);
    else surplus.push(chunk);
    length += chunk.length;
  }
  if (length < bytes.length) throw new Error('an object came in part');
  const sha256 = textOf(response.headers[SHA256]);
  return {
    // Without a length that was announced, nothing was set in place.
    bytes: surplus.length === 0 ? bytes : new Uint8Array(Buffer.concat(surplus)),
    revision: revisionOf(response.headers.etag),
    sha256: sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
  };
}

/** The new revision. Not the client's `putObject`, which copies the bytes twice. */
export async function putObject(
  client: Client,
  { bucket, key }: ObjectAddress,
  { body, sha256, headers }: { readonly body: Buffer; readonly sha256: string; readonly headers: Headers },
): Promise<string> {
  const options = {
    method: 'PUT',
    bucketName: bucket,
    objectName: key,
    headers: { ...headers, 'content-length': body.length },
  };
  const response = await client.makeRequestStreamAsync(options, body, sha256, [200], '');
  await textIn(response); // to its end, so that the socket is free
  return revisionOf(response.headers.etag);
}

/** The new revision. Not the client's own call, which takes no headers, and so no condition. */
export async function completeUpload(
  client: Client,
  { bucket, key }: ObjectAddress,
  { uploadId, parts, headers }: { readonly uploadId: string; readonly parts: readonly Part[]; readonly headers: Headers },
): Promise<string> {
  const listed = parts.map(({ part, etag }) => `<Part><PartNumber>${part}</PartNumber><ETag>${etag}</ETag></Part>`).join('');
  const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed}</CompleteMultipartUpload>`;
  const query = `uploadId=${encodeURIComponent(uploadId)}`;
  const options = { method: 'POST', bucketName: bucket, objectName: key, query, headers: { ...headers } };
  const xml = await textIn(await client.makeRequestAsync(options, body));
  const revision = revisionOf(/<ETag>([^<]+)<\/ETag>/.exec(xml)?.[1]?.replace(/&quot;|&#34;/g, '"'));
  if (revision !== '') return revision;
  // It answers 200 before it has begun, and may then say that it failed.
  throw Object.assign(new Error('an upload was not completed'), { code: /<Code>([^<]+)<\/Code>/.exec(xml)?.[1] });
}

/** Keys of one page after `after`, as they are stored, and whether there are more. The client's own call takes `007` for a number. */
export async function listPage(
  client: Client,
  { bucket, prefix, after, count }: { readonly bucket: string; readonly prefix: string; readonly after: string; readonly count: number },
): Promise<{ readonly objects: readonly { readonly key: string; readonly sizeBytes: number }[]; readonly more: boolean }> {
  const query = `encoding-type=url&list-type=2&max-keys=${count}&prefix=${escaped(prefix)}&start-after=${escaped(after)}`;
  const xml = await textIn(await client.makeRequestAsync({ method: 'GET', bucketName: bucket, query }));
  if (!xml.includes('</ListBucketResult>')) throw new Error('a listing came in part');
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, content = '']) => ({
    key: decodeURIComponent((/<Key>([^<]*)<\/Key>/.exec(content)?.[1] ?? '').replaceAll('+', ' ')),
    sizeBytes: Number(/<Size>(\d+)<\/Size>/.exec(content)?.[1]),
  }));
  return { objects, more: xml.includes('<IsTruncated>true</IsTruncated>') };
}

function revisionOf(etag: string | undefined): string {
  return (etag ?? '').replace(/^W\//, '').replaceAll('"', '');
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

async function* chunksOf(response: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) yield chunk;
}

async function textIn(response: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(response)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** As signatures want it: everything but unreserved characters (RFC 3986). */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
