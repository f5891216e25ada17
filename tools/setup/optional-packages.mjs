/**
 * npm calls a package optional when it is for one platform only, leaves it out without a word and with exit code 0 when its download
 * fails, and writes no reason where we could read it. Several of ours are optional only in that sense: Node 24, sharp's binaries.
 */

/** What npm compares the `os`, `cpu`, `libc` and `engines` of a package with. */
export function thisMachine() {
  return { os: process.platform, cpu: process.arch, libc: libcOfThisMachine(), node: process.versions.node };
}

function libcOfThisMachine() {
  if (process.platform !== 'linux') return 'none';
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

/**
 * Paths of the optional packages that this machine needs and npm did not install.
 * @param {{packages: Record<string, object>}} lock package-lock.json
 * @param {{packages?: Record<string, object>}} installed npm's record of what it installed
 */
export function missingOptional(lock, installed, machine) {
  const needed = Object.entries(lock.packages).filter(([, wanted]) => wanted.optional === true && isNeeded(wanted, machine));
  return needed.map(([path]) => path).filter((path) => !installed.packages?.[path]);
}

/**
 * Whether an optional package must be there: it names a platform, and that is this one. One that names none is no binary of ours; it may
 * also belong to another platform's package (`@img/sharp-wasm32` to that of FreeBSD), which the entry itself does not tell.
 */
export function isNeeded(wanted, machine) {
  const namesPlatform = Boolean(wanted.os || wanted.cpu);
  return namesPlatform && fits(wanted, machine);
}

/** Whether npm would install this package here. */
export function fits({ os, cpu, libc, engines }, machine) {
  const onPlatform = isListed(os, machine.os) && isListed(cpu, machine.cpu) && isListed(libc, machine.libc);
  return onPlatform && accepts(engines?.node, machine.node);
}

/** npm's rule: `linux`, `["linux", "darwin"]` or `["!win32"]`; no list means anything. */
function isListed(list, value) {
  const names = [list ?? 'any'].flat();
  if (names.includes(`!${value}`)) return false;
  return names.some((name) => name === value || name === 'any') || names.every((name) => name.startsWith('!'));
}

/**
 * Whether a range of the forms `>=20.9.0` and `^20.19.0 || >=22.12.0` takes this version: all that platform packages use. npm silently
 * leaves out an optional package that does not. Any other form counts as accepted, for then a package that is missing gets noticed.
 */
function accepts(range, version) {
  const alternatives = (range ?? '*').split('||').map((text) => /^\s*(\^|>=)\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?\s*$/.exec(text));
  const actual = version.split('.').map((part) => Number.parseInt(part, 10)); // `25.0.0-nightly` as well;
  return alternatives.some((match) => {
    if (!match) return true;
    const least = match.slice(2).map((part) => Number(part ?? 0));
    return compare(actual, least) >= 0 && (match[1] === '>=' || actual[0] === least[0]);
  });
}

function compare(a, b) {
  const differs = a.findIndex((part, index) => part !== b[index]);
  return differs === -1 ? 0 : a[differs] - b[differs];
}
