import { config } from './config.js';

const s3 = { FACEHASH_S3_ENDPOINT: 'https://s3.example.org', FACEHASH_S3_CREDENTIALS_DIR: '/secrets/s3' };
const mongo = { FACEHASH_MONGODB_URL: 'mongodb://db.example.org/facehash' };

describe('the configuration of the command line', () => {
  it('is this machine and its data folder, unless something else is said', () => {
    expect(config({})).toEqual({ dataDir: './data', url: 'http://127.0.0.1:5000', apiKey: undefined, cluster: undefined });
    expect(config({ FACEHASH_DATA_DIR: '/data', PORT: '5050', FACEHASH_API_KEY: 'key' })).toMatchObject({
      dataDir: '/data',
      url: 'http://127.0.0.1:5050',
      apiKey: 'key',
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(config({ FACEHASH_DATA_DIR: '', FACEHASH_URL: '', FACEHASH_S3_ENDPOINT: '', FACEHASH_MONGODB_URL: '' })).toEqual(config({}));
  });

  it('has people and photos in the stores of a cluster where both are named', () => {
    expect(config({ ...s3, ...mongo }).cluster).toMatchObject({
      s3: { endpoint: 'https://s3.example.org', bucket: 'facehash' },
      mongo: { url: 'mongodb://db.example.org/facehash' },
    });
  });

  it.each([
    ['photos without people', s3],
    ['people without photos', mongo],
  ])('refuses %s', (_, given) => {
    expect(() => config(given)).toThrow('must both be set, or neither');
  });

  it('tells all that is wrong at once, and no secret', () => {
    const read = () =>
      config({ FACEHASH_S3_ENDPOINT: 's3', FACEHASH_MONGODB_URL: 'http://ann:hidden@db', FACEHASH_MONGODB_POOL_SIZE: 'many' });
    for (const name of ['FACEHASH_S3_ENDPOINT', 'FACEHASH_S3_CREDENTIALS_DIR', 'FACEHASH_MONGODB_URL', 'FACEHASH_MONGODB_POOL_SIZE'])
      expect(read).toThrow(name);
    expect(read).not.toThrow('hidden');
  });
});
