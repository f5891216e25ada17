import { sortOutput } from './compile.mjs';
import { environmentOfPrograms, majorOf } from './node-runtime.mjs';
import { notInstalled } from './system-libraries.mjs';

it('dpkg’s listing tells what is not completely installed', () => {
  const listing = 'curl installed\nmake config-files\npython3 installed\n';
  expect(notInstalled(['curl', 'make', 'python3', 'opencv-data'], listing)).toEqual(['make', 'opencv-data']);
});

it('tsc’s output is its messages and the number of files that it wrote', () => {
  const output = 'TSFILE: /a/dist/a.js\nsrc/b.ts(1,1): error TS1005\nTSFILE: /a/dist/c.js';
  expect(sortOutput(output)).toEqual({ emitted: 2, messages: 'src/b.ts(1,1): error TS1005' });
});

it.each([
  ['v24.21.0', 24],
  ['v20.1.0', 20],
  [undefined, 0],
])('the major version of %s is %d', (version, major) => expect(majorOf(version)).toBe(major));

it('programs find their own Node first and keep the options that the user gave', () => {
  const env = environmentOfPrograms({ node: '/srv/bin/node', env: { PATH: '/usr/bin', NODE_OPTIONS: '--max-old-space-size=512' } });
  expect(env.PATH).toBe('/srv/bin:/usr/bin');
  expect(env.NODE_OPTIONS).toBe('--max-old-space-size=512 --disable-warning=ExperimentalWarning');
});
