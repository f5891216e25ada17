import { mkdir, readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { apiKeyHash, newApiKey } from '@facehash/facemodel';
import { aManifest, InMemoryFaceModels } from '@facehash/facemodel/testing';
import { FaceHashError, noTracer, seededRandom, systemClock } from '@facehash/kernel';
import { FakeClock, RecordingLogger } from '@facehash/kernel/testing';
import { apiKeyFile, KeyFiles } from '@facehash/key-files';
import { temporaryFolder } from '@facehash/testing';
import { builtIn, frame } from '@facehash/vision-core';
import { anAnalysis, FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { crashPoint } from '../composition/crash-points.js';
import { lockDataDir } from './data-lock.js';
import { ensureDefaultModel } from './default-model.js';
import { greeting } from './greeting.js';
import { patientAnalyser } from '../composition/patient-analyser.js';
import { lookAtSample } from '../composition/self-test.js';
import { withStage } from '../composition/tracing.js';

describe('a data folder', () => {
  it('belongs to one server at a time, and the second is told to whom', async () => {
    await using folder = await temporaryFolder();
    const lock = await lockDataDir(folder.path);
    await expect(lockDataDir(folder.path)).rejects.toThrow(
      new RegExp(`process ${process.pid}\\) uses the data folder .*FACEHASH_DATA_DIR`),
    );
    lock.release();
    (await lockDataDir(folder.path)).release();
  });

  it('is free again when its server was killed', async () => {
    await using folder = await temporaryFolder();
    const program = `const db = new (require('node:sqlite').DatabaseSync)(process.argv[1]); db.exec('BEGIN EXCLUSIVE'); console.log('locked'); setInterval(() => {}, 1000)`;
    const holder = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', program, join(folder.path, 'server.lock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    await expect(lockDataDir(folder.path)).rejects.toThrow('uses the data folder');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    (await lockDataDir(folder.path)).release();
  });
});

describe('the model of the first start', () => {
  const context = { clock: systemClock, random: seededRandom(1), logger: new RecordingLogger() };

  it('is called default and has its key in a file', async () => {
    await using folder = await temporaryFolder();
    const models = new InMemoryFaceModels();
    await ensureDefaultModel({ models, keys: new KeyFiles(folder.path), bootstrapApiKey: undefined, ...context });
    const key = (await readFile(apiKeyFile(folder.path, 'default'), 'utf8')).trim();
    expect((await models.find('default'))?.apiKeyHashes).toEqual([apiKeyHash(key)]);
  });

  it('has the key that it was given', async () => {
    await using folder = await temporaryFolder();
    const models = new InMemoryFaceModels();
    const bootstrapApiKey = newApiKey(seededRandom(7));
    await ensureDefaultModel({ models, keys: new KeyFiles(folder.path), bootstrapApiKey, ...context });
    expect((await models.find('default'))?.apiKeyHashes).toEqual([apiKeyHash(bootstrapApiKey)]);
    expect((await readFile(apiKeyFile(folder.path, 'default'), 'utf8')).trim()).toBe(bootstrapApiKey);
  });

  it('stays as its owner changed it, and keeps its key', async () => {
    await using folder = await temporaryFolder();
    const models = new InMemoryFaceModels();
    await models.apply(aManifest('default', { displayName: 'Mine' }), { uid: 'fm-mine-0001', apiKeyHashes: ['h'], now: new Date(0) });
    const logger = new RecordingLogger();
    await ensureDefaultModel({ models, keys: new KeyFiles(folder.path), bootstrapApiKey: newApiKey(seededRandom(7)), ...context, logger });
    expect(await models.find('default')).toMatchObject({ uid: 'fm-mine-0001', spec: { displayName: 'Mine' }, apiKeyHashes: ['h'] });
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
  });
});

describe('a crash point', () => {
  it('is hit at the n-th passing of its checkpoint and at no other', () => {
    let kills = 0;
    const passing = crashPoint('photo.row:2', () => kills++);
    for (const name of ['photo.stored', 'photo.row', 'photo.counted'] as const) passing?.(name);
    expect(kills).toBe(0);
    passing?.('photo.row');
    passing?.('photo.row');
    expect(kills).toBe(1);
  });

  it('is hit at the first passing when no number is given, and never without a name', () => {
    let kills = 0;
    crashPoint('snapshot.created', () => kills++)?.('snapshot.created');
    expect(kills).toBe(1);
    expect(crashPoint(undefined)).toBeUndefined();
  });

  it('must be one that there is', () => {
    expect(() => crashPoint('photo.sold')).toThrow('photo.stored');
  });
});

describe('an analyser with patience', () => {
  it('waits for room instead of giving up', async () => {
    const clock = new FakeClock();
    const analyser = new FakeFaceAnalyser();
    analyser.nextError = new FaceHashError('OVERLOADED');
    const answer = patientAnalyser(analyser, { clock, random: seededRandom(1), atOnce: 2 }).analyse(Buffer.from('x'), frame);
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
    expect(await answer).toMatchObject({ readable: true });
  });

  it('passes on every other failure at once', async () => {
    const analyser = new FakeFaceAnalyser();
    analyser.nextError = new FaceHashError('DEADLINE_EXCEEDED');
    await expect(
      patientAnalyser(analyser, { clock: new FakeClock(), random: seededRandom(1), atOnce: 2 }).analyse(Buffer.from('x'), frame),
    ).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('stops waiting when the call is given up', async () => {
    const clock = new FakeClock();
    const analyser = new FakeFaceAnalyser();
    analyser.nextError = new FaceHashError('OVERLOADED');
    const gone = new AbortController();
    const answer = patientAnalyser(analyser, { clock, random: seededRandom(1), atOnce: 2 }).analyse(Buffer.from('x'), frame, gone.signal);
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
    gone.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
  });
});

describe('a stage of the work', () => {
  it('is measured by its span, also when it fails, and other spans are not', () => {
    const observed: string[] = [];
    const tracer = withStage(noTracer, 'decide', { observeStage: (stage) => observed.push(stage) });
    expect(tracer.span('decide', () => 7)).toBe(7);
    expect(() =>
      tracer.span('decide', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    tracer.span('other', () => undefined);
    expect(observed).toEqual(['decide', 'decide']);
  });
});

describe('the inference at the start', () => {
  it('says what it saw in a picture that is really there', async () => {
    const seen = await lookAtSample(new FakeFaceAnalyser(), { clock: new FakeClock(), pipeline: builtIn });
    expect(seen).toEqual({ faces: 1, width: 250, height: 250, ms: 0 });
  });

  it.each([
    ['finds nobody', anAnalysis({ faces: [] }), 'no face'],
    ['cannot read it', { readable: false, problem: 'IMAGE_UNREADABLE', detail: 'no decoder' } as const, 'no decoder'],
  ])('is an error when it %s', async (_how, analysis, message) => {
    const analyser = new FakeFaceAnalyser();
    analyser.otherwise = analysis;
    await expect(lookAtSample(analyser, { clock: new FakeClock(), pipeline: builtIn })).rejects.toThrow(message);
  });
});

describe('the greeting', () => {
  const seen = { faces: 3, width: 640, height: 480, ms: 85 };

  it('says what was seen, where the key is, and what to paste', () => {
    const text = greeting({ url: 'http://127.0.0.1:5000', keyFile: './data/api-key', key: undefined, seen });
    expect(text).toContain('saw 3 faces');
    expect(text).toContain('curl -s http://127.0.0.1:5000/train -H "x-api-key: $(cat ./data/api-key)"');
  });

  it('links to the page, with the key where a person reads it and without it where a log may keep it', () => {
    const key = newApiKey(seededRandom(7));
    const facts = { url: 'http://127.0.0.1:5000', keyFile: './data/api-key', seen };
    expect(greeting({ ...facts, key })).toContain(`http://127.0.0.1:5000/#key=${key}\n`);
    expect(greeting({ ...facts, key: undefined })).toContain('http://127.0.0.1:5000/\n');
    expect(greeting({ ...facts, key: undefined })).not.toContain('fhk_');
  });

  it('can be pasted whatever the folder is called', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "o'clock files"));
    const text = greeting({ url: 'http://x', keyFile: join(folder.path, "o'clock files", 'api-key'), key: undefined, seen });
    expect(text).toContain(`o'\\''clock files/api-key')"`);
  });
});
