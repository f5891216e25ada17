import { PIPELINE_ID, portrait } from '@facehash/vision-core';
import { aDescriptor, anAnalysis, FakeFaceAnalyser, someLandmarks } from '@facehash/vision-core/testing';
import { lazyAnalyser } from './lazy-analyser.js';

const photo = new Uint8Array([1]);

function counted(failures = 0) {
  const seen = { opened: 0, closed: 0 };
  const open = async () => {
    seen.opened++;
    if (seen.opened <= failures) throw new Error('no worker');
    return Object.assign(new FakeFaceAnalyser(), {
      close: async () => {
        seen.closed++;
      },
    });
  };
  return { seen, analyser: lazyAnalyser(open) };
}

describe('a lazy analyser', () => {
  it('opens nothing for nobody, and closes nothing then', async () => {
    const { seen, analyser } = counted();
    await analyser.close();
    expect(seen).toEqual({ opened: 0, closed: 0 });
  });

  it('opens once for all who ask at the same time, answers them, and closes', async () => {
    const { seen, analyser } = counted();
    expect(await Promise.all([analyser.analyse(photo, portrait), analyser.describe(photo, someLandmarks(), PIPELINE_ID)])).toEqual([
      anAnalysis(),
      aDescriptor(),
    ]);
    await analyser.close();
    expect(seen).toEqual({ opened: 1, closed: 1 });
  });

  it('tries again after it could not open', async () => {
    const { seen, analyser } = counted(1);
    await expect(analyser.analyse(photo, portrait)).rejects.toThrow('no worker');
    expect(await analyser.analyse(photo, portrait)).toEqual(anAnalysis());
    expect(seen.opened).toBe(2);
  });
});
