import { parseMetrics, servedBetween, servedBy, sumOf, total } from './metrics.js';

const text = `# HELP apiserver_request_total Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="facemodels",subresource="status",verb="PATCH"} 3
apiserver_request_total{code="200",resource="facemodels",subresource="",verb="APPLY"} 2
apiserver_request_total{code="200",resource="facemodels",subresource="",verb="LIST"} 20
apiserver_request_total{code="404",resource="secrets",subresource="",verb="GET"} 4
apiserver_request_total{code="201",resource="leases",subresource="",verb="POST"} 9
up 1
wait_seconds_bucket{le="+Inf"} 1e+03
`;

describe('metrics in text', () => {
  const samples = parseMetrics(text);

  it('are read with their labels, and comments are none', () => {
    expect(samples).toHaveLength(7);
    expect(sumOf(samples, 'up')).toBe(1);
    expect(sumOf(samples, 'wait_seconds_bucket', { le: '+Inf' })).toBe(1000);
    expect(sumOf(samples, 'apiserver_request_total', { resource: 'facemodels' })).toBe(25);
    expect(sumOf(samples, 'nothing')).toBe(0);
  });

  it('say which resources of ours were written and got: no lists, and no leases', () => {
    const { writes, reads } = servedBy(samples);
    expect(writes).toEqual({ facemodels: 5, jobs: 0, secrets: 0, events: 0 });
    expect(reads).toEqual({ facemodels: 0, jobs: 0, secrets: 4, events: 0 });
    expect(total(servedBetween(servedBy(samples), servedBy(samples)).writes)).toBe(0);
    expect(servedBetween(servedBy([]), servedBy(samples)).writes).toEqual(writes);
  });
});
