import { registerHooks } from 'node:module';

// Lets Node run our TypeScript as it stands (with --experimental-transform-types): `./x.js` in a source file means `./x.ts`.
registerHooks({
  resolve(specifier, context, next) {
    const fromSource = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
    return next(fromSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});
