import { PlayedSts, sound } from './testing/played-sts.js';
import { assumeRunRole } from './index.js';

const run = { storageId: 'fm-7c2a', durationSeconds: 7200 };

describe('credentials of one training run, where they are those of a role', () => {
  it('are asked of AWS’ own endpoint, in its region, for that role, no longer than it allows, and for the one prefix', async () => {
    await using sts = await PlayedSts.start();
    const roleArn = 'arn:aws-cn:iam::123456789012:role/facehash-training';
    const options = sound({ region: 'cn-north-1', sts: { endpoint: sts.url, roleArn } });
    expect(await assumeRunRole(options, run)).toEqual({
      kind: 'static',
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG',
      sessionToken: 'AQoDYXdzEPT//////////wEXAMPLE==',
      expiresAt: new Date('2026-11-30T10:00:00Z'),
    });

    const [asked] = sts.asked;
    const { Policy, ...said } = Object.fromEntries(new URLSearchParams(asked?.body));
    expect(said).toEqual({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      DurationSeconds: '3600',
      RoleArn: roleArn,
      RoleSessionName: 'facehash-fm-7c2a',
    });
    expect(asked?.headers.authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/cn-north-1\/sts\/aws4_request,/);
    expect(Policy?.length).toBeLessThan(2048);
    expect((JSON.parse(Policy ?? '') as { Statement: { Resource: string[] }[] }).Statement.map(({ Resource }) => Resource)).toEqual([
      ['arn:aws-cn:s3:::facehash/fm-7c2a/*'],
      ['arn:aws-cn:s3:::facehash'],
    ]);
  });

  it('are refused in words that say what is missing where AWS wants a role', async () => {
    await using sts = await PlayedSts.start();
    const asked = assumeRunRole(sound({ sts: { endpoint: sts.url } }), run);
    await expect(asked).rejects.toMatchObject({
      code: 'RUN_NOT_STARTED',
      details: { why: 'STS refused: ValidationError, and no role was named' },
    });
    expect(sts.asked).toHaveLength(1);
  });

  it('are asked for once only of a store that has no STS', async () => {
    await using store = await PlayedSts.start('a store');
    const asked = assumeRunRole(sound({ endpoint: store.url, sts: { roleArn: 'arn:aws:iam::123456789012:role/training' } }), run);
    await expect(asked).rejects.toMatchObject({ code: 'RUN_NOT_STARTED', details: { why: 'STS refused: MethodNotAllowed' } });
    expect(store.asked).toHaveLength(1);
  });
});
