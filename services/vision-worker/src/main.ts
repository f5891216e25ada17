import { prepareDecoder } from '@facehash/vision-decode';
import { bundledCascadePath, openHaar } from '@facehash/vision-haar';
import { openNetworks } from '@facehash/vision-onnx';
import { refuseToServe, serveAnalyser, StageLog } from '@facehash/vision-workers';
import { builtIn } from '@facehash/vision-core';
import { loadConfig, type WorkerConfig } from './config.js';
import { openDescriptors } from './descriptors.js';
import { pipelineOf } from './pipeline.js';
import { warmUp } from './warm-up.js';

/** The pool runs a process for each CPU. */
const threads = 1;

try {
  await serve(loadConfig(process.env));
} catch (error) {
  refuseToServe(error);
}

async function serve({ networksDir, own, current }: WorkerConfig): Promise<void> {
  prepareDecoder();
  const networks = await openNetworks(networksDir, { threads, descriptor: current === builtIn.id ? 'now' : 'later' });
  const descriptors = await openDescriptors(own, networks.descriptor, { threads });
  const haar = await openHaar({ adapter: 'auto', cascadePath: bundledCascadePath() });
  const parts = { haar: haar.detector, ...networks };
  await warmUp({ ...parts, descriptor: descriptors.get(current) ?? networks.descriptor });
  const { nativeFailure } = haar;
  const why = nativeFailure instanceof Error ? { nativeFailure: nativeFailure.message } : {};
  const stages = new StageLog();
  serveAnalyser(pipelineOf(parts, descriptors, stages), { facts: { haar: haar.adapter, ...why }, stages });
}
