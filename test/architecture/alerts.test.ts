import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { firingAlerts, type FiringAlert } from '../support/alert-rules.js';
import {
  appearing,
  counter,
  gauge,
  gone,
  growing,
  ofOperator,
  ofReplica,
  pods,
  recognition,
  WELL,
  wellWorld,
} from '../support/alert-world.js';
import { checkout } from '../support/documents.js';
import { serversOrReason } from '../support/servers.js';

const rules = join(checkout, 'charts/facehash/files/alerts.yaml');
const binaries = await serversOrReason(['prometheus-alerts']);

interface Case {
  readonly alert: string;
  readonly when: string;
  readonly series: Readonly<Record<string, string>>;
  /** Minutes since it happened: it fires at the second, and not yet at the first. */
  readonly at: readonly [silent: number, fires: number];
}

const both = (series: (i: 'i1' | 'i2') => string, values: string) => ({ [series('i1')]: values, [series('i2')]: values });
const leader = (metric: string, more?: string): string => ofOperator(metric, 'o1', more);
const http = 'facehash_http_request_duration_seconds';
const stalled = (reason: string) => leader('facehash_models_stalled', `reason="${reason}"`);
const runs = (outcome: string) => leader('facehash_training_run_duration_seconds_count', `outcome="${outcome}"`);
const vision = (i: 'i1' | 'i2') => ofReplica('facehash_readiness', i, 'condition="vision"');
const readiness = Object.keys(wellWorld).filter((series) => series.startsWith('facehash_readiness'));
const inferenceGone = Object.fromEntries(readiness.map((one) => [one, gone]));
const operatorGone = Object.fromEntries((['o1', 'o2'] as const).map((o) => [ofOperator('facehash_training_runs_max', o), gone]));
const anotherRelease = {
  'facehash_readiness{namespace="other",job="inference",instance="i1",condition="accepting"}': gauge(1, 1),
  'facehash_training_runs_max{namespace="other",job="operator",instance="o1"}': gauge(2, 2),
};
const queue = (le: string) => leader('workqueue_queue_duration_seconds_bucket', `name="facemodel",controller="facemodel",le="${le}"`);
const failing = ofReplica(`${http}_count`, 'i1', 'method="GET",route="/v1/people",status="500"');
/** One a minute and replica. */
const fewRequests = both((i) => ofReplica(`${http}_count`, i, recognition), counter(1, 1));
const restarts = `kube_pod_container_status_restarts_total{${pods}}`;
const deployment = 'namespace="faces",deployment="facehash-inference"';
const autoscaler = 'namespace="faces",horizontalpodautoscaler="facehash-inference"';

const cases: readonly Case[] = [
  { alert: 'FaceHashInferenceAbsent', when: 'nothing of inference is scraped', series: inferenceGone, at: [4, 7] },
  {
    alert: 'FaceHashInferenceAbsent',
    when: 'what models share is gone, and a pod of one model alone is not',
    series: {
      ...inferenceGone,
      'facehash_readiness{namespace="faces",job="default/stadium",instance="d1",serving="Dedicated"}': gauge(1, 1),
    },
    at: [4, 7],
  },
  {
    alert: 'FaceHashInferenceAbsent',
    when: 'that of one release of two is gone',
    series: { ...inferenceGone, ...anotherRelease },
    at: [4, 7],
  },
  { alert: 'FaceHashNobodyAnswers', when: 'no replica has its vision', series: both(vision, gauge(1, 0)), at: [1, 4] },
  { alert: 'FaceHashReplicasNotReady', when: 'one of two replicas has no vision', series: { [vision('i2')]: gauge(1, 0) }, at: [14, 17] },
  { alert: 'FaceHashErrorsBurnFast', when: 'a request of thirteen fails', series: { [failing]: counter(0, 100) }, at: [3, 18] },
  {
    alert: 'FaceHashErrorsBurnFast',
    when: 'half of very few requests fail',
    series: { ...fewRequests, [failing]: counter(0, 1) },
    at: [9, 20],
  },
  { alert: 'FaceHashErrorsBurnSlowly', when: 'a request of eighty fails', series: { [failing]: counter(0, 15) }, at: [60, 100] },
  {
    alert: 'FaceHashRecognitionSlow',
    when: 'a tenth of all takes longer than 1.28 s',
    series: Object.fromEntries(
      ['0.64', '1.28'].map((le) => [ofReplica(`${http}_bucket`, 'i1', `${recognition},le="${le}"`), counter(600, 540)]),
    ),
    at: [8, 16],
  },
  {
    alert: 'FaceHashRefusesPictures',
    when: 'a picture of twenty is refused',
    series: { [ofReplica('facehash_vision_refused_total', 'i1', 'lane="recognition",reason="full"')]: counter(0, 60) },
    at: [3, 9],
  },
  {
    alert: 'FaceHashVisionWorkersCrash',
    when: 'a worker crashes each minute',
    series: { [ofReplica('facehash_vision_worker_restarts_total', 'i1', 'reason="crash"')]: counter(0, 1) },
    at: [2, 7],
  },
  {
    alert: 'FaceHashEventLoopLags',
    when: 'a replica is half a second late',
    series: { [ofReplica('nodejs_eventloop_lag_p99_seconds', 'i1')]: gauge(0.011, 0.5) },
    at: [9, 12],
  },
  {
    alert: 'FaceHashErasureNotMasked',
    when: 'an erasure is not masked',
    series: { [ofReplica('facehash_erasures_open', 'i1', 'state="masking"')]: gauge(0, 1) },
    at: [14, 17],
  },
  {
    alert: 'FaceHashErasureHangs',
    when: 'an erasure grows old',
    series: both((i) => ofReplica('facehash_erasure_oldest_seconds', i), growing(0, 60)),
    at: [33, 38],
  },
  {
    alert: 'FaceHashStoreAway',
    when: 'no replica reaches S3',
    series: both((i) => ofReplica('facehash_store_reachable', i, 'store="s3"'), gauge(1, 0)),
    at: [2, 5],
  },
  {
    alert: 'FaceHashStoreAwayForSome',
    when: 'one replica does not reach S3',
    series: { [ofReplica('facehash_store_reachable', 'i1', 'store="s3"')]: gauge(1, 0) },
    at: [9, 12],
  },
  {
    alert: 'FaceHashOperatorAbsent',
    when: 'no operator is scraped',
    series: operatorGone,
    at: [9, 12],
  },
  {
    alert: 'FaceHashOperatorAbsent',
    when: 'that of one release of two is gone',
    series: { ...operatorGone, ...anotherRelease },
    at: [9, 12],
  },
  {
    alert: 'FaceHashNobodyLeads',
    when: 'the leader is none, and no other one is',
    series: { [leader('leader_election_master_status', 'name="facehash-operator"')]: gauge(1, 0) },
    at: [1, 4],
  },
  {
    alert: 'FaceHashTwoLead',
    when: 'the other operator leads, too',
    series: { [ofOperator('leader_election_master_status', 'o2', 'name="facehash-operator"')]: gauge(0, 1) },
    at: [1, 4],
  },
  {
    alert: 'FaceHashCachesStale',
    when: 'a cache grows old',
    series: { [leader('watch_cache_staleness_seconds', 'resource="facemodels"')]: growing(5, 60) },
    at: [8, 12],
  },
  {
    alert: 'FaceHashReconcileErrors',
    when: 'a quarter of the looks fails',
    series: { [leader('controller_runtime_reconcile_errors_total', 'controller="facemodel"')]: counter(0, 30) },
    at: [13, 22],
  },
  {
    alert: 'FaceHashTerminalErrors',
    when: 'a FaceModel is given up, the first since the operator started',
    series: { [leader('controller_runtime_terminal_reconcile_errors_total', 'controller="facemodel"')]: appearing(1) },
    at: [-1, 2],
  },
  {
    alert: 'FaceHashQueueSlow',
    when: 'half of the FaceModels wait for more than ten seconds',
    series: Object.fromEntries(['1', '10'].map((le) => [queue(le), counter(60, 30)])),
    at: [13, 22],
  },
  {
    alert: 'FaceHashApiServerRefuses',
    when: 'the API server forbids six calls a minute',
    series: { [leader('rest_client_requests_total', 'code="403",method="POST"')]: counter(0, 6) },
    at: [13, 19],
  },
  { alert: 'FaceHashModelsStalled', when: 'training of a model fails', series: { [stalled('TrainingFailed')]: gauge(0, 1) }, at: [29, 32] },
  { alert: 'FaceHashVersionsRefused', when: 'the gate refuses versions', series: { [stalled('GateRefused')]: gauge(0, 2) }, at: [59, 62] },
  {
    alert: 'FaceHashTrainingFails',
    when: 'runs only fail',
    series: { [runs('trained')]: counter(1, 0), [runs('failed')]: counter(0, 1) },
    at: [25, 55],
  },
  {
    alert: 'FaceHashTrainingWaits',
    when: 'a run waits for its turn',
    series: { [leader('facehash_training_wait_seconds')]: growing(0, 60) },
    at: [33, 38],
  },
  {
    alert: 'FaceHashTrainingParked',
    when: 'a run waits for a GPU',
    series: { [leader('facehash_training_runs', 'state="parked"')]: gauge(0, 1) },
    at: [59, 62],
  },
  {
    alert: 'FaceHashRolloutsTakenBack',
    when: 'a version is taken back',
    series: { [leader('facehash_version_changes_total', 'change="taken_back"')]: gauge(0, 1) },
    at: [-1, 2],
  },
  {
    alert: 'FaceHashDeletionHangs',
    when: 'a deleted model stays',
    series: { [leader('facehash_models', 'phase="Deleting"')]: gauge(0, 1) },
    at: [29, 32],
  },
  {
    alert: 'FaceHashPodsMissing',
    when: 'a Deployment has one pod of two',
    series: { [`kube_deployment_status_replicas_available{${deployment}}`]: gauge(2, 1) },
    at: [14, 17],
  },
  { alert: 'FaceHashPodsRestart', when: 'a container is restarted each minute', series: { [restarts]: counter(0, 1) }, at: [2, 8] },
  {
    alert: 'FaceHashPodsOutOfMemory',
    when: 'a container is killed for its memory',
    series: { [restarts]: gauge(0, 1), [`kube_pod_container_status_last_terminated_reason{${pods},reason="OOMKilled"}`]: gauge(0, 1) },
    at: [-1, 3],
  },
  {
    alert: 'FaceHashAutoscalerAtMaximum',
    when: 'all replicas are there that may be',
    series: { [`kube_horizontalpodautoscaler_status_current_replicas{${autoscaler}}`]: gauge(2, 10) },
    at: [29, 32],
  },
];

/** What nobody is to be woken for. */
const silent: readonly Omit<Case, 'alert'>[] = [
  { when: 'two of few requests fail', series: { ...fewRequests, [failing]: gauge(0, 2) }, at: [4, 30] },
  {
    when: 'a program on one machine has no operator',
    series: { 'facehash_readiness{namespace="edge",job="camera",instance="e1",condition="accepting"}': gauge(1, 1) },
    at: [15, 60],
  },
];

describe('the alerts, by the engine of Prometheus', () => {
  if (typeof binaries === 'string') it.skip(`are not tried: ${binaries}`, () => undefined);
  else onPrometheus(binaries['prometheus-alerts'] ?? '');
});

function onPrometheus(program: string): void {
  let fired: readonly (readonly (readonly FiringAlert[])[])[] = [];
  /** Rules look at the last five minutes and longer; alerts are pending for the first time a little before anything happens. */
  const from = WELL - 5;

  beforeAll(async () => {
    const situations = [...cases, ...silent].map(({ series, at }) => ({
      series: { ...wellWorld, ...series },
      at: at.map((minute) => WELL + minute),
    }));
    fired = await firingAlerts(program, { rules, from }, [...situations, { series: wellWorld, at: [WELL + 110] }]);
  });

  it('are silent while all is well, whatever others in the same Prometheus do', () => {
    expect(fired.at(-1)).toEqual([[]]);
  });

  it.each(cases.map((one, index) => ({ ...one, index })))('$alert fires when $when, and no other one does', ({ alert, index }) => {
    const [before, after] = fired[index] ?? [];
    expect(before?.map((one) => one.alert)).toEqual([]);
    expect(new Set(after?.map((one) => one.alert))).toEqual(new Set([alert]));
  });

  it.each(silent.map((one, index) => ({ ...one, index })))('are silent while $when', ({ index }) => {
    expect(fired[cases.length + index]).toEqual([[], []]);
  });

  it('say what is, in whole sentences', () => {
    for (const { annotations } of fired.flat(2)) {
      expect(annotations['description']).toMatch(/^[^{}]+\.$/);
      expect(annotations['description']).not.toMatch(/no value|error|%!/i);
    }
  });

  it('are all tried', async () => {
    const { groups } = parse(await readFile(rules, 'utf8')) as {
      readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
    };
    expect([...new Set(cases.map(({ alert }) => alert))].sort()).toEqual(
      groups.flatMap((group) => group.rules.map(({ alert }) => alert)).sort(),
    );
  });
}
