export { apiKeyHash, isApiKey, newApiKey } from './api-key.js';
export { applyFaceModel, createFaceModel, newUid, rotateApiKey, type Applied, type ApplyParts, type OwnerKeys } from './owner-keys.js';
export {
  storageIdOf,
  validApiKeyHashes,
  type ApplyOutcome,
  type DeletedFaceModel,
  type FaceModelRepository,
  type NewIdentity,
  type StoredFaceModel,
} from './repository.js';
export { changeProblems } from './changes.js';
export { kubernetesStatusOf, parseKubernetesStatus, type KubernetesFacts, type ParsedStatus } from './kubernetes-status.js';
export { type KubernetesStatus } from './kubernetes-status-schema.js';
export { parseManifestForOneMachine } from './one-machine.js';
export { dedicatedReplicas } from './serving-spec.js';
export {
  API_VERSION,
  faceModelSpec,
  KIND,
  parseManifest,
  type FaceModelManifest,
  type FaceModelSpec,
  type Hyperparameters,
  type Parsed,
  type Problem,
  type TrainingSpec,
} from './schema.js';
export {
  phases,
  reasons,
  type Activation,
  type Condition,
  type ConditionType,
  type FaceModelStatus,
  type Phase,
  type QuarantinedPerson,
  type Swept,
  type Reason,
  type Rollout,
  type TrainingFailure,
  type TrainingStage,
  type VersionSummary,
} from './status.js';
