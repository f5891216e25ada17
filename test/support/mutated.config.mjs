import { fileURLToPath } from 'node:url';
import unitTests from '../../jest.config.mjs';

const [[pattern, [, swc]]] = Object.entries(unitTests.transform);
const mutation = JSON.parse(process.env.FACEHASH_TEST_MUTATION ?? 'null');
const mutating = { [pattern]: [fileURLToPath(new URL('mutating-transform.cjs', import.meta.url)), { swc, ...mutation }] };

/** The unit tests, with the change of one source that `mutations.ts` names in the environment. @public Jest is told its path. */
export default {
  ...unitTests,
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  ...(mutation === null ? {} : { transform: mutating }),
};
