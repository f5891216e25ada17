import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import type { Probe } from './plan.js';

const timeoutMs = 2_000;

/** Whether it answers now, within two seconds. */
export async function answers(probe: Probe): Promise<boolean> {
  switch (probe.kind) {
    case 'command':
      return succeeds(probe.argv);
    case 'http':
      return (await statusOf(probe.url, probe.ca)) === 200;
  }
}

function succeeds([command = '', ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error) => resolve(error === null));
  });
}

async function statusOf(url: string, caFile: string | undefined): Promise<number | undefined> {
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  return new Promise((resolve) => {
    const onAnswer = (answer: IncomingMessage): void => {
      answer.resume();
      resolve(answer.statusCode);
    };
    // A connection for each question: what is asked rarely and may die needs none that is kept.
    const request = url.startsWith('https:')
      ? getHttps(url, { ca, agent: false, timeout: timeoutMs }, onAnswer)
      : getHttp(url, { agent: false, timeout: timeoutMs }, onAnswer);
    request.on('timeout', () => request.destroy()).on('error', () => resolve(undefined));
  });
}
