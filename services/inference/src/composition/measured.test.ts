import { createMetrics } from '@facehash/observability';
import type { Recognition } from '@facehash/recognition';
import { Readiness } from '../health/readiness.js';
import { aRecognisedFace, aRecognition } from '../testing/fake-recogniser.js';
import { storageId, testApi } from '../testing/api.js';
import { measured } from './measured.js';

const options = { faces: 'all', maxFaces: 16, minFaceFraction: 0.1, candidates: 0 } as const;
const unreadable: Recognition = { kind: 'unreadable', problem: 'IMAGE_UNREADABLE', detail: 'no picture' };
const stranger = aRecognisedFace({ person: null });

describe('the metrics of a replica', () => {
  it.each([
    ['somebody who is named', aRecognition({ faces: [stranger, aRecognisedFace()] }), 'known'],
    ['strangers alone', aRecognition({ faces: [stranger, stranger] }), 'unknown'],
    ['no face', aRecognition({ faces: [] }), 'faceless'],
    ['nothing that can be decoded', unreadable, 'unreadable'],
  ])('count a picture of %s', async (_, answer, outcome) => {
    await using api = await testApi();
    const ports = measured(api.ports);
    api.recogniser.answer = answer;
    const model = api.directory.byStorageId(storageId);
    if (!model) throw new Error('the model was published');
    expect(await ports.recogniser.recognise(model, new Uint8Array(), options)).toBe(answer);
    const counts = /^facehash_recognitions_total\{.*/gm;
    const counted = [...(await api.metrics.render()).matchAll(counts)].map(([line]) => line).filter((line) => line.endsWith(' 1'));
    expect(counted).toEqual([`facehash_recognitions_total{outcome="${outcome}"} 1`]);
  });

  it('say which condition of readiness is missing, and which store is away', async () => {
    await using api = await testApi();
    const metrics = createMetrics();
    const away = { ok: false, why: 'no answer within the deadline' };
    const readiness = new Readiness({
      directorySynced: () => true,
      visionReady: () => false,
      dependencies: () => ({ s3: away, nats: { ok: true, why: null } }),
    });
    measured({ ...api.ports, metrics, readiness });
    const text = await metrics.render();
    for (const line of [
      'facehash_readiness{condition="directory"} 1',
      'facehash_readiness{condition="vision"} 0',
      'facehash_readiness{condition="accepting"} 1',
      'facehash_store_reachable{store="s3"} 0',
      'facehash_store_reachable{store="nats"} 1',
      'facehash_erasures_open{state="masking"} 0',
      'facehash_erasure_oldest_seconds 0',
    ])
      expect(text).toContain(line);
  });
});
