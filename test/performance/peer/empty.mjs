import { finished } from 'node:stream/promises';
import Fastify from 'fastify';
import { collectDefaultMetrics, register } from 'prom-client';

// A Fastify server that takes the same requests and does nothing: what the delay of an event loop is compared with. It measures itself as
// the product does. Prints its URL; ends when its standard input is closed.

collectDefaultMetrics();
const app = Fastify({ bodyLimit: 300 * 1024 ** 2 });
app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
for (const path of ['/', '/train']) {
  app.post(path, async ({ raw }) => {
    await finished(raw.resume());
    return { foundFlag: 0, foundFace: null };
  });
}
app.get('/health/live', async () => ({ status: 'ok' }));
app.get('/metrics', () => register.metrics());
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
console.log(`http://127.0.0.1:${process.env.PORT}`);
process.stdin.resume().on('end', () => process.exit());
