import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { artifacts } from '../../packaging/manifest.js';

/** A registry on this machine that has the packages with addons, as they would be on npm's once they are published. */
export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

interface Described {
  readonly name: string;
  readonly version: string;
}

/** Serves what lies in artifacts: descriptions by name, and tarballs. */
export async function startRegistry(): Promise<Registry> {
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(url).slice(1);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (path.endsWith('.tgz') && existsSync(join(artifacts, path))) {
      createReadStream(join(artifacts, path))
        .on('error', () => response.destroy())
        .pipe(response);
      return;
    }
    const described = descriptionOf(path, origin);
    response.writeHead(described === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(described ?? { error: 'there is no such package' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/**
 * What a registry tells of a package: its only version, with package.json and where the tarball lies. Those of targets that were not
 * built are there too, as in a release: package managers read of them, and leave them out.
 */
function descriptionOf(name: string, origin: string): object | undefined {
  const folder = readdirSync(join(artifacts, 'npm')).find((each) => manifestIn(each).name === name);
  if (folder === undefined) return undefined;
  const manifest = manifestIn(folder);
  const file = `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
  const path = join(artifacts, file);
  const hash = createHash('sha512').update(existsSync(path) ? readFileSync(path) : '');
  const dist = { tarball: `${origin}/${file}`, integrity: `sha512-${hash.digest('base64')}` };
  const versions = { [manifest.version]: { ...manifest, dist } };
  return { name, 'dist-tags': { latest: manifest.version }, versions };
}

const manifestIn = (folder: string): Described =>
  JSON.parse(readFileSync(join(artifacts, 'npm', folder, 'package.json'), 'utf8'));
