import { otlpReceiver, temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

describe('the traces of the whole product', () => {
  it('show each request with its wait, its stages and its decision, and hold no key, name or photo', async () => {
    await using folder = await temporaryFolder();
    await using collector = await otlpReceiver();
    await using product = await Product.start({ dataDir: folder.path, env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint } });
    const client = new Client(product.url, product.apiKey);
    const photos = await sampleFaces(0, [0, 1, 2]);
    expect((await client.train('Canary Person', photos)).body.trainingSuccess).toBe(1);
    const probe = await sampleFace(0, 3);
    expect((await client.recognize(probe)).body.foundFace).toBe('Canary Person');
    const metrics = await (await fetch(`${product.url}/metrics`)).text();
    await product.stop();

    const byId = new Map(collector.spans.map((span) => [span.spanId, span]));
    const pathOf = (span: (typeof collector.spans)[number]): string => {
      const parent = byId.get(span.parentSpanId ?? '');
      return parent ? `${pathOf(parent)} > ${span.name}` : span.name;
    };
    const paths = collector.spans.map(pathOf);
    for (const path of [
      'POST / > vision.queue',
      'POST / > vision.analyse > decode',
      'POST / > vision.analyse > detect',
      'POST / > vision.analyse > landmarks',
      'POST / > vision.analyse > descriptor',
      'POST / > decide',
      'POST /train > photo.intake > vision.analyse > landmarks',
      'training.run',
    ]) {
      expect(paths).toContain(path);
    }
    for (const stage of ['decode', 'detect', 'landmarks', 'descriptor', 'vision', 'decide']) {
      expect(metrics).toContain(`facehash_stage_duration_seconds_count{stage="${stage}"}`);
    }
    const canaries = [product.apiKey.slice(4, 20), 'Canary', probe.toString('base64').slice(0, 40)];
    for (const canary of canaries) for (const text of [collector.received, metrics, product.printed]) expect(text).not.toContain(canary);
  });
});
