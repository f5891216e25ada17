import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import type { Component, Probe, Report } from './plan.js';
import { inOrder, Supervision } from './supervision.js';

const component = (name: string, script: string, given: Partial<Component> = {}): Component => ({
  name,
  argv: ['/bin/sh', '-c', script],
  env: {},
  after: [],
  runs: 'always',
  timeoutMs: 5_000,
  ...given,
});

const task = (name: string, script: string, given: Partial<Component> = {}) => component(name, script, { runs: 'once', ...given });

async function supervised() {
  const folder = await temporaryFolder();
  const reports: Report[] = [];
  const options = {
    logDir: folder.path,
    env: { PATH: '/usr/bin:/bin', DIR: folder.path },
    report: (report: Report) => void reports.push(report),
  };
  const supervision = new Supervision({ ...options, elapsedMs: () => 0 });
  return {
    folder: folder.path,
    supervision,
    happened: () => reports.flatMap((report) => ('component' in report ? [`${report.event} ${report.component}`] : [])),
    async [Symbol.asyncDispose]() {
      supervision.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('components', () => {
  it('start after those that they name are ready, and write to logs of their own', async () => {
    await using of = await supervised();
    const server = component('server', 'echo begun; sleep 0.2; touch "$DIR/there"; exec sleep 60', {
      ready: { kind: 'command', argv: ['test', '-e', join(of.folder, 'there')] },
    });
    await of.supervision.start([task('last', 'test -e "$DIR/there"', { after: ['server'] }), server]);
    expect(of.happened()).toEqual(['started server', 'ready server', 'started last', 'ready last']);
    expect(await readFile(join(of.folder, 'server.log'), 'utf8')).toBe('begun\n');
  });

  it.each([
    ['a task that fails', task('broken', 'echo why; exit 3'), /^broken failed with code 3\. The last lines of .*\nwhy$/],
    ['a task that takes too long', task('slow', 'sleep 60', { timeoutMs: 100 }), /^slow was not ready within 0\.1 s/],
    [
      'a server that ends before it is ready',
      component('gone', 'echo no port; exit 1', { ready: never() }),
      /^gone ended with code 1.*\nno port$/s,
    ],
    [
      'a server that is never ready',
      component('deaf', 'sleep 60', { ready: never(), timeoutMs: 300 }),
      /^deaf was not ready within 0\.3 s/,
    ],
    ['a program that is not there', task('missing', '', { argv: ['/nonexistent'] }), /^missing failed with .*ENOENT/],
  ])('fail with what is to be known of %s', async (_, failing, message) => {
    await using of = await supervised();
    await expect(of.supervision.start([failing, task('after', 'touch "$DIR/after"', { after: [failing.name] })])).rejects.toThrow(message);
    expect(existsSync(join(of.folder, 'after'))).toBe(false);
  });

  it('that end once everything was ready are told, and not started again', async () => {
    await using of = await supervised();
    await of.supervision.start([component('server', 'sleep 0.2; echo bye')]);
    await expect(of.supervision.failed).rejects.toThrow(/^server ended with code 0.*\nbye$/s);
    expect(of.happened()).toEqual(['started server', 'ready server']);
  });

  it('are refused where they wait for each other, or for nobody', () => {
    expect(() => inOrder([task('a', '', { after: ['b'] }), task('b', '', { after: ['a'] })])).toThrow(
      'wait for each other or for nobody: a, b',
    );
    expect(() => inOrder([task('a', '', { after: ['z'] })])).toThrow('for nobody: a');
  });
});

function never(): Probe {
  return { kind: 'command', argv: ['false'] };
}
