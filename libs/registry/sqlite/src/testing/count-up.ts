import { openSqliteRegistry } from '../index.js';

// Bumps the counter of a model as often as asked and prints what it was given.
const [file = '', storageId = '', times = '0'] = process.argv.slice(2);
const registry = openSqliteRegistry(file);
for (let i = 0; i < Number(times); i++) process.stdout.write(`${await registry.bumpCounter(storageId)}\n`);
await registry.close();
