import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

/** An image of one layer. */
export interface SmallImage {
  /** `localhost/facehash/pause:1` */
  readonly reference: string;
  readonly files: readonly { readonly path: string; readonly content: Buffer }[];
  /** From a path to what it points at. */
  readonly links?: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
}

/**
 * Images that are one static program each, in the format of `docker save`, which containerd and every other engine loads. The same input
 * gives the same bytes.
 */
export async function imageArchive(images: readonly SmallImage[]): Promise<Buffer> {
  const archive = pack();
  const manifest: object[] = [];
  for (const { reference, files, links = {}, entrypoint } of images) {
    const layer = await layerOf(files, links);
    const config = Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config: { Entrypoint: entrypoint, Env: ['PATH=/bin'] },
        rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      }),
    );
    const names = { config: `${sha256(config)}.json`, layer: `${sha256(layer)}.tar` };
    archive.entry({ name: names.config, ...plain }, config);
    archive.entry({ name: names.layer, ...plain }, layer);
    manifest.push({ Config: names.config, RepoTags: [reference], Layers: [names.layer] });
  }
  archive.entry({ name: 'manifest.json', ...plain }, JSON.stringify(manifest));
  archive.finalize();
  return buffer(archive);
}

const plain = { mtime: new Date(0), mode: 0o644 };

async function layerOf(files: SmallImage['files'], links: Readonly<Record<string, string>>): Promise<Buffer> {
  const layer = pack();
  for (const name of ['tmp', 'etc']) layer.entry({ ...plain, name, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755 });
  for (const { path, content } of files) layer.entry({ ...plain, name: path, mode: 0o755 }, content);
  for (const [path, target] of Object.entries(links)) layer.entry({ ...plain, name: path, type: 'symlink', linkname: target });
  layer.finalize();
  return buffer(layer);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
