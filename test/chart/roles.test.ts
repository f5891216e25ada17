import { operatorRules, type Rule } from '../support/operator-rules.js';
import { NAMESPACE, noHelm, render, type Values } from './support/helm.js';
import { named, ofKind, type Manifest } from './support/manifests.js';
import { renderedSet, setNames, valueSets, type SetName } from './support/value-sets.js';

/** Of which test/operator/rbac.test.ts says that the operator needs each. */
const needed = await operatorRules();
const restartsOnly: readonly Rule[] = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch', 'patch'] }];
const ACCOUNT = 'facehash-operator';

describe('the rights that the chart gives', () => {
  if (noHelm !== undefined) it.skip(`are not looked at: ${noHelm}`, () => undefined);
  else given();
});

function given(): void {
  it.each<[mode: string, values: Values, rights: Readonly<Record<string, readonly Rule[]>>]>([
    [
      'of every namespace, with pods of models’ own',
      valueSets.external,
      { '*': [...needed.models, ...needed.cluster], [NAMESPACE]: [...needed.platform, ...needed.workloads] },
    ],
    [
      'of one namespace',
      { ...valueSets.external, operator: { watchNamespace: 'faces' } },
      { faces: needed.models, [NAMESPACE]: [...needed.platform, ...needed.workloads] },
    ],
    [
      'whose own namespace is the one',
      { ...valueSets.external, operator: { watchNamespace: NAMESPACE } },
      { [NAMESPACE]: [...needed.platform, ...needed.workloads, ...needed.models] },
    ],
    [
      'with restarts of the shared pods alone',
      { ...valueSets.external, dedicated: { enabled: false } },
      { '*': [...needed.models, ...needed.cluster], [NAMESPACE]: [...needed.platform, ...restartsOnly] },
    ],
    [
      'with neither',
      { ...valueSets.external, dedicated: { enabled: false }, inference: { restartPods: false } },
      { '*': [...needed.models, ...needed.cluster], [NAMESPACE]: needed.platform },
    ],
  ])('are, to an operator %s, what it needs and nothing more', async (_, values, rights) => {
    const expected = Object.entries(rights).flatMap(([place, rules]) => said(place, rules));
    expect(rightsOf(await render(values), ACCOUNT)).toEqual([...new Set(expected)].sort());
  });

  it('are for the lease that this release has, and for no other', async () => {
    const rules = rightsOf(await render(valueSets.external, { release: 'other' }), 'other-facehash-operator');
    expect(rules.filter((rule) => rule.includes('leases'))).toEqual([
      'platform: create coordination.k8s.io/leases',
      'platform: get coordination.k8s.io/leases other-facehash-operator',
      'platform: update coordination.k8s.io/leases other-facehash-operator',
    ]);
  });

  it.each(setNames)('name everything, and nothing by a wildcard: %s', async (name) => {
    const objects = await renderedSet(name);
    const rules = [...ofKind(objects, 'Role'), ...ofKind(objects, 'ClusterRole')].flatMap(rulesOf);
    const words = rules.flatMap(({ apiGroups, resources, resourceNames = [], verbs }) => [
      ...apiGroups,
      ...resources,
      ...resourceNames,
      ...verbs,
    ]);
    expect(words.filter((word) => word.includes('*'))).toEqual([]);
    expect(
      rules.flatMap(({ verbs }) => verbs).filter((verb) => ['escalate', 'bind', 'impersonate', 'deletecollection'].includes(verb)),
    ).toEqual(
      // Of people, to whom FaceModels belong.
      objects.some(({ metadata }) => metadata.name.endsWith(':edit')) ? ['deletecollection'] : [],
    );
  });

  it.each(setNames)('are nobody’s but the operator’s: %s', async (name) => {
    const objects = await renderedSet(name);
    const bindings = [...ofKind(objects, 'RoleBinding'), ...ofKind(objects, 'ClusterRoleBinding')];
    const accounts = bindings.flatMap(({ subjects }) =>
      (subjects as readonly { name: string; namespace: string }[]).map((each) => `${each.namespace}/${each.name}`),
    );
    const named: Readonly<Partial<Record<SetName, string>>> = { everything: 'operator-account', least: 'given-operator' };
    expect([...new Set(accounts)]).toEqual([`${NAMESPACE}/${named[name] ?? ACCOUNT}`]);
  });

  it('let who may edit a namespace edit its FaceModels, and who may look look', async () => {
    const objects = await renderedSet('external');
    const [edit, view] = ['edit', 'view'].map((role) => named(objects, 'ClusterRole', `${NAMESPACE}:facehash:${role}`));
    expect(said('*', edit ? rulesOf(edit) : [])).toEqual(
      ['create', 'update', 'patch', 'delete', 'deletecollection'].map((verb) => `*: ${verb} facehash.dev/facemodels`),
    );
    expect(said('*', view ? rulesOf(view) : [])).toEqual(['get', 'list', 'watch'].map((verb) => `*: ${verb} facehash.dev/facemodels`));
    expect(Object.keys(edit?.metadata.labels ?? {})).not.toContain('rbac.authorization.k8s.io/aggregate-to-view');
    expect(view?.metadata.labels).toMatchObject({ 'rbac.authorization.k8s.io/aggregate-to-view': 'true' });
  });

  it('are asked for nowhere but in two namespaces, where somebody else installs the resource definition', async () => {
    const objects = await render({ ...valueSets.external, crds: { install: false }, operator: { watchNamespace: 'faces' } });
    expect(objects.filter(({ metadata }) => metadata.namespace === undefined)).toEqual([]);
    expect([...new Set(objects.map(({ metadata }) => metadata.namespace))].sort()).toEqual(['faces', NAMESPACE]);
  });
}

/** Of an account, wherever it has them. */
function rightsOf(objects: readonly Manifest[], account: string): readonly string[] {
  const bindings = [...ofKind(objects, 'RoleBinding'), ...ofKind(objects, 'ClusterRoleBinding')];
  const rights = bindings
    .filter(({ subjects }) => (subjects as readonly { kind: string; name: string }[]).some(({ name }) => name === account))
    .flatMap(({ metadata, roleRef }) => {
      const { kind, name } = roleRef as { readonly kind: string; readonly name: string };
      const role = ofKind(objects, kind).find((each) => each.metadata.name === name && each.metadata.namespace === metadata.namespace);
      if (!role) throw new Error(`there is no ${kind} ${name} in ${metadata.namespace ?? 'the cluster'}`);
      return said(metadata.namespace ?? '*', rulesOf(role));
    });
  return [...new Set(rights)].sort();
}

function rulesOf(role: Manifest): readonly Rule[] {
  return role['rules'] as readonly Rule[];
}

function said(place: string, rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.flatMap((name) =>
          verbs.map((verb) => `${place}: ${verb} ${group === '' ? '' : `${group}/`}${resource} ${name}`.trim()),
        ),
      ),
    ),
  );
}
