import { observedNode, offersAccelerator } from './cluster-nodes.js';

const node = (name: string, allocatable: Record<string, string>) => observedNode({ metadata: { name }, status: { allocatable } });

describe('the nodes of a cluster', () => {
  const nodes = [node('plain', { cpu: '4', memory: '8Gi' }), node('gpus', { cpu: '16', 'nvidia.com/gpu': '2' })];

  it.each([
    ['an accelerator that one of them has', 'nvidia.com/gpu', 2, true],
    ['more of it than any has', 'nvidia.com/gpu', 4, false],
    ['one that none has', 'nvidia.com/mig-1g.5gb', 1, false],
  ])('offer %s: %s × %d is %s', (_, resource, count, offered) => {
    expect(offersAccelerator(nodes, resource, count)).toBe(offered);
  });

  it('offer nothing before they have said what they have', () => {
    expect(offersAccelerator([observedNode({ metadata: { name: 'new' } })], 'nvidia.com/gpu', 1)).toBe(false);
  });
});
