/** Until this minute all is well; whatever happens to a series happens from the next one on. */
export const WELL = 70;
const AFTER = 120;

/** Was `well`, and is `since` then. */
export function gauge(well: number, since: number): string {
  return `${well}x${WELL} ${since}x${AFTER}`;
}

/** Was `well`, and grows by so much each minute then. */
export function growing(well: number, perMinute: number): string {
  return `${well}x${WELL} ${well + perMinute}+${perMinute}x${AFTER}`;
}

/** Of a counter: how much it grew each minute, and how much it grows then. */
export function counter(before: number, since: number): string {
  return `0+${before}x${WELL} ${before * WELL + since}+${since}x${AFTER}`;
}

/** Is no longer scraped. */
export const gone = `1x${WELL} stale _x${AFTER}`;

/** Is first scraped then: a counter whose first event makes it. */
export function appearing(value: number): string {
  return `_x${WELL} ${value}x${AFTER}`;
}

const still = (value: number): string => `${value}x${WELL + AFTER}`;
const steady = (perMinute: number): string => `0+${perMinute}x${WELL + AFTER}`;

/** `metric{labels of a replica or an operator, more}`. */
export function ofReplica(metric: string, instance: 'i1' | 'i2', more = ''): string {
  return `${metric}{namespace="faces",job="inference",instance="${instance}"${more && `,${more}`}}`;
}
export function ofOperator(metric: string, instance: 'o1' | 'o2', more = ''): string {
  return `${metric}{namespace="faces",job="operator",instance="${instance}"${more && `,${more}`}}`;
}

export const recognition = 'method="POST",route="/v1/recognize",status="200"';

function replica(i: 'i1' | 'i2'): Readonly<Record<string, string>> {
  const http = 'facehash_http_request_duration_seconds';
  return {
    ...Object.fromEntries(
      ['directory', 'vision', 'selfTest', 'accepting'].map((name) => [ofReplica('facehash_readiness', i, `condition="${name}"`), still(1)]),
    ),
    ...Object.fromEntries(['0.64', '1.28', '+Inf'].map((le) => [ofReplica(`${http}_bucket`, i, `${recognition},le="${le}"`), steady(600)])),
    ...Object.fromEntries(
      ['s3', 'mongodb', 'nats'].map((store) => [ofReplica('facehash_store_reachable', i, `store="${store}"`), still(1)]),
    ),
    [ofReplica(`${http}_count`, i, recognition)]: steady(600),
    // Of probes, which fail while a pod starts and are nobody's request.
    [ofReplica(`${http}_count`, i, 'method="GET",route="/health/ready",status="503"')]: steady(300),
    [ofReplica('facehash_vision_refused_total', i, 'lane="recognition",reason="full"')]: still(0),
    // That enrolment is refused at times is how it leaves room to recognition.
    [ofReplica('facehash_vision_refused_total', i, 'lane="enrolment",reason="late"')]: steady(60),
    [ofReplica('facehash_vision_queue_wait_seconds_count', i, 'lane="recognition"')]: steady(600),
    [ofReplica('facehash_vision_worker_restarts_total', i, 'reason="crash"')]: still(0),
    [ofReplica('facehash_vision_worker_restarts_total', i, 'reason="memory"')]: steady(1),
    [ofReplica('nodejs_eventloop_lag_p99_seconds', i)]: still(0.011),
    [ofReplica('facehash_erasures_open', i, 'state="masking"')]: still(0),
    [ofReplica('facehash_erasures_open', i, 'state="erasing"')]: still(0),
    [ofReplica('facehash_erasure_oldest_seconds', i)]: still(0),
  };
}

function operator(o: 'o1' | 'o2', leads: number): Readonly<Record<string, string>> {
  const of = (metric: string, more?: string): string => ofOperator(metric, o, more);
  return {
    [of('facehash_training_runs_max')]: still(2),
    [of('leader_election_master_status', 'name="facehash-operator"')]: still(leads),
    [of('watch_cache_staleness_seconds', 'resource="facemodels"')]: still(5),
    [of('controller_runtime_reconcile_total', 'controller="facemodel",result="success"')]: steady(60),
    [of('controller_runtime_reconcile_errors_total', 'controller="facemodel"')]: still(0),
    ...Object.fromEntries(
      ['1', '10', '100', '+Inf'].map((le) => [
        of('workqueue_queue_duration_seconds_bucket', `name="facemodel",controller="facemodel",le="${le}"`),
        steady(60),
      ]),
    ),
    // A conflict is somebody who was faster.
    [of('rest_client_requests_total', 'code="409",method="PATCH"')]: steady(5),
    [of('nodejs_eventloop_lag_p99_seconds')]: still(0.011),
    [of('facehash_store_reachable', 'store="s3"')]: still(1),
    [of('facehash_models', 'phase="Ready"')]: still(5),
    [of('facehash_models', 'phase="Deleting"')]: still(0),
    [of('facehash_models_stalled', 'reason="TrainingFailed"')]: still(0),
    [of('facehash_models_stalled', 'reason="GateRefused"')]: still(0),
    [of('facehash_training_run_duration_seconds_count', 'outcome="trained"')]: leads === 1 ? steady(1) : still(0),
    [of('facehash_training_run_duration_seconds_count', 'outcome="refused"')]: still(0),
    [of('facehash_training_run_duration_seconds_count', 'outcome="failed"')]: still(0),
    [of('facehash_training_wait_seconds')]: still(0),
    [of('facehash_training_runs', 'state="parked"')]: still(0),
    [of('facehash_version_changes_total', 'change="taken_back"')]: still(0),
  };
}

export const pods = 'namespace="faces",pod="facehash-inference-1",container="inference"';

const ofKubeStateMetrics: Readonly<Record<string, string>> = {
  'kube_deployment_spec_replicas{namespace="faces",deployment="facehash-inference"}': still(2),
  'kube_deployment_status_replicas_available{namespace="faces",deployment="facehash-inference"}': still(2),
  [`kube_pod_container_status_restarts_total{${pods}}`]: still(0),
  'kube_horizontalpodautoscaler_status_current_replicas{namespace="faces",horizontalpodautoscaler="facehash-inference"}': still(2),
  'kube_horizontalpodautoscaler_spec_max_replicas{namespace="faces",horizontalpodautoscaler="facehash-inference"}': still(10),
};

/** Other programs in the same Prometheus, which are as unwell as can be: none of it is ours. */
const others: Readonly<Record<string, string>> = {
  'nodejs_eventloop_lag_p99_seconds{namespace="shop",job="web",instance="x"}': still(9),
  'leader_election_master_status{namespace="certs",job="cert-manager",instance="x",name="cert-manager"}': still(1),
  'leader_election_master_status{namespace="faces",job="another",instance="y",name="another"}': still(1),
  'watch_cache_staleness_seconds{namespace="certs",job="cert-manager",instance="x",resource="pods"}': still(9999),
  'controller_runtime_reconcile_errors_total{namespace="certs",job="cert-manager",instance="x",controller="certificates"}': steady(60),
  'controller_runtime_reconcile_total{namespace="certs",job="cert-manager",instance="x",controller="certificates",result="error"}':
    steady(60),
  'controller_runtime_terminal_reconcile_errors_total{namespace="certs",job="cert-manager",instance="x",controller="certificates"}':
    steady(60),
  'rest_client_requests_total{namespace="certs",job="cert-manager",instance="x",code="500",method="GET"}': steady(600),
  'kube_deployment_spec_replicas{namespace="shop",deployment="web-inference"}': still(5),
  'kube_deployment_status_replicas_available{namespace="shop",deployment="web-inference"}': still(0),
  'kube_pod_container_status_restarts_total{namespace="shop",pod="web-1",container="operator"}': steady(1),
};

/** Two replicas, two operators, their stores, and others beside them: nothing is wrong with ours. */
export const wellWorld: Readonly<Record<string, string>> = {
  ...replica('i1'),
  ...replica('i2'),
  ...operator('o1', 1),
  ...operator('o2', 0),
  ...ofKubeStateMetrics,
  ...others,
};
