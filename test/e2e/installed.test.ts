import { noClusterHere } from '../support/cluster.js';
import { Installation, PLATFORM, RELEASE } from '../support/installation.js';
import { noImages } from '../support/images.js';

const reason = noImages ?? (await noClusterHere());

describe('the chart in a cluster', () => {
  if (reason === undefined) installed();
  else it.skip(`is not tested: ${reason}`, () => undefined);
});

function installed(): void {
  let here: Installation;

  beforeAll(async () => {
    here = await Installation.start({ gpus: 1, more: ['trainer-gpu'] });
  });

  afterAll(() => here[Symbol.asyncDispose]());

  it('passes its own test, which enrols, trains and recognises', async () => {
    expect(await here.helm('test', RELEASE, '--timeout', '240s')).toMatch(/^Phase: +Succeeded$/m);
    expect(await here.kubectl.run('get', 'fm,jobs', '-n', PLATFORM, '-o', 'name')).toBe('');
  });
}
