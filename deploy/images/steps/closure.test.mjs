import { closureOf } from './closure.mjs';

const lock = (packages) => ({ packages: { '': {}, ...packages } });

describe('what a program needs to run', () => {
  it('is its dependencies and theirs, by the place where Node finds them, and the packages of the repository behind links', () => {
    const { packages } = lock({
      'services/a': { dependencies: { '@own/b': '*', x: '1' } },
      'node_modules/@own/b': { link: true, resolved: 'libs/b' },
      'libs/b': { dependencies: { y: '1' } },
      'node_modules/x': { dependencies: { y: '2' } },
      'node_modules/x/node_modules/y': {},
      'node_modules/y': {},
      'node_modules/z': {},
    });
    expect(closureOf({ packages }, ['services/a'])).toEqual([
      'libs/b',
      'node_modules/@own/b',
      'node_modules/x',
      'node_modules/x/node_modules/y',
      'node_modules/y',
      'services/a',
    ]);
  });

  it('has no development dependencies, and optional and peer ones where they are installed', () => {
    const a = {
      devDependencies: { jest: '1' },
      optionalDependencies: { here: '1', gone: '1' },
      peerDependencies: { peer: '1', absent: '1' },
    };
    const packages = { a, 'node_modules/jest': {}, 'node_modules/here': {}, 'node_modules/peer': {} };
    expect(closureOf(lock(packages), ['a'])).toEqual(['a', 'node_modules/here', 'node_modules/peer']);
  });

  it('has the OpenCV addon without what only its build needs, and never the WebAssembly that would stand in for it', () => {
    const packages = {
      'libs/haar': { dependencies: { '@u4/opencv4nodejs': '1', '@techstark/opencv-js': '1' } },
      'node_modules/@u4/opencv4nodejs': { dependencies: { 'node-gyp': '1' } },
      'node_modules/@techstark/opencv-js': {},
      'node_modules/node-gyp': {},
    };
    expect(closureOf(lock(packages), ['libs/haar'])).toEqual(['libs/haar', 'node_modules/@u4/opencv4nodejs']);
    expect(closureOf(lock(packages), ['node_modules/@u4/opencv4nodejs'])).toContain('node_modules/node-gyp');
  });
});
