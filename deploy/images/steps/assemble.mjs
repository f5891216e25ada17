import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { closureOf } from './closure.mjs';
import { isWanted } from './wanted-files.mjs';
import { bomOf, debianComponents } from './sbom.mjs';
import { withoutTimes } from './without-times.mjs';

// assemble.mjs INTO ROOT…: of the checkout in the working directory, what the roots need to run. INTO/packages holds what npm installed,
// which changes seldom, INTO/own what was compiled here.
const [into, ...roots] = process.argv.slice(2);
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const places = closureOf(lock, roots).filter((place) => existsSync(place));
const isOwn = (place) => !place.includes('node_modules/');
const steps = import.meta.dirname;

for (const place of places) {
  const target = join(into, isOwn(place) ? 'own' : 'packages', place);
  mkdirSync(dirname(target), { recursive: true });
  if (lstatSync(place).isSymbolicLink()) symlinkSync(readlinkSync(place), target);
  else copyPackage(place, target);
}

if (roots.some(isOwn)) {
  mkdirSync(join(into, 'data'), { mode: 0o700 });
  writeFileSync(join(into, 'own/package.json'), JSON.stringify({ name: 'facehash', type: 'module' }));
  const bom = bomOf(lock, places, roots[0]);
  bom.components.push(...debianComponents('/debian-packages'));
  writeFileSync(join(into, 'own/sbom.cdx.json'), JSON.stringify(bom, undefined, 1));
  cpSync(join(steps, 'in-image/health.mjs'), join(into, 'own/health.mjs'));
  if (places.includes('services/vision-worker')) cpSync(join(steps, 'in-image/native-detector.mjs'), join(into, 'own/native-detector.mjs'));
}
withoutTimes(into);

function copyPackage(place, target) {
  const whole = !roots.some(isOwn);
  cpSync(place, target, {
    recursive: true,
    filter: (from) => {
      const path = from.slice(place.length + 1);
      // Packages within packages are places of their own.
      return basename(from) !== 'node_modules' && (path === '' || lstatSync(from).isDirectory() || whole || isWanted(place, path));
    },
  });
}
