import { readFile, writeFile } from 'node:fs/promises';
import { permissionsOf, roles } from '@facehash/messaging-nats';
import { stringify } from 'yaml';

const file = new URL('../../charts/facehash/files/nats-roles.yaml', import.meta.url);
const HEAD = '# Generated from libs/messaging/nats: UPDATE_CHART=1 and test/chart/generated.test.ts write it.\n';

it('what each role may do on the NATS that the chart brings is what the messaging says', async () => {
  const generated = HEAD + stringify(Object.fromEntries(roles.map((role) => [role, permissionsOf(role)])), { lineWidth: 0 });
  if (process.env['UPDATE_CHART'] === '1') await writeFile(file, generated);
  expect(await readFile(file, 'utf8')).toBe(generated);
});
