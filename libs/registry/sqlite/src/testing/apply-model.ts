import { aManifest } from '@facehash/facemodel/testing';
import { openSqliteFaceModels } from '../index.js';

// What the command line does beside a running server.
const [file = '', name = '', uid = ''] = process.argv.slice(2);
const models = openSqliteFaceModels(file);
const { outcome, model } = await models.apply(aManifest(name), { uid, apiKeyHashes: [], now: new Date(0) });
process.stdout.write(`${outcome} ${model.uid}\n`);
await models.close();
