import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { tensorflow } from './setup/tensorflow.mjs';

// tensorflow.mjs INTO VARIANT: native TensorFlow as set-up builds it, for the CPU alone (`cpu`) or for NVIDIA's GPUs (`cuda`).
const [into, variant] = process.argv.slice(2);
const options = { root: join(import.meta.dirname, '..'), cacheDir: '/var/cache/facehash', variant, node: process.execPath };
const { directory, reason } = await tensorflow({ ...options, begins: console.log });
if (!directory) throw new Error(reason);
renameSync(directory, into);
