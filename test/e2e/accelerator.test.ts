import { temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { applyModel, facehash } from '../support/command-line.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

interface Listed {
  readonly phase: string;
  readonly activeVersion: { readonly name: string; readonly backend: string } | null;
  readonly training: { readonly lastFailure: { readonly code: string; readonly attempt: number } | null };
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
}

describe('a FaceModel that demands a GPU on a machine without one', () => {
  it('says so and goes on answering, and is trained once it may do without', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const client = new Client(product.url, product.apiKey);
    const status = async (): Promise<Listed> => {
      const [model] = JSON.parse(await facehash(folder.path, '--json', 'model', 'list')) as [{ status: Listed }];
      return model.status;
    };
    const until = async (holds: (status: Listed) => boolean): Promise<Listed> => {
      for (let seen = await status(); ; seen = await status()) if (holds(seen)) return seen;
    };
    const accelerator = (onUnavailable: string) => applyModel('default', folder.path, { training: { accelerator: { onUnavailable } } });
    await client.train('Ann', await sampleFaces(0, [0, 1, 2]));
    const { activeVersion } = await status();

    await accelerator('Wait');
    await client.train('Bob', await sampleFaces(1, [0, 1, 2]), { prefer: 'respond-async' });
    const refused = await until(({ training }) => (training.lastFailure?.attempt ?? 0) > 1);
    expect(refused).toMatchObject({ activeVersion, training: { lastFailure: { code: 'GPU_UNAVAILABLE', final: false } } });
    const waiting = await until(({ phase }) => phase === 'Degraded');
    expect(waiting.conditions.find(({ type }) => type === 'Stalled')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/demands a GPU.*computes on wasm.*trying again/),
    });
    expect((await client.recognize(await sampleFace(0, 5))).body).toMatchObject({ foundFace: 'Ann', version: activeVersion?.name });

    await accelerator('UseCpu');
    const trained = await until(({ phase, activeVersion: now }) => phase === 'Ready' && now?.name !== activeVersion?.name);
    expect(trained.activeVersion?.backend).toBe('wasm');
    expect((await client.recognize(await sampleFace(1, 5))).body).toMatchObject({ foundFace: 'Bob' });
    await product.stop();
  }, 120_000);
});
