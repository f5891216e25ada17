import { isAtLeast, parseGoModule, parseGoVersion } from './go-module.js';

const text = `module facehash.test/servers/some

go 1.26.0

// Replaced: what follows is no requirement.
replace (
	k8s.io/api => k8s.io/api v0.36.3
)

tool k8s.io/kubernetes/cmd/kubectl

require sigs.k8s.io/yaml v1.6.0

require (
	cel.dev/expr v0.25.1 // indirect
	github.com/minio/minio v0.0.0-20260212201848-7aac2a2c5b7c // indirect
	github.com/coreos/go-oidc v2.5.0+incompatible // indirect
)
`;

describe('of a go.mod', () => {
  it('the oldest Go and the required versions are read, and replacements are not taken for them', () => {
    const { go, versions } = parseGoModule(text);
    expect(go).toBe('1.26.0');
    expect(Object.fromEntries(versions)).toEqual({
      'sigs.k8s.io/yaml': 'v1.6.0',
      'cel.dev/expr': 'v0.25.1',
      'github.com/minio/minio': 'v0.0.0-20260212201848-7aac2a2c5b7c',
      'github.com/coreos/go-oidc': 'v2.5.0+incompatible',
    });
  });

  it('without a go line nothing is read', () => expect(() => parseGoModule('module x\n')).toThrow('without a go line'));
});

describe('the version of Go', () => {
  it.each([
    ['go version go1.26.8 linux/amd64\n', '1.26.8'],
    ['go version go1.27 darwin/arm64', '1.27'],
    ['go version devel go1.28-abc', undefined],
    ['go: not found', undefined],
  ])('in "%s"', (output, version) => expect(parseGoVersion(output)).toBe(version));

  it.each([
    ['1.26.8', '1.26.0', true],
    ['1.26', '1.26.0', true],
    ['1.9', '1.26', false],
    ['1.25.9', '1.26.0', false],
    ['2.0', '1.26', true],
  ])('%s is at least %s: %s', (actual, least, expected) => expect(isAtLeast(actual, least)).toBe(expected));
});
