import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Beside `src` and `dist` alike. Browsers run these files as they lie there. */
const folder = new URL('../../page/', import.meta.url);

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Everything comes from this server, and nothing is sent elsewhere. `blob:` is what a person chose or the webcam saw. */
const policyOfPage = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** An evaluation report has its styles inside. It asks for nothing, and the frame is sandboxed besides. */
const policyOfReport = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const common = {
  // Kept, and asked about each time: a new version of the program shows its own page at once.
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(self), microphone=(), geolocation=()',
  'cross-origin-opener-policy': 'same-origin',
};

/** The page at `/`, to try the API with. Its files are few and small, and are held in memory. */
export async function servePage(fastify: FastifyInstance): Promise<void> {
  for (const name of await readdir(folder)) {
    const type = mediaTypes[extname(name)];
    if (type === undefined) continue;
    const bytes = await readFile(new URL(name, folder));
    const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    const policy = name === 'report.html' ? policyOfReport : policyOfPage;
    const headers = { ...common, etag, 'content-type': type, 'content-security-policy': policy };
    fastify.get(name === 'index.html' ? '/' : `/page/${name}`, (request, reply) => send(request, reply.headers(headers), bytes));
  }
}

function send({ headers }: FastifyRequest, reply: FastifyReply, bytes: Buffer): FastifyReply {
  const known = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known.includes(String(reply.getHeader('etag'))) ? reply.status(304).send() : reply.send(bytes);
}
