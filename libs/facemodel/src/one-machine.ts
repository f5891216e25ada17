import { parseManifest, type FaceModelSpec, type Parsed, type Problem } from './schema.js';

/** As `parseManifest`, but a manifest that only a cluster can do is refused: one machine would have to ignore what it says. */
export function parseManifestForOneMachine(value: unknown): Parsed {
  const parsed = parseManifest(value);
  if (!parsed.ok) return parsed;
  const problems = needsCluster.filter(({ asked }) => asked(parsed.manifest.spec)).map(({ path, message }) => ({ path, message }));
  return problems.length === 0 ? parsed : { ok: false, problems };
}

interface ClusterOnly extends Problem {
  readonly asked: (spec: FaceModelSpec) => boolean;
}

const needsCluster: readonly ClusterOnly[] = [
  {
    path: 'spec.serving.mode',
    message: 'Dedicated needs a cluster: on one machine one server answers for all models',
    asked: ({ serving }) => serving.mode === 'Dedicated',
  },
  {
    path: 'spec.serving.rollout.strategy',
    message: 'RestartPods needs a cluster: on one machine a version is taken over by HotSwap, without a restart',
    asked: ({ serving }) => serving.rollout.strategy === 'RestartPods',
  },
  {
    path: 'spec.training.profile',
    message: 'needs a cluster, whose admin keeps such profiles: on one machine leave it out',
    asked: ({ training }) => training.profile !== 'default',
  },
];
