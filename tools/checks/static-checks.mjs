import { join } from 'node:path';
import { run } from '../process/children.mjs';
import { oneFailed, onePassed } from './report.mjs';

const timeoutMs = 10 * 60_000;
const environment = {
  // Nx has two plugins here: workers for them would only leave sockets in the temporary folder.
  NX_ISOLATE_PLUGINS: 'false',
  // What is captured and shown later is plain text, without a terminal in between.
  NX_NATIVE_COMMAND_RUNNER: 'false',
  FORCE_COLOR: '0',
};
/** What the boundary rule prints, with exit code 0, when it finds no project graph and therefore checks nothing. */
const checkedNothing = 'The rule will be skipped';

/** The checks that need no running program: name and command of each. */
const checks = [
  ['types of tests', ['node_modules/typescript/bin/tsc', '--pretty', 'false', '--project', 'tsconfig.tests.json']],
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']],
  ['lint and module boundaries', ['node_modules/nx/dist/bin/nx.js', 'run', 'facehash:lint']],
  ['dead code', ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints']],
  [
    'dead public names',
    ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints', '--include-entry-exports', '--include', 'exports'],
  ],
];

/** @returns stages for `Report`: each runs one tool and shows what it printed only if it failed */
export function staticChecks({ root, node, env }) {
  return checks.map(([name, [script, ...args]]) => ({
    name,
    work: async () => {
      const { code, output } = await run(node, [join(root, script), ...args], { cwd: root, env: { ...env, ...environment }, timeoutMs });
      if (code === 0 && !output.includes(checkedNothing)) return onePassed;
      console.log(output.trimEnd());
      return oneFailed;
    },
  }));
}
