import { prepareDecoder } from '@facehash/vision-decode';
import { bundledCascadePath, openHaar } from '@facehash/vision-haar';
import { openNetworks } from '@facehash/vision-onnx';
import { serveAnalyser, StageLog } from '@facehash/vision-workers';
import { loadConfig } from './config.js';
import { pipelineOf } from './pipeline.js';
import { timedParts } from './timed-parts.js';
import { warmUp } from './warm-up.js';

const config = loadConfig(process.env);
prepareDecoder();
// The pool runs a process for each CPU.
const networks = await openNetworks(config.networksDir, { threads: 1 });
const haar = await openHaar({ adapter: 'auto', cascadePath: bundledCascadePath() });
const parts = { haar: haar.detector, ...networks };
await warmUp(parts);
const { nativeFailure } = haar;
const why = nativeFailure instanceof Error ? { nativeFailure: nativeFailure.message } : {};
const stages = new StageLog();
serveAnalyser(pipelineOf(timedParts(parts, stages), stages), { facts: { haar: haar.adapter, ...why }, stages });
