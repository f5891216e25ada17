import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.js';
import type { Environment } from './config.js';

const TIMEOUT_MS = 30_000;
/** Debian's and Red Hat's places of the machine's certificate authorities. */
const certificateFiles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];
/** Where the Dockerfile's steps find them. */
const certificatesInBuild = '/run/secrets/certificates';
/** Of the host's npm: where to download from and as whom. Paths of the host mean nothing in a build. */
const npmSettings =
  /^\s*(registry|@[^:]+:registry|\/\/[^=]*|proxy|https-proxy|noproxy|strict-ssl|fetch-[a-z-]+|omit-lockfile-registry-resolved|replace-registry-host)\s*=/;
const pipSettings = ['index-url', 'extra-index-url', 'trusted-host', 'timeout'];

/**
 * What programs on this machine need to reach registries, written into `folder` for the build's secrets, so that none of it gets into an
 * image: npm's and pip's registries, apt's proxies, the certificate authorities.
 * @returns arguments for `buildah build`
 */
export async function secretsOfHost(folder: string, env: Environment): Promise<readonly string[]> {
  const certificates = certificatesOf(env);
  const files: Readonly<Record<string, string>> = {
    npmrc: await npmrc(env),
    'pip-conf': await pipConf(env, certificates !== undefined),
    'apt-conf': await aptConf(env, certificates !== undefined),
  };
  const secrets: string[] = [];
  for (const [id, content] of Object.entries(files)) {
    await writeFile(join(folder, id), content, { mode: 0o600 });
    secrets.push('--secret', `id=${id},src=${join(folder, id)}`);
  }
  if (certificates !== undefined) secrets.push('--secret', `id=certificates,src=${certificates}`);
  return secrets;
}

function certificatesOf(env: Environment): string | undefined {
  const named = [env['NODE_EXTRA_CA_CERTS'], env['SSL_CERT_FILE'], ...certificateFiles];
  return named.find((path) => path !== undefined && path !== '' && existsSync(path));
}

/** The lines of the user's and the machine's npmrc that say where to download from, then what the environment says, which wins. */
async function npmrc(env: Environment): Promise<string> {
  const { stdout } = await printed(['npm', 'config', 'get', 'globalconfig', 'userconfig'], env);
  const paths = stdout.split('\n').map((line) => line.replace(/^(globalconfig|userconfig)=/, '').trim());
  const texts = await Promise.all(paths.filter(Boolean).map((path) => readFile(path, 'utf8').catch(() => '')));
  const registry = env['npm_config_registry'] ?? env['NPM_CONFIG_REGISTRY'];
  return npmrcLines(texts, env)
    .concat(registry === undefined ? [] : [`registry=${registry}`], '')
    .join('\n');
}

export function npmrcLines(texts: readonly string[], env: Environment): readonly string[] {
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => npmSettings.test(line))
    .map((line) => line.replace(/\$\{([^}]+)\}/g, (whole, name: string) => env[name] ?? whole));
}

async function pipConf(env: Environment, withCertificates: boolean): Promise<string> {
  const { stdout } = await printed(['python3', '-m', 'pip', 'config', 'list'], env);
  const lines = pipLines(stdout, env);
  return ['[global]', ...lines, ...(withCertificates ? [`cert = ${certificatesInBuild}`] : []), ''].join('\n');
}

/** @param listed lines such as `global.index-url='https://…'` */
export function pipLines(listed: string, env: Environment): readonly string[] {
  return pipSettings.flatMap((name) => {
    const fromFile = new RegExp(`^(?:global|install|download)\\.${name}='(.*)'$`, 'm').exec(listed)?.[1];
    const value = env[`PIP_${name.toUpperCase().replaceAll('-', '_')}`] ?? fromFile;
    return value === undefined || value === '' ? [] : [`${name} = ${value}`];
  });
}

async function aptConf(env: Environment, withCertificates: boolean): Promise<string> {
  const { stdout } = await printed(['apt-config', 'dump'], env);
  const proxies = stdout.split('\n').filter((line) => /^Acquire::(http|https)::(Proxy|Timeout)(::\S+)? /i.test(line));
  return [...proxies, 'Acquire::Retries "3";', ...(withCertificates ? [`Acquire::https::CAInfo "${certificatesInBuild}";`] : []), ''].join(
    '\n',
  );
}

/** What a program says, or nothing where there is no such program. */
async function printed(command: readonly string[], env: Environment): Promise<{ readonly stdout: string }> {
  return runCommand(command, { env, timeoutMs: TIMEOUT_MS }).catch(() => ({ stdout: '' }));
}
