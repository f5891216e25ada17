import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** Everything comes from this server, and what is shown may send nothing elsewhere. Swagger UI writes styles into its elements. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>FaceHash API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** Keys that are typed in are kept by the page only as long as it is open. No validator: that would be a request to somebody else. */
const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', validatorUrl: null, persistAuthorization: false, deepLinking: true });
`;

/** The API document for people, at /docs: Swagger UI as its package has it, without a request to anywhere else. */
export function serveDocs(fastify: FastifyInstance): void {
  const file = (name: string, type: string): void => {
    fastify.get(`/docs/${name}`, (_, reply) => send(reply, type).send(createReadStream(join(swaggerUi, name))));
  };
  fastify.get('/docs', (_, reply) => send(reply, 'text/html; charset=utf-8').header('content-security-policy', policy).send(page));
  fastify.get('/docs/start.js', (_, reply) => send(reply, 'text/javascript; charset=utf-8').send(start));
  file('swagger-ui.css', 'text/css; charset=utf-8');
  file('swagger-ui-bundle.js', 'text/javascript; charset=utf-8');
}

function send(reply: FastifyReply, type: string): FastifyReply {
  return reply
    .type(type)
    .headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'max-age=3600' });
}
