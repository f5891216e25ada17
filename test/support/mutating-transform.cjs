const { createTransformer } = require('@swc/jest');

/** Compiles as the unit tests do, after it has changed one file. Its cache goes by what is compiled, so nothing changed outlasts a run. */
module.exports = {
  createTransformer({ swc, path, find, replace }) {
    const inner = createTransformer(swc);
    const changed = (source, file) => (file === path ? source.replace(find, () => replace) : source);
    return {
      canInstrument: inner.canInstrument,
      process: (source, file, options) => inner.process(changed(source, file), file, options),
      processAsync: (source, file, options) => inner.processAsync(changed(source, file), file, options),
      getCacheKey: (source, file, ...rest) => inner.getCacheKey(changed(source, file), file, ...rest),
    };
  },
};
