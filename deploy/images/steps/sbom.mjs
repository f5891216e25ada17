import { readFileSync } from 'node:fs';

/** A CycloneDX bill of materials of what an image holds: npm's packages here, Debian's from the record of the image's own dpkg. */
export function bomOf({ packages }, places, root) {
  const { name, version } = packages[root];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': name, name, version } },
    components: places
      .filter((place) => place.includes('node_modules/') && !packages[place].link)
      .map((place) => npmComponent(place, packages[place])),
  };
}

function npmComponent(place, { name: alias, version, license, integrity }) {
  const name = alias ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': place,
    name,
    version,
    purl,
    ...(license && { licenses: [{ expression: license }] }),
    ...(integrity?.startsWith('sha512-') && {
      hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }],
    }),
  };
}

/** @param {string} statusPath dpkg's record of what is installed, `/var/lib/dpkg/status` of the image */
export function debianComponents(statusPath) {
  const stanzas = readFileSync(statusPath, 'utf8').split('\n\n');
  const fieldsOf = (stanza) => Object.fromEntries([...stanza.matchAll(/^([A-Za-z-]+): (.*)$/gm)].map(([, key, value]) => [key, value]));
  return stanzas
    .map(fieldsOf)
    .filter((fields) => fields.Status === 'install ok installed')
    .map(({ Package: name, Version: version, Architecture: architecture }) => ({
      type: 'library',
      'bom-ref': `deb:${name}`,
      name,
      version,
      purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
    }));
}
