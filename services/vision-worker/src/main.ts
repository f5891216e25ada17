import { prepareDecoder } from '@facehash/vision-decode';
import { bundledCascadePath, openHaar } from '@facehash/vision-haar';
import { openNetworks } from '@facehash/vision-onnx';
import { serveAnalyser } from '@facehash/vision-workers';
import { loadConfig } from './config.js';
import { pipelineOf } from './pipeline.js';

const config = loadConfig(process.env);
prepareDecoder();
// The pool runs a process for each CPU.
const networks = await openNetworks(config.networksDir, { threads: 1 });
const haar = await openHaar({ adapter: 'auto', cascadePath: bundledCascadePath() });
const { nativeFailure } = haar;
const why = nativeFailure instanceof Error ? { nativeFailure: nativeFailure.message } : {};
serveAnalyser(pipelineOf({ haar: haar.detector, ...networks }), { haar: haar.adapter, ...why });
